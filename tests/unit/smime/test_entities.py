from __future__ import annotations

import email
import email.policy
import quopri

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.other_headers import parse_other_headers
from ssmtp_compat.smime.entity import Entity, content_entity, multipart_signed, with_mime_fields
from ssmtp_compat.smime.sources import Joined, Source


def entity(text: bytes, headers: str = "", charset: str = "utf-8", *, for_relays: bool = True) -> Entity:
    return content_entity(text, charset, parse_other_headers(headers), for_relays=for_relays)


def all_of(octets: Source) -> bytes:
    """What they are, each time they are read, and as many as they say."""
    read = b"".join(octets.chunks())
    assert b"".join(octets.chunks()) == read
    assert len(octets) == len(read)
    return read


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
    assert all_of(made.octets) == made.header + canonical


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
    octets = all_of(made.octets)
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
    assert all_of(made.octets) == made.header + b"<p>=C3=A4</p>"


@pytest.mark.parametrize("long", [b"", b"x" * 70 + b"\n"], ids=["short", "long"])
@pytest.mark.parametrize("text", [b"From me\n", b"Hello\nFrom me\n"])
def test_a_line_that_mailbox_files_would_change_is_encoded_where_it_is_signed(text: bytes, long: bytes):
    text += long * 20_000
    made = entity(text)
    assert made.header.endswith(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n")
    octets = all_of(made.octets)
    assert b"\r\nFrom " not in octets
    assert quopri.decodestring(octets[len(made.header) :]) == text.replace(b"\n", b"\r\n")
    assert b"Encoding: 7bit" in entity(text, for_relays=False).header
    assert b"Encoding: 7bit" in entity(b"from me\n From me\nFrom\n" + long * 20_000).header


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


@pytest.mark.parametrize("line", ["Grüße an alle", "From here on äöü", "trailing ä ", "." + "x" * 90 + "ü", "ä" * 700])
def test_a_long_text_is_encoded_as_if_it_were_short(line: str) -> None:
    text = (f"{line}\r\n" * (3_000_000 // len(line))).encode()
    made = entity(text)
    octets = all_of(made.octets)
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert parsed.get_payload(decode=True) == text
    assert max(map(len, made.octets.chunks())) < 2_000_000
    once = all_of(entity(f"{line}\r\n".encode() * 2).octets).partition(b"\r\n\r\n")[2]
    if parsed["Content-Transfer-Encoding"] == "quoted-printable":
        assert set(octets.partition(b"\r\n\r\n")[2].splitlines()) == set(once.splitlines())


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


def test_multipart_signed_has_exactly_these_octets() -> None:
    signed = multipart_signed(Joined(b"X: 1\r\n\r\n", b"body"), b"\x30\x00", "sha-256", "mark")
    assert all_of(signed.octets) == (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        b' micalg=sha-256; boundary="mark"\r\n'
        b"\r\n"
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
        ("", "MIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
        ("X-A: 1", "X-A: 1\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
        ("X-A: 1\nX-B:2\n", "X-A: 1\r\nX-B:2\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
        (
            "Content-Type: text/html\r\nX-A: 1\r\nMime-Version: 1.0\r\nX-B: 2\r\n",
            "X-A: 1\r\nX-B: 2\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n",
        ),
        (
            "X-A: a\r\n  folded\r\nCONTENT-ID: <x>\r\n\tgone\r\n",
            "X-A: a\r\n  folded\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n",
        ),
        (
            "\r\nFrom: a@b.test\r\nContent-Type: text/html",
            "\r\nFrom: a@b.test\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n",
        ),
        ("\r\n", "\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
        ("Subject: Grüße  \r\n", "Subject: Grüße  \r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
        ("Contents: stays\r\n", "Contents: stays\r\nMIME-Version: 1.0\r\nNEW: 1\r\n 2\r\n"),
    ],
)
def test_mime_fields_are_exchanged_and_the_others_stay(given: str, result: str) -> None:
    assert with_mime_fields(parse_other_headers(given), b"NEW: 1\r\n 2\r\n\r\n") == result
