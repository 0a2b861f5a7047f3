"""Whole messages from their parts."""

import email
import email.policy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError, UnsupportedError
from ssmtp_compat.message.addresses import Mailbox, parse_address_list
from ssmtp_compat.message.canonical import has_long_line, is_canonical
from ssmtp_compat.message.compose import MessageSpec, canonical_body, compose, header_block, header_fields

ME = (Mailbox("", "me", "example.com"),)
YOU = (Mailbox("", "you", "example.com"),)


def spec(**changes):
    return MessageSpec(**{"from_": ME, "to": YOU, "line_limit": 80, **changes})


def names(composed):
    return [line.partition(b":")[0].decode() for line in composed.header.split(b"\r\n") if line]


def test_a_plain_message_byte_for_byte():
    composed = compose(
        spec(
            cc=parse_address_list("Doe <c@example.com>, g: d@example.com;", "Cc"),
            reply_to=ME,
            subject="Hello",
            date="Mon, 23 Nov 2026 15:46:00 +0000",
            message_id="<1@example.com>",
            importance="high",
            priority="urgent",
            sensitivity="Private",
            disposition_notification_to=ME,
            return_receipt_to=ME,
            other_headers="X-Mine: 1\n two",
            body=b"one\n.\ntwo",
        ),
        eight_bit=True,
    )
    assert composed.header == (
        b"From: me@example.com\r\n"
        b"To: you@example.com\r\n"
        b"Cc: Doe <c@example.com>, g: d@example.com;\r\n"
        b"Reply-To: me@example.com\r\n"
        b"Subject: Hello\r\n"
        b"Date: Mon, 23 Nov 2026 15:46:00 +0000\r\n"
        b"Message-ID: <1@example.com>\r\n"
        b"Importance: high\r\n"
        b"Priority: urgent\r\n"
        b"Sensitivity: Private\r\n"
        b"Disposition-Notification-To: me@example.com\r\n"
        b"Return-Receipt-To: me@example.com\r\n"
        b"X-Mine: 1\r\n two\r\n"
    )
    assert composed.body == b"one\r\n.\r\ntwo"
    assert not composed.eight_bit
    assert not composed.needs_smtputf8


def test_empty_parts_leave_their_fields_out():
    assert compose(MessageSpec(), eight_bit=True).header == b""


def test_fields_are_listed_as_they_go_out():
    listed = header_fields(
        spec(subject="a long subject with an ü " * 6, body="ü".encode(), other_headers="X-A: b\r\n c")
    )
    assert [field.name for field in listed] == [
        *("From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "X-A")
    ]
    assert listed[2].value.startswith("=?utf-8?Q?a_long_subject_with_an_=C3=BC_")
    assert listed[-1].value == "b c"
    assert "\r" not in "".join(field.value for field in listed)


def test_header_block_is_the_header_of_the_message():
    a_spec = spec(body="ü".encode())
    for eight_bit in (True, False):
        assert header_block(a_spec, eight_bit=eight_bit) == compose(a_spec, eight_bit=eight_bit).header


def test_8bit_text_goes_as_it_is_where_the_server_can():
    composed = compose(spec(body="Grüße\n".encode()), eight_bit=True)
    assert composed.header.endswith(
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    )
    assert composed.body == "Grüße\r\n".encode()
    assert composed.eight_bit


def test_8bit_text_is_encoded_where_the_server_cannot():
    composed = compose(spec(body="Grüße\n".encode("iso-8859-1"), body_charset="iso-8859-1"), eight_bit=False)
    assert b"charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n" in composed.header
    assert composed.body == b"Gr=FC=DFe\r\n"
    assert not composed.eight_bit


def test_long_lines_are_encoded_and_ascii_is_called_ascii():
    composed = compose(spec(body=b"x" * 2000), eight_bit=True)
    assert b"charset=us-ascii\r\nContent-Transfer-Encoding: quoted-printable\r\n" in composed.header


@pytest.mark.parametrize(
    ("charset", "text"), [("iso-2022-jp", "日本語"), ("iso-2022-kr", "한국어"), ("hz", "中文"), ("utf-7", "é")]
)
def test_seven_bit_text_that_is_not_ascii_is_labelled(charset, text):
    composed = compose(spec(body=text.encode(charset), body_charset=charset), eight_bit=False)
    assert names(composed)[-2:] == ["MIME-Version", "Content-Type"]
    assert f"charset={charset}\r\n".encode() in composed.header


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-15", "windows-1252", "koi8-r", "shift_jis", "gb18030"])
def test_ascii_text_needs_no_mime_fields_in_other_charsets(charset):
    assert names(compose(spec(body=b"plain", body_charset=charset), eight_bit=False)) == ["From", "To"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-32", "cp037"])
def test_text_whose_line_ends_are_other_octets_becomes_utf8(charset):
    assert canonical_body("a\né\r\n".encode(charset), charset) == ("a\r\né\r\n".encode(), "utf-8")


def test_body_that_is_not_in_its_charset_is_refused():
    with pytest.raises(InvalidValueError, match="not utf-16") as caught:
        compose(spec(body=b"odd", body_charset="utf-16-le"), eight_bit=True)
    assert caught.value.code is ErrorCode.CODE_PAGE


@pytest.mark.parametrize("field", ["header_charset", "body_charset"])
def test_unknown_charsets_are_refused(field):
    with pytest.raises(InvalidValueError, match="x-none"):
        compose(spec(**{field: "x-none"}), eight_bit=True)


def test_given_mime_fields_are_not_doubled():
    own = "mime-version: 1.0\r\ncontent-type: text/html; charset=utf-8"
    composed = compose(spec(other_headers=own, body="<p>ü".encode()), eight_bit=False)
    assert composed.body == b"<p>=C3=BC"
    assert names(composed) == ["From", "To", "Content-Transfer-Encoding", "mime-version", "content-type"]
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in composed.header


def test_text_type_without_charset_gets_it():
    composed = compose(spec(other_headers="Content-Type: text/html", body="<p>ü".encode()), eight_bit=True)
    assert names(composed) == ["From", "To", "MIME-Version", "Content-Transfer-Encoding", "Content-Type"]
    assert b"Content-Type: text/html; charset=utf-8\r\n" in composed.header.replace(b"\r\n ", b" ")
    parsed = email.message_from_bytes(composed.header + b"\r\n" + composed.body, policy=email.policy.SMTP)
    assert parsed.get_content() == "<p>ü"
    plain = compose(spec(other_headers="Content-Type: text/html", body=b"<p>"), eight_bit=True)
    assert b"Content-Type: text/html\r\n" in plain.header


def test_given_content_fields_get_the_mime_version_that_makes_them_count():
    # RFC 2045 4
    composed = compose(spec(other_headers="Content-Type: text/html; charset=us-ascii", body=b"<p>"), eight_bit=True)
    assert names(composed) == ["From", "To", "MIME-Version", "Content-Type"]


DECLARED = [
    "Content-Type: multipart/mixed; boundary=x",
    "Content-Type: Message/RFC822",
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit",
    "\nFrom: a@b",
]


@pytest.mark.parametrize("own", DECLARED)
def test_declared_bodies_only_get_canonical_line_endings(own):
    body = "--x\n\nü = ".encode()
    assert compose(spec(other_headers=own, body=body), eight_bit=True).body == body.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("own", DECLARED)
def test_declared_8bit_bodies_need_8bitmime(own):
    with pytest.raises(UnsupportedError, match="8BITMIME") as caught:
        compose(spec(other_headers=own, body="ü".encode()), eight_bit=False)
    assert caught.value.code is ErrorCode.EXTENSION_MISSING


@pytest.mark.parametrize("own", DECLARED)
@pytest.mark.parametrize(("body", "fault"), [(b"x" * 999, "998"), (b"a\0b", "NUL")])
def test_declared_bodies_that_mail_cannot_carry_are_refused(own, body, fault):
    with pytest.raises(InvalidValueError, match=fault) as caught:
        compose(spec(other_headers=own, body=body), eight_bit=True)
    assert caught.value.code is ErrorCode.INVALID_VALUE


def test_8bit_multipart_declares_that_it_is():
    composed = compose(spec(other_headers=DECLARED[0], body="ü".encode()), eight_bit=True)
    assert names(composed) == ["From", "To", "MIME-Version", "Content-Transfer-Encoding", "Content-Type"]
    assert b"Content-Transfer-Encoding: 8bit\r\n" in composed.header


def test_replaced_header_is_only_that():
    composed = compose(spec(other_headers="\r\nFrom: a@b\r\n", subject="x", body="ü".encode()), eight_bit=True)
    assert composed.header == b"From: a@b\r\n"


def test_a_utf8_mailbox_makes_the_message_need_smtputf8():
    assert compose(spec(to=(Mailbox("", "jürgen", "example.com"),)), eight_bit=True).needs_smtputf8
    assert not compose(spec(to=(Mailbox("Jürgen", "j", "bücher.example"),)), eight_bit=True).needs_smtputf8


@pytest.mark.parametrize("field", ["subject", "date", "message_id", "importance"])
@pytest.mark.parametrize("text", ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\0b", "a\x7f"])
def test_no_field_lets_a_line_in(field, text):
    with pytest.raises(InvalidValueError):
        compose(spec(**{field: text}), eight_bit=True)


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=400)
SUBJECT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60)


@given(subject=SUBJECT, body=TEXT, eight_bit=st.booleans(), limit=st.sampled_from([0, 78, 80]))
@example(subject="\u760d\u760a", body="\u760d\u760a\u010a\n", eight_bit=True, limit=80)
@settings(deadline=None)
def test_what_was_set_is_what_a_reader_sees(subject, body, eight_bit, limit):
    composed = compose(spec(subject=subject, body=body.encode(), line_limit=limit), eight_bit=eight_bit)
    wire = composed.header + b"\r\n" + composed.body
    assert is_canonical(wire)
    assert not has_long_line(wire)
    assert composed.header.isascii()
    assert b"\r\n\r\n" not in composed.header
    assert eight_bit or wire.isascii()
    assert composed.eight_bit == (not composed.body.isascii())
    read = email.message_from_bytes(wire, policy=email.policy.SMTP)
    assert (read["Subject"] or "") == subject
    assert read["From"].addresses[0].addr_spec == "me@example.com"
    text = read.get_payload(decode=True).decode(read.get_content_charset("us-ascii"))
    assert text.replace("\r\n", "\n") == body
