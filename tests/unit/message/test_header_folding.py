"""Header lines: where they are folded, what may stand in them."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import parse_address_list
from ssmtp_compat.message.headers import (
    address_pieces,
    check_field_name,
    check_field_value,
    fold,
    structured_pieces,
    unstructured_pieces,
)


def subject(text, limit=80, charset=""):
    return fold("Subject", unstructured_pieces("Subject", text, charset, limit), limit)


def to(text, limit=80, charset=""):
    return fold("To", address_pieces("To", parse_address_list(text, "SendTo"), charset, limit), limit)


def test_short_field_is_one_line():
    assert subject("Hello,  world") == b"Subject: Hello,  world\r\n"


def test_line_is_filled_to_the_limit_and_no_further():
    assert subject("aaaa bbbb cccc", limit=18) == b"Subject: aaaa bbbb\r\n cccc\r\n"
    assert subject("aaaa bbbb cccc", limit=17) == b"Subject: aaaa\r\n bbbb cccc\r\n"


def test_folding_keeps_runs_of_blanks_with_the_word_behind_them():
    assert subject("aaaa   bbbb \tcccc", limit=13) == b"Subject: aaaa\r\n   bbbb \tcccc\r\n"


def test_limit_of_zero_is_998_octets():
    assert subject("ab " * 300 + "c", limit=0).count(b"\r\n") == 1
    assert max(map(len, subject("ab " * 600 + "c", limit=0).split(b"\r\n"))) <= 998
    assert max(map(len, subject("ab " * 600 + "c", limit=5000).split(b"\r\n"))) <= 998


def test_a_word_longer_than_the_limit_may_pass_it():
    word = "x" * 200
    assert subject(f"a {word} b", limit=40) == f"Subject: a\r\n {word}\r\n b\r\n".encode()


def test_a_word_longer_than_a_line_is_encoded():
    lines = subject("x" * 2000).split(b"\r\n")
    assert max(map(len, lines)) <= 80
    assert all(line.endswith(b"?=") for line in lines[:-1])


def test_a_first_word_that_fits_no_line_with_the_name_goes_below_it():
    assert fold("References", [f"<{'x' * 985}@y>"], 80) == b"References:\r\n <" + b"x" * 985 + b"@y>\r\n"


def test_a_word_that_cannot_be_split_is_refused_past_998():
    assert fold("References", ["x" * 997], 0)
    with pytest.raises(InvalidValueError, match=r"References: .*cannot be folded"):
        fold("References", ["x" * 998], 0)


def test_addresses_fold_between_and_never_inside():
    text = 'Jane Doe <jane@example.com>, "Doe, Jim" <jim@example.com>, "a b c d e f"@example.com'
    assert to(text, limit=40) == (
        b'To: Jane Doe <jane@example.com>,\r\n "Doe, Jim" <jim@example.com>,\r\n "a b c d e f"@example.com\r\n'
    )


def test_groups_are_written_as_groups():
    assert to("Team: a@x, Bo <b@x>;, none:;, c@x") == b"To: Team: a@x, Bo <b@x>;, none:;, c@x\r\n"
    assert to("Große Freude: a@x;") == b"To: =?utf-8?Q?Gro=C3=9Fe_Freude?= : a@x;\r\n"


def test_names_are_quoted_only_where_they_have_to_be():
    assert to('"Jane Doe" <a@b>, "J. Doe" <a@b>') == b'To: Jane Doe <a@b>, "J. Doe" <a@b>\r\n'


def test_a_name_whose_blanks_readers_would_not_keep_is_encoded():
    assert to('"a  b" <a@b>, " c" <a@b>') == b"To: =?us-ascii?Q?a__b?= <a@b>, =?us-ascii?Q?_c?= <a@b>\r\n"


def test_domain_is_ascii_and_only_a_utf8_local_part_makes_utf8():
    assert to("Jürgen <info@bücher.example>") == b"To: =?utf-8?Q?J=C3=BCrgen?= <info@xn--bcher-kva.example>\r\n"
    assert to("jürgen@bücher.example, info@bücher.example") == (
        "To: jürgen@bücher.example, info@xn--bcher-kva.example\r\n".encode()
    )


@pytest.mark.parametrize("number", [*range(9), *range(10, 32), 127])
def test_controls_never_reach_a_value(number):
    for make in (
        lambda text: check_field_value(text, "Subject"),
        lambda text: unstructured_pieces("Subject", text, "", 80),
        lambda text: structured_pieces("Subject", text),
    ):
        with pytest.raises(InvalidValueError, match=f"Subject: .*U\\+{number:04X} at position 3") as caught:
            make(f"ab{chr(number)}Bcc: x@y")
        assert caught.value.code is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é", "a\x00", "x" * 201])
def test_bad_field_names_are_refused(name):
    with pytest.raises(InvalidValueError, match=r"here: .*no field name"):
        check_field_name(name, "here")


def test_structured_values_are_ascii():
    assert structured_pieces("Date", " Mon, 1 Jan ") == ["Mon,", " 1", " Jan"]
    with pytest.raises(InvalidValueError, match=r"Date: .*ASCII"):
        structured_pieces("Date", "1. März")
