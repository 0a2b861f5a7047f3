from __future__ import annotations

import email
import email.policy

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError, SSMTPError
from ssmtp_compat.message.other_headers import parse_other_headers
from ssmtp_compat.smime.entity import Entity, content_entity, multipart_signed, with_mime_fields


def entity(text: bytes, headers: str = "", charset: str = "utf-8", *, for_relays: bool = True) -> Entity:
    return content_entity(text, charset, parse_other_headers(headers), for_relays=for_relays)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (b"a\nb", b"a\r\nb"),
        (b"a\rb", b"a\r\nb"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb"),
        (b"\n.\n", b"\r\n.\r\n"),
        (b"", b""),
    ],
)
def test_only_crlf_ends_a_line(text: bytes, canonical: bytes) -> None:
    made = entity(text)
    assert made.body == canonical
    assert made.header == b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    assert b"".join(made.chunks()) == made.header + made.body
    assert len(made) == len(made.header) + len(made.body)


@pytest.mark.parametrize(
    ("text", "charset", "encoding"),
    [
        ("Grüße, ein Text mit wenigen Umlauten\n", "utf-8", "quoted-printable"),
        ("Grüße, ein Text mit wenigen Umlauten\n", "iso-8859-1", "quoted-printable"),
        ("äöüß" * 20, "utf-8", "base64"),
        ("x" * 5000, "utf-8", "quoted-printable"),
        ("nul\0", "utf-8", "base64"),
    ],
)
def test_what_relays_may_change_is_encoded(text: str, charset: str, encoding: str) -> None:
    made = entity(text.encode(charset), charset=charset)
    octets = made.header + made.body
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 76
    assert octets.replace(b"\r\n", b"").count(b"\n") == 0
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert parsed["Content-Transfer-Encoding"] == encoding
    assert parsed.get_content_charset() == ("us-ascii" if text.isascii() else charset)
    assert parsed.get_payload(decode=True).decode(charset) == text.replace("\n", "\r\n")


def test_content_fields_move_into_the_entity_and_others_do_not() -> None:
    headers = "X-One: 1\r\nContent-Type: text/html;\r\n\tcharset=utf-8\r\nMIME-Version: 1.0\r\ncontent-language: de\r\n"
    made = entity("<p>ä</p>".encode(), headers)
    assert made.header == (
        b"Content-Type: text/html;\r\n\tcharset=utf-8\r\n"
        b"content-language: de\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    assert made.body == b"<p>=C3=A4</p>"


@pytest.mark.parametrize("declared", ["7bit", "8BIT", "binary"])
def test_a_declaration_of_no_encoding_gives_way_to_a_needed_one(declared: str) -> None:
    made = entity("ä, and a longer text".encode(), f"Content-Transfer-Encoding: {declared}")
    assert made.header.count(b"Content-Transfer-Encoding") == 1
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in made.header


def test_what_is_declared_as_encoded_or_composite_is_left_alone() -> None:
    for headers, text in (
        ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", b"w6Q=\r\n"),
        ("Content-Transfer-Encoding: Quoted-Printable", b"=C3=A4\r\n"),
        ('Content-Type: multipart/mixed; boundary="b"', b"--b\r\n\r\nx\r\n--b--\r\n"),
        ("Content-Type: MESSAGE/RFC822", b"Subject: x\r\n\r\nx\r\n"),
    ):
        made = entity(text, headers)
        assert made.body == text
        assert made.header == headers.encode() + b"\r\n\r\n"


@pytest.mark.parametrize("text", ["ä", "x" * 999, "nul\0"])
@pytest.mark.parametrize(
    "headers", ["Content-Transfer-Encoding: base64", 'Content-Type: multipart/mixed; boundary="b"']
)
def test_declared_content_that_relays_would_change_is_not_signed(headers: str, text: str) -> None:
    with pytest.raises(InvalidValueError, match="Encode such parts") as caught:
        entity(text.encode(), headers)
    assert caught.value.code is ErrorCode.INVALID_VALUE
    # Inside the encryption no relay sees it.
    assert entity(text.encode(), headers, for_relays=False).body == text.encode()


def test_a_line_of_998_octets_stays_as_it_is() -> None:
    assert entity(b"x" * 998 + b"\n").body == b"x" * 998 + b"\r\n"
    assert entity(b"x" * 998, "Content-Type: multipart/mixed; boundary=b").body == b"x" * 998


def test_contradicting_and_unreadable_fields_are_refused() -> None:
    for headers, text in (
        ("Content-Type: text/plain\r\ncontent-type: text/html", "more than one"),
        ("Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64", "more than one"),
        ("Content-Description: Grüße", "RFC 2231"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            entity(b"x", headers)


def test_a_boundary_inside_the_part_is_a_defect() -> None:
    for part in (Entity(b"\r\n", b"x mark x"), Entity(b"X: mark\r\n\r\n", b"")):
        with pytest.raises(SSMTPError, match="boundary") as caught:
            multipart_signed(part, b"\x30\x00", "mark")
        assert caught.value.code is ErrorCode.INTERNAL


def test_multipart_signed_has_exactly_these_octets() -> None:
    assert multipart_signed(Entity(b"X: 1\r\n\r\n", b"body"), b"\x30\x00", "mark") == (
        b"This is an S/MIME signed message.\r\n"
        b"\r\n--mark\r\n"
        b"X: 1\r\n\r\nbody"
        b"\r\n--mark\r\n"
        b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n'
        b"\r\n"
        b"MAA=\r\n"
        b"\r\n--mark--\r\n"
    )


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ("", "NEW: 1\r\n 2\r\n"),
        ("X-A: 1", "X-A: 1\r\nNEW: 1\r\n 2\r\n"),
        ("X-A: 1\nX-B:2\n", "X-A: 1\r\nX-B:2\r\nNEW: 1\r\n 2\r\n"),
        (
            "Content-Type: text/html\r\nX-A: 1\r\nMime-Version: 1.0\r\nX-B: 2\r\n",
            "X-A: 1\r\nX-B: 2\r\nNEW: 1\r\n 2\r\n",
        ),
        ("X-A: a\r\n  folded\r\nCONTENT-ID: <x>\r\n\tgone\r\n", "X-A: a\r\n  folded\r\nNEW: 1\r\n 2\r\n"),
        ("\r\nFrom: a@b.test\r\nContent-Type: text/html", "\r\nFrom: a@b.test\r\nNEW: 1\r\n 2\r\n"),
        ("\r\n", "\r\nNEW: 1\r\n 2\r\n"),
        ("Subject: Grüße  \r\n", "Subject: Grüße  \r\nNEW: 1\r\n 2\r\n"),
        ("Contents: stays\r\n", "Contents: stays\r\nNEW: 1\r\n 2\r\n"),
    ],
)
def test_mime_fields_are_exchanged_and_the_others_stay(given: str, result: str) -> None:
    assert with_mime_fields(parse_other_headers(given), ["NEW: 1", " 2"]) == result
