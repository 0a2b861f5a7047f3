"""Every way to sign and to encrypt that this library's tables of algorithms allow to ask for."""

from __future__ import annotations

from collections.abc import Iterator

from interop.judges.judge import Encryption, Signature
from interop.judges.people import RECIPIENTS, SIGNERS
from ssmtp_compat.smime.ciphers import CIPHERS
from ssmtp_compat.smime.digests import DIGESTS

_OAEP_CIPHERS = ("AESCBC256", "AESGCM256")
"""The hash of OAEP and the cipher know nothing of each other, so not every pair of them is needed."""
_SHORTEST_WRAPPED = 16
"""Octets."""


def signature_ways() -> Iterator[Signature]:
    for kind in SIGNERS:
        # A key of EdDSA has one digest that goes with it.
        digests = [""] if kind.startswith("Ed") else [digest.name for digest in DIGESTS]
        paddings = {"RSA": (False, True), "RSA-PSS": (True,)}.get(kind, (False,))
        yield from (
            Signature(kind, digest, pss, detached)
            for pss in paddings
            for digest in digests
            for detached in (True, False)
        )


def encryption_ways() -> Iterator[Encryption]:
    for kind in RECIPIENTS:
        for cipher in CIPHERS:
            # Key agreement wraps the key with AES, which takes none that is shorter (RFC 3394 2).
            if kind == "RSA" or cipher.key_size >= _SHORTEST_WRAPPED:
                yield Encryption(kind, cipher.name)
    for digest in DIGESTS:
        for name in _OAEP_CIPHERS:
            yield Encryption("RSA", name, digest.name)


def scheme(way: Signature | Encryption) -> str:
    """What people call the part of a way that depends on the key."""
    if isinstance(way, Signature):
        if way.key == "RSA":
            return "RSASSA-PSS" if way.pss else "RSA PKCS #1 v1.5"
        if way.key == "RSA-PSS":
            return "RSASSA-PSS (a key for it alone)"
        return f"ECDSA {way.key}" if way.key.startswith("P-") else way.key
    if way.key == "RSA":
        return f"RSAES-OAEP {way.oaep}" if way.oaep else "RSA PKCS #1 v1.5"
    return f"ECDH {way.key}" if way.key.startswith("P-") else way.key


def algorithm(way: Signature | Encryption) -> str:
    """The other part."""
    return way.digest if isinstance(way, Signature) else way.cipher
