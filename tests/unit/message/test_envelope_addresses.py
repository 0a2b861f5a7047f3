"""Addresses in the forms that commands and header fields take."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import Mailbox


@pytest.mark.parametrize(
    ("local_part", "domain", "expected"),
    [
        ("user", "Example.com", "user@Example.com"),
        ("a.b+c", "x", "a.b+c@x"),
        ("john doe", "x", '"john doe"@x'),
        ('a"b\\c', "x", '"a\\"b\\\\c"@x'),
        ("a..b", "x", '"a..b"@x'),
        ("a.", "x", '"a."@x'),
        ("", "x", '""@x'),
        ("root", "", "root"),
        ("user", "[192.0.2.1]", "user@[192.0.2.1]"),
        ("user", "bücher.example", "user@xn--bcher-kva.example"),
        ("user", "BÜCHER。example", "user@xn--bcher-kva.example"),
        ("user", "faß.example", "user@xn--fa-hia.example"),
    ],
)
def test_ascii_form(local_part, domain, expected):
    mailbox = Mailbox("A name", local_part, domain)
    assert not mailbox.needs_utf8
    assert mailbox.envelope_address(utf8=False) == expected
    # An address that every server can take is given in that form to all of them.
    assert mailbox.envelope_address(utf8=True) == expected


def test_addr_spec_keeps_the_domain_as_given():
    assert Mailbox("", "user", "Bücher.example").addr_spec() == "user@Bücher.example"


def test_utf8_form():
    mailbox = Mailbox("", "jürgen", "BÜCHER.example")
    assert mailbox.needs_utf8
    assert mailbox.envelope_address(utf8=True) == "jürgen@bücher.example"
    assert Mailbox("", "jürgen", "").envelope_address(utf8=True) == "jürgen"
    with pytest.raises(InvalidValueError, match="SMTPUTF8") as caught:
        mailbox.envelope_address(utf8=False)
    assert caught.value.code is ErrorCode.INVALID_ADDRESS


@pytest.mark.parametrize("letter", ["\u760d", "\u760a", "\uff0d", "\u010a"])
def test_no_letter_becomes_a_line_end_on_the_wire(letter):
    # Jakarta Mail CVE-2025-7962: a character cut down to its low octet
    octets = Mailbox("", f"a{letter}b", "x").envelope_address(utf8=True).encode()
    assert b"\r" not in octets
    assert b"\n" not in octets


def test_limits_of_rfc_5321_are_inclusive():
    assert Mailbox("", "x" * 64, "example.com").local_part == "x" * 64
    domain = ".".join(["d" * 62] * 3 + ["e"])
    local_part = "x" * (254 - 1 - len(domain))
    assert len(Mailbox("", local_part, domain).envelope_address(utf8=False)) == 254
    with pytest.raises(InvalidValueError, match="255 octets, 254"):
        Mailbox("", local_part + "x", domain)
    with pytest.raises(InvalidValueError, match="characters, 255"):
        Mailbox("", "x", "d." * 128 + "e")


def test_length_counts_the_a_labels():
    with pytest.raises(InvalidValueError, match="internationalised"):
        Mailbox("", "x", "ü" * 63 + ".example")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "a@b"),
        ("Jane Doe", "Jane Doe <a@b>"),
        ("Doe, Jane", '"Doe, Jane" <a@b>'),
        ("Jürgen", "Jürgen <a@b>"),
        (" x ", '" x " <a@b>'),
    ],
)
def test_text_for_people(name, expected):
    assert str(Mailbox(name, "a", "b")) == expected
