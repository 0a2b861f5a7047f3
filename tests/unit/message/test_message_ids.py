"""Message identifiers: made and checked."""

import hashlib

import pytest

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message import message_id
from ssmtp_compat.message.message_id import make_message_id, normalise_message_id


@pytest.mark.parametrize(
    ("hash_name", "digits"),
    [("none", 6), ("sha1", 40), ("sha224", 56), ("sha256", 64), ("sha384", 96), ("sha512", 128)],
)
def test_hash_of_the_random_bytes(hash_name, digits):
    made = make_message_id(b"abc", hash_name, "example.com")
    left = made.removeprefix("<").removesuffix("@example.com>")
    assert left == (b"abc".hex() if hash_name == "none" else hashlib.new(hash_name, b"abc").hexdigest())
    assert len(left) == digits


def test_sha256_stands_in_for_a_missing_ripemd160(monkeypatch):
    def without_ripemd(name, data, **options):
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(message_id.hashlib, "new", without_ripemd)
    assert make_message_id(b"abc", "ripemd160", "x") == f"<{hashlib.sha256(b'abc').hexdigest()}@x>"


@pytest.mark.parametrize("hash_name", ["", "md5", "shake_128"])
def test_other_hashes_are_refused(hash_name):
    with pytest.raises(InvalidValueError, match="ripemd160"):
        make_message_id(b"abc", hash_name, "x")


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("mail.example.com", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("", "localhost"),
        ("Jane's PC", "Jane-s-PC"),
        ("a\r\nBcc: x@y", "a-Bcc-x-y"),
        ("..a..-b-..", "a.b"),
        ("漢字 pc", "pc"),
        ("x" * 300, "x" * 63),
    ],
)
def test_any_host_name_gives_a_valid_identifier(host, right):
    made = make_message_id(b"a", "none", host)
    assert made == f"<61@{right}>"
    assert normalise_message_id(made) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a.b@c>", "<a.b@c>"),
        ("a.b@c", "<a.b@c>"),
        (" <000..$x@[192.0.2.1]> ", "<000..$x@[192.0.2.1]>"),
    ],
)
def test_angle_brackets_are_added(text, expected):
    assert normalise_message_id(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "<>", "a", "a@", "@b", "<a@b", "a b@c", "a@b@c", "a@b\r\nX: y", "ä@b", "<a@b> <c@d>", "a" * 1000 + "@b"],
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidValueError, match="Message-ID"):
        normalise_message_id(text)
