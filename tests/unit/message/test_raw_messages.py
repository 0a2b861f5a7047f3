"""Messages that the caller composed: sent as they are, but for line endings and blind recipients."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.compose import raw_message


def test_header_and_body_are_parted_at_the_first_empty_line():
    data = b"From: a@b\r\nX-Odd :  kept \r\n as it is\r\n\r\nBcc: text\r\n\r\n.\r\n"
    composed = raw_message(data)
    assert composed.header == b"From: a@b\r\nX-Odd :  kept \r\n as it is\r\n"
    assert composed.body == b"Bcc: text\r\n\r\n.\r\n"
    assert composed.body_octets == len(composed.body)
    assert not composed.eight_bit
    assert not composed.needs_smtputf8


def test_the_body_is_not_copied():
    data = b"From: a@b\r\n\r\n" + b"text\r\n" * 1000
    assert raw_message(data).content is data


def test_line_endings_become_canonical():
    composed = raw_message(b"A: b\nC: d\r\rx\ny")
    assert (composed.header, composed.body) == (b"A: b\r\nC: d\r\n", b"x\r\ny")


@pytest.mark.parametrize(
    ("data", "header", "body"),
    [
        (b"", b"", b""),
        (b"A: b", b"A: b\r\n", b""),
        (b"A: b\r\n", b"A: b\r\n", b""),
        (b"A: b\r\n\r\n", b"A: b\r\n", b""),
        (b"\r\nbody", b"", b"body"),
        (b"Bcc: a@b\r\n", b"", b""),
    ],
)
def test_messages_without_a_part(data, header, body):
    composed = raw_message(data)
    assert (composed.header, composed.body) == (header, body)


@pytest.mark.parametrize("name", [b"Bcc", b"BCC", b"bcc ", b"bCc\t", b"Resent-Bcc"])
def test_blind_recipients_are_taken_out(name):
    data = (
        b"From: a@b\r\n" + name + b": secret@x,\r\n other@x\r\n\tlast@x\r\nBcc-Not: kept\r\n" + name + b":\r\n\r\ntext"
    )
    assert raw_message(data).header == b"From: a@b\r\nBcc-Not: kept\r\n"


def test_eight_bit_body_and_utf8_header_are_told():
    composed = raw_message("Subject: ü\r\n\r\nä".encode())
    assert composed.eight_bit
    assert composed.needs_smtputf8
    assert not raw_message(b"A: b\r\n\r\n\xff").needs_smtputf8


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"A: b\r\n\r\n" + b"x" * 999, "998"),
        (b"A: " + b"x" * 999, "998"),
        (b"A: b\r\n\r\na\0b", "NUL"),
        (b"Subject: \xfc\r\n\r\n", "UTF-8"),
    ],
)
def test_what_mail_cannot_carry_is_refused(data, fault):
    with pytest.raises(InvalidValueError, match=fault) as caught:
        raw_message(data)
    assert caught.value.code is ErrorCode.INVALID_VALUE
