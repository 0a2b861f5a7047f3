"""Stores of several megabytes that are made to cost as much as they can."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import pytest

from ssmtp_compat.errors import CertificateError
from ssmtp_compat.pki.stores.auto import open_any
from ssmtp_compat.pki.stores.entries import Store
from ssmtp_compat.pki.stores.jks import open_jks
from ssmtp_compat.pki.stores.p7b import open_p7b
from ssmtp_compat.pki.stores.pfx import open_pfx
from ssmtp_compat.pki.stores.public import open_public
from unit.pki.mutations import PASSWORD, WHAT

SIZE = 4 * 1024 * 1024
DATA = bytes.fromhex("06092a864886f70d010701")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content


def data(content: bytes) -> bytes:
    return element(0x30, DATA, element(0xA0, element(0x04, content)))


def pfx(safe: bytes) -> bytes:
    return element(0x30, b"\2\1\3", data(safe))


def p7b(info: bytes, certificates: bytes) -> bytes:
    body = (b"\2\1\1", element(0x31), info, certificates, element(0x31))
    return element(0x30, SIGNED_DATA, element(0xA0, element(0x30, *body)))


def jks(records: bytes, count: int) -> bytes:
    content = bytes.fromhex("feedfeed00000002") + count.to_bytes(4, "big") + records
    secret = PASSWORD.decode().encode("utf-16-be")
    return content + hashlib.sha1(secret + b"Mighty Aphrodite" + content, usedforsecurity=False).digest()


def protected_key(octets: bytes) -> bytes:
    algorithm = element(0x30, bytes.fromhex("060a2b060104012a02110101"))
    encoded = element(0x30, algorithm, element(0x04, octets))
    return bytes.fromhex("00000001") + bytes(2 + 8) + len(encoded).to_bytes(4, "big") + encoded + bytes(4)


OTHER_CERTIFICATE = bytes.fromhex("00000002") + bytes(2 + 8) + bytes(2 + 4)
EMPTY_PART = data(element(0x30))
BLOCK = b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"


@pytest.mark.parametrize(
    ("opener", "make"),
    [
        (open_pfx, lambda: pfx(element(0x30, EMPTY_PART * (SIZE // len(EMPTY_PART))))),
        (open_pfx, lambda: pfx(element(0x30, EMPTY_PART * 40_000))),
        (open_pfx, lambda: pfx(b"\x30\x80" * (SIZE // 2))),
        (open_p7b, lambda: p7b(element(0x30, DATA), element(0xA0, b"\x30\0" * 200_000))),
        (open_p7b, lambda: p7b(data(bytes(SIZE)), b"")),
        (open_jks, lambda: jks(protected_key(bytes(SIZE)), 1)),
        (open_jks, lambda: jks(OTHER_CERTIFICATE * (SIZE // 20), SIZE // 20)),
        (open_public, lambda: BLOCK * (SIZE // len(BLOCK))),
        (open_any, lambda: b"-----BEGIN CERTIFICATE-----" * (SIZE // 27)),
        (open_any, lambda: b"\x30\x80" * 60 + element(0x04, bytes(SIZE)) + b"\0\0" * 60),
        (open_any, lambda: b"\x24\x80" + element(0x04, b"x") * 200_000 + b"\0\0"),
    ],
    ids=[
        "parts without number",
        "as many parts as are read",
        "indefinite lengths without end",
        "as many certificates as are read",
        "content beside the certificates",
        "a protected key that fills the store",
        "certificates of another kind",
        "blocks without number",
        "beginnings without end",
        "indefinite lengths around much",
        "a string in as many pieces as are read",
    ],
)
def test_time_is_bounded(opener: Callable[..., Store], make: Callable[[], bytes]) -> None:
    content = make()
    started = time.process_time()
    with pytest.raises(CertificateError):
        opener(content, PASSWORD, WHAT)
    assert time.process_time() - started < 10
