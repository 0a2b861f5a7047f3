"""The caller's own header fields."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import parse_address_list
from ssmtp_compat.message.compose import MessageSpec, compose
from ssmtp_compat.message.headers import HeaderField
from ssmtp_compat.message.other_headers import parse_other_headers


def wire(text, charset="", limit=80):
    return b"".join(field.encode(charset, limit)[1] for field in parse_other_headers(text).fields)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_will_do(end, last):
    text = end.join(["X-One: 1", "X-Two: a", "\tb", "X-Three:"]) + (end if last else "")
    parsed = parse_other_headers(text)
    assert not parsed.replace_all
    assert [(field.name, field.value) for field in parsed.fields] == [
        ("X-One", "1"),
        ("X-Two", "a\tb"),
        ("X-Three", ""),
    ]
    assert wire(text) == b"X-One: 1\r\nX-Two: a\r\n\tb\r\nX-Three:\r\n"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_leading_empty_line_replaces_all_fields(end):
    parsed = parse_other_headers(f"{end}X-One: 1{end}")
    assert parsed.replace_all
    assert [field.name for field in parsed.fields] == ["X-One"]


def test_nothing_and_only_an_empty_line():
    assert parse_other_headers("") == parse_other_headers("")
    assert parse_other_headers("").fields == ()
    assert not parse_other_headers("").replace_all
    assert parse_other_headers("\r\n").replace_all


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("X-One: 1\r\n\r\nbody", 2, "empty line"),
        ("X-One: 1\r\n\r\n", 2, "empty line"),
        ("X-One: 1\r\r\nX-Two: 2", 2, "empty line"),
        ("\r\n\r\nX-One: 1", 2, "empty line"),
        ("X-One: 1\r\n \t\r\nX-Two: 2", 2, "empty line"),
        ("X-One: 1\nno field", 2, "no colon"),
        ("DATA", 1, "no colon"),
        ("X-One: 1\r\n.\r\n", 2, "no colon"),
        (" X-One: 1", 1, "begins with a blank"),
        ("X One: 1", 1, "no field name"),
        ("X-One : 1", 1, "no field name"),
        (": 1", 1, "no field name"),
        ("X-Ö: 1", 1, "no field name"),
        ("X-One: 1\r\nX-Two: a\0b", 2, "U+0000"),
        ("X-One: 1\x0b2", 1, "U+000B"),
        ("X-One: 1\x7f", 1, "U+007F"),
        ("X-One: 1\nBcc: a@b", 2, "BCc property"),
        ("\r\nbCC: a@b", 2, "BCc property"),
        ("Resent-Bcc: a@b", 1, "BCc property"),
    ],
)
def test_faults_name_the_line(text, line, fault):
    with pytest.raises(InvalidValueError) as caught:
        parse_other_headers(text)
    assert caught.value.code is ErrorCode.INVALID_VALUE
    assert f"OtherHeaders, line {line}: " in caught.value.message
    assert fault in caught.value.message


ONCE = ["From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Subject", "Date"]
ONCE += ["MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("start", ["", "\r\n"], ids=["added", "replacing"])
def test_a_field_that_is_allowed_once_is_refused_twice(name, start):
    headers = f"{start}{name}: <a@b>\r\nX-Other: 1\r\n{name.upper()}: <a@b>"
    with pytest.raises(InvalidValueError, match=f"second {name.upper()} field") as caught:
        compose(MessageSpec(other_headers=headers), eight_bit=True)
    assert caught.value.code is ErrorCode.INVALID_VALUE


@pytest.mark.parametrize("name", ["Received", "Comments", "Keywords", "X-Own", "Resent-To", "Resent-Date", "List-Id"])
def test_other_fields_may_stand_there_several_times(name):
    headers = f"{name}: <a@b>\r\n" * 3
    assert compose(MessageSpec(other_headers=headers), eight_bit=True).header == headers.encode()


@pytest.mark.parametrize(
    ("headers", "computed"),
    [
        ("Subject: mine", {"subject": "computed"}),
        ("date: Mon, 1 Jun 2026 12:00:00 +0000", {"date": "Mon, 1 Jun 2026 12:00:00 +0000"}),
        ("TO: b@c", {"to": parse_address_list("a@b", "SendTo")}),
        ("Message-Id: <1@b>", {"message_id": "<2@b>"}),
    ],
)
def test_a_field_of_ones_own_does_not_stand_beside_the_computed_one(headers, computed):
    name = headers.partition(":")[0]
    with pytest.raises(InvalidValueError, match=f"OtherHeaders: .* second {name} field"):
        compose(MessageSpec(other_headers=headers, **computed), eight_bit=True)
    assert compose(MessageSpec(other_headers=headers), eight_bit=True).header == f"{headers}\r\n".encode()
    replacing = compose(MessageSpec(other_headers=f"\r\n{headers}", **computed), eight_bit=True)
    assert replacing.header == f"{headers}\r\n".encode()


def test_text_outside_ascii_is_encoded():
    (field,) = parse_other_headers("X-Note: A long note to every\r\n für").fields
    assert field.encode("", 80) == (
        HeaderField("X-Note", "=?utf-8?Q?A_long_note_to_every_f=C3=BCr?="),
        b"X-Note: =?utf-8?Q?A_long_note_to_every_f=C3=BCr?=\r\n",
    )
    assert wire("X-Note: Grüße an", charset="ISO-8859-1") == b"X-Note: =?ISO-8859-1?Q?Gr=FC=DFe_an?=\r\n"


def test_fields_already_encoded_stay():
    assert wire("X-Note: =?utf-8?q?=C3=BC?=") == b"X-Note: =?utf-8?q?=C3=BC?=\r\n"


def test_addresses_are_encoded_as_addresses():
    assert wire("Sender: Jürgen <a@bücher.example>") == b"Sender: =?utf-8?Q?J=C3=BCrgen?= <a@xn--bcher-kva.example>\r\n"
    with pytest.raises(InvalidValueError, match=r"field Resent-To: .*ü b@c"):
        wire("Resent-To: ü b@c")


def test_structured_fields_have_no_encoded_words():
    with pytest.raises(InvalidValueError, match=r"Content-Disposition: .*RFC 2231"):
        wire("Content-Disposition: attachment; filename=ä.txt")
    with pytest.raises(InvalidValueError, match=r"In-Reply-To: .*ASCII"):
        wire("In-Reply-To: <ä@b>")


def test_lines_over_998_octets_are_folded_anew():
    written = wire("X-Long: " + "word " * 300 + "\r\n end")
    assert max(map(len, written.split(b"\r\n"))) <= 80
    assert written.replace(b"\r\n", b"") == b"X-Long: " + b"word " * 300 + b" end"
    with pytest.raises(InvalidValueError, match=r"X-Long: .*cannot be folded"):
        wire("X-Long: " + "x" * 1000)


@given(st.text(st.sampled_from("aXé:\r\n \t.\0-"), max_size=30) | st.text())
@settings(deadline=None)
def test_no_text_gets_a_line_of_its_own_onto_the_wire(text):
    try:
        octets = wire(text)
    except InvalidValueError:
        return
    assert octets.count(b"\r") == octets.count(b"\n") == octets.count(b"\r\n")
    assert b"\r\n\r\n" not in octets
    assert not octets.startswith(b"\r\n")
    assert octets.isascii()
