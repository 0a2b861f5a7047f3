"""Delivery status notifications: which options follow the grammar, how they are written, and what an error says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.smtp.dsn import MessageDsn, RecipientDsn, check_envelope_id, check_ret, parse_recipient_options

VALUE = re.compile(r"[!-<>-~]+")
"""esmtp-value of RFC 5321 4.1.2."""


def written(text: str) -> str:
    return " ".join(parse_recipient_options(text, "Options").parameters())


def fault(text: str) -> str:
    with pytest.raises(InvalidValueError) as caught:
        parse_recipient_options(text, "Options")
    assert caught.value.code is ErrorCode.INVALID_VALUE
    assert "Options: " in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("", ""),
        ("  ", ""),
        ("NOTIFY SUCCESS,FAILURE,DELAY", "NOTIFY=SUCCESS,FAILURE,DELAY"),
        ("NOTIFY=DELAY", "NOTIFY=DELAY"),
        ("notify=success,Failure", "NOTIFY=SUCCESS,FAILURE"),
        ("NOTIFY=NEVER", "NOTIFY=NEVER"),
        (" NOTIFY   NEVER ", "NOTIFY=NEVER"),
        ("ORCPT=rfc822;bob@example.test", "ORCPT=rfc822;bob@example.test"),
        ("orcpt rfc822;bob+2Btag+3D1@example.test", "ORCPT=rfc822;bob+2Btag+3D1@example.test"),
        ("ORCPT=rfc822;+22a+20b+22@example.test", "ORCPT=rfc822;+22a+20b+22@example.test"),
        ("ORCPT=x400;/C+3DDE;/", "ORCPT=x400;/C+3DDE;/"),
        ("ORCPT=rfc822;b@x.test NOTIFY=SUCCESS", "NOTIFY=SUCCESS ORCPT=rfc822;b@x.test"),
        ("NOTIFY SUCCESS ORCPT rfc822;b@x.test", "NOTIFY=SUCCESS ORCPT=rfc822;b@x.test"),
    ],
)
def test_what_follows_the_grammar_is_written_with_equals_signs(text, sent):
    assert written(text) == sent


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("bob@example.test", "bob@example.test"),
        ("böb@bücher.test", r"b\x{F6}b@b\x{FC}cher.test"),
        (r"b\x{F6}b@example.test", r"b\x{F6}b@example.test"),
        (r"a\x{2B}b\x{3D}c\x{5C}@example.test", r"a\x{2B}b\x{3D}c\x{5C}@example.test"),
        (r"\x{0041}@example.test", "A@example.test"),
        ("\U0001f4a9@example.test", r"\x{1F4A9}@example.test"),
        (r"\x{10FFFF}@example.test", r"\x{10FFFF}@example.test"),
        (r'"a\x{20}b"@example.test', r'"a\x{20}b"@example.test'),
    ],
)
def test_an_address_beyond_ascii_is_sent_in_the_form_that_needs_no_smtputf8(address, sent):
    assert written(f"ORCPT=UTF-8;{address}") == f"ORCPT=utf-8;{sent}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NOTIFY", ["NOTIFY has nothing", "NEVER, or SUCCESS, FAILURE and DELAY"]),
        ("NOTIFY=", ["NOTIFY has nothing"]),
        ("NOTIFY = NEVER", ["NOTIFY has '='"]),
        ("NOTIFY=SUCCES", ["NOTIFY has 'SUCCES'"]),
        ("NOTIFY=SUCCESS, FAILURE", ["NOTIFY has nothing", "without blanks"]),
        ("NOTIFY=SUCCESS,,DELAY", ["NOTIFY has nothing"]),
        ("NOTIFY=SUCCESS;DELAY", ["NOTIFY has 'SUCCESS;DELAY'"]),
        ("NOTIFY=NEVER,FAILURE", ["NEVER has to stand alone"]),
        ("NOTIFY=DELAY,delay", ["DELAY twice"]),
        ("NOTIFY=DELAY NOTIFY=DELAY", ["NOTIFY is given twice"]),
        ("SUCCESS,FAILURE", ["'SUCCESS,FAILURE' is no option", "NOTIFY=...", "ORCPT=..."]),
        ("RET=FULL", ["'RET' is no option"]),
        ("=NEVER", ["nothing is no option"]),
        ("NOTIFY=NEVER\r\nRCPT TO:<eve@example.test>", ["NOTIFY has 'NEVER\\r\\nRCPT'"]),
        ("ORCPT", ["ORCPT has nothing", "rfc822;bob@example.org"]),
        ("ORCPT=bob@example.test", ["ORCPT has 'bob@example.test'", "rfc822;bob@example.org"]),
        ("ORCPT=rfc822;", ["ORCPT has 'rfc822;'"]),
        ("ORCPT=;bob@example.test", ["ORCPT has ';bob@example.test'"]),
        ("ORCPT=rf@c;bob@example.test", ["ORCPT has 'rf@c;bob@example.test'"]),
        ("ORCPT=a=b;bob@example.test", ["ORCPT has 'a=b;bob@example.test'"]),
        ("ORCPT=rfc822;a@x ORCPT=rfc822;b@x", ["ORCPT is given twice"]),
        ("ORCPT=rfc822;bob+tag@example.test", ["ORCPT has '+'", "+2B"]),
        ("ORCPT=rfc822;bob+2b@example.test", ["ORCPT has '+'", "+2B"]),
        ("ORCPT=rfc822;++4141@example.test", ["ORCPT has '+'"]),
        ("ORCPT=rfc822;a=b@example.test", ["ORCPT has '='", "+3D"]),
        ("ORCPT=rfc822;böb@example.test", ["ORCPT has '\\xf6'", "utf-8;"]),
        ("ORCPT=rfc822;bob@example.test\rx", ["U+000D"]),
        ("ORCPT=rfc822;bob+0D+0ARCPT", ["+0D", "+20 to +7E"]),
        ("ORCPT=rfc822;bob+7F", ["+7F"]),
        ("ORCPT=rfc822;b+F6b@example.test", ["+F6"]),
        ("ORCPT=utf-8;a+2Bb@example.test", ["ORCPT has '+'", "\\x{2B}"]),
        ("ORCPT=utf-8;a=b@example.test", ["ORCPT has '='", "\\x{3D}"]),
        ("ORCPT=utf-8;a\\b@example.test", ["ORCPT has '\\\\'", "\\x{5C}"]),
        (r"ORCPT=utf-8;\x\x{41}{42}@example.test", ["ORCPT has '\\\\'"]),
        (r"ORCPT=utf-8;\x{f6}@example.test", ["ORCPT has '\\\\'"]),
        (r"ORCPT=utf-8;\x{0D}\x{0A}@example.test", ["U+000D"]),
        (r"ORCPT=utf-8;\x{85}@example.test", ["U+0085"]),
        (r"ORCPT=utf-8;\x{D800}@example.test", ["U+D800"]),
        ("ORCPT=utf-8;\ud800@example.test", ["U+D800"]),
        (r"ORCPT=utf-8;\x{110000}@example.test", ["\\x{110000}", "10FFFF"]),
    ],
)
def test_what_does_not_follow_the_grammar_is_named_with_what_would_be_right(text, words):
    message = fault(text)
    assert [word for word in words if word not in message] == [], message
    assert message.isprintable()


def test_an_orcpt_has_at_most_500_characters_as_it_is_sent():
    room = 500 - len("ORCPT=rfc822;")
    assert len(written(f"ORCPT=rfc822;{'a' * room}")) == 500
    assert "501 characters" in fault(f"ORCPT=rfc822;{'a' * (room + 1)}")
    room -= len("utf-8") - len("rfc822")
    assert len(written(f"ORCPT=utf-8;{'a' * (room - 6)}ö")) == 500
    assert "501 characters" in fault(f"ORCPT=utf-8;{'a' * (room - 5)}ö")


@given(st.text(max_size=80) | st.builds("{} {};{}".format, st.sampled_from(["ORCPT", "NOTIFY"]), st.text(), st.text()))
def test_whatever_is_given_is_refused_or_fits_a_command_line(text):
    try:
        options = parse_recipient_options(text, "Options")
    except InvalidValueError:
        return
    for parameter in options.parameters():
        keyword, _, value = parameter.partition("=")
        assert keyword in ("NOTIFY", "ORCPT")
        assert VALUE.fullmatch(value)


_UNICODE = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="+=\\ ")


@given(st.text(_UNICODE, min_size=1, max_size=48))  # 48 times the longest form fill the 500 characters of an ORCPT
def test_every_address_of_type_utf_8_can_be_read_back_from_what_is_sent(address):
    sent = written(f"ORCPT=utf-8;{address}").removeprefix("ORCPT=utf-8;")
    assert sent.isascii()
    assert re.sub(r"\\x\{(.*?)\}", lambda found: chr(int(found[1], 16)), sent) == address


def test_another_notify_takes_the_place_of_one_that_is_not_there():
    assert RecipientDsn().parameters(("SUCCESS", "FAILURE")) == ("NOTIFY=SUCCESS,FAILURE",)
    assert RecipientDsn(orcpt="rfc822;a@x").parameters(("DELAY",)) == ("NOTIFY=DELAY", "ORCPT=rfc822;a@x")
    assert RecipientDsn(notify=("NEVER",)).parameters(("SUCCESS",)) == ("NOTIFY=NEVER",)


# -- the message as a whole -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ret", "envelope_id", "parameters"),
    [
        ("", "", ()),
        ("FULL", "", ("RET=FULL",)),
        ("HDRS", "order-1", ("RET=HDRS", "ENVID=order-1")),
        ("", "a b+c=d", ("ENVID=a+20b+2Bc+3Dd",)),
    ],
)
def test_parameters_of_mail(ret, envelope_id, parameters):
    assert MessageDsn(ret=ret, envelope_id=envelope_id).parameters == parameters


@pytest.mark.parametrize("value", ["", "FULL", "HDRS", "full", "Hdrs"])
def test_what_ret_takes(value):
    check_ret(value, "Setting")


@pytest.mark.parametrize("value", ["ALL", "HDR", " FULL", "FULL ENVID=x", "\r\n"])
def test_what_ret_does_not_take(value):
    with pytest.raises(InvalidValueError, match=r"Setting: .* FULL, HDRS") as caught:
        check_ret(value, "Setting")
    assert caught.value.code is ErrorCode.INVALID_VALUE


def test_an_envelope_id_has_at_most_100_characters_as_it_is_sent():
    for longest in ("x" * 100, "x" * 97 + "+", " " * 33):
        check_envelope_id(longest, "Setting")
        with pytest.raises(InvalidValueError, match=r"Setting: .* 10[1-3] characters"):
            check_envelope_id(longest + "x" * (101 - len(MessageDsn(envelope_id=longest).parameters[0][6:])), "Setting")


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x1f", "\x7f", "\x80", "ö", "\u760d", "\ud800"])
def test_an_envelope_id_is_printable_ascii(character):
    with pytest.raises(InvalidValueError, match=r"Setting: .* character 2 ") as caught:
        check_envelope_id(f"a{character}b", "Setting")
    assert caught.value.message.isprintable()


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=33))
def test_every_envelope_id_can_be_read_back_from_what_is_sent(envelope_id):
    check_envelope_id(envelope_id, "Setting")
    (parameter,) = MessageDsn(envelope_id=envelope_id).parameters
    value = parameter.removeprefix("ENVID=")
    assert VALUE.fullmatch(value)
    assert re.sub(r"\+(..)", lambda found: chr(int(found[1], 16)), value) == envelope_id
