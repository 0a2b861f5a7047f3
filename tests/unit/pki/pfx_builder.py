"""PKCS#12 put together by hand, for stores that no tool writes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from asn1crypto import algos, cms, core, keys, pkcs12
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from unit.pki.authority import Issued


def parts_of(content: bytes) -> list[cms.ContentInfo]:
    """The parts of the AuthenticatedSafe of a store."""
    return list(pkcs12.Pfx.load(content).authenticated_safe)


def part(bags: Iterable[pkcs12.SafeBag]) -> cms.ContentInfo:
    """A part without encryption."""
    return cms.ContentInfo({"content_type": "data", "content": pkcs12.SafeContents(list(bags)).dump()})


def certificate_bag(owner: Issued) -> pkcs12.SafeBag:
    value = {"cert_id": "x509", "cert_value": core.ParsableOctetString(owner.certificate.der)}
    return pkcs12.SafeBag({"bag_id": "cert_bag", "bag_value": value})


def key_bag(owner: Issued) -> pkcs12.SafeBag:
    der = owner.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return pkcs12.SafeBag({"bag_id": "key_bag", "bag_value": keys.PrivateKeyInfo.load(der)})


def nested(bag: pkcs12.SafeBag, depth: int) -> pkcs12.SafeBag:
    for _ in range(depth):
        bag = pkcs12.SafeBag({"bag_id": "safe_contents", "bag_value": pkcs12.SafeContents([bag])})
    return bag


def store(parts: Iterable[cms.ContentInfo], password: str | None = None, mac: dict | None = None) -> bytes:
    """A store of these parts, with a MAC by SHA-1 and one iteration when there is a password, or ``mac``."""
    content = pkcs12.AuthenticatedSafe(list(parts)).dump()
    fields = {"version": "v3", "auth_safe": {"content_type": "data", "content": content}}
    if password is not None:
        # RFC 7292 appendix B, with one iteration and one block.
        block = hashlib.sha1(b"\3" * 64 + b"saltsalt" * 8 + _filled(password.encode("utf-16-be") + b"\0\0")).digest()
        digest = {"digest_algorithm": {"algorithm": "sha1"}, "digest": hmac.digest(block, content, "sha1")}
        mac = {"mac": digest, "mac_salt": b"saltsalt"}
    if mac is not None:
        fields["mac_data"] = mac
    return pkcs12.Pfx(fields).dump()


def with_pbmac1(
    parts: Iterable[cms.ContentInfo],
    password: str,
    size: int | None = 32,
    iterations: int = 1,
    prf: str = "sha256",
    scheme: str = "sha256",
) -> bytes:
    """A store with PBMAC1 (RFC 9579), which is right wherever one can be made with these parameters.

    ``size`` is the key's length in octets; None leaves it away.
    """
    parts = list(parts)
    salt = b"saltsalt"
    derivation = {"salt": algos.Pbkdf2Salt("specified", salt), "iteration_count": iterations, "prf": {"algorithm": prf}}
    if size is not None:
        derivation["key_length"] = size
    parameters = algos.Pbmac1Params(
        {
            "key_derivation_func": {"algorithm": "pbkdf2", "parameters": algos.Pbkdf2Params(derivation)},
            "message_auth_scheme": {"algorithm": scheme},
        }
    )
    length = 32 if size is None else size
    possible = 0 < length <= 100 and 0 < iterations <= 1000 and {prf, scheme} <= hashlib.algorithms_guaranteed
    key = hashlib.pbkdf2_hmac(prf, password.encode(), salt, iterations, length) if possible else b""
    digest = hmac.digest(key, pkcs12.AuthenticatedSafe(parts).dump(), scheme) if possible else b""
    # asn1crypto knows no parameters of a digest, and takes only what has a class of its own.
    algorithm = {"algorithm": "1.2.840.113549.1.5.14", "parameters": core.Any.load(parameters.dump())}
    mac = {"mac": {"digest_algorithm": algorithm, "digest": digest}, "mac_salt": b"NOT USED"}
    return store(parts, mac=mac)


def _filled(text: bytes) -> bytes:
    return (text * 64)[: -(-len(text) // 64) * 64]
