"""Elliptic-curve key agreement, ephemeral-static (RFC 5753 3.1, RFC 8418), and the AES key wrap that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF

from . import der
from .algorithms import encode_oid

__all__ = ["EC_SCHEMES", "KEY_WRAPS", "SCHEMES", "X25519_SCHEME", "AgreementScheme", "KeyWrap"]


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """AES key wrap (RFC 3394)."""

    key_size: int
    """Octets."""
    oid: str

    @property
    def algorithm_der(self) -> bytes:
        """AlgorithmIdentifier; without parameters (RFC 3565 2.3.2)."""
        return der.wrap(der.SEQUENCE, encode_oid(self.oid))


KEY_WRAPS: Final = (
    KeyWrap(16, "2.16.840.1.101.3.4.1.5"),
    KeyWrap(24, "2.16.840.1.101.3.4.1.25"),
    KeyWrap(32, "2.16.840.1.101.3.4.1.45"),
)


@dataclass(frozen=True, slots=True)
class AgreementScheme:
    """How a key-encryption key comes out of a shared secret."""

    oid: str
    hash: hashes.HashAlgorithm
    hkdf: bool = False
    """HKDF (RFC 5869) in place of the key derivation function of ANSI X9.63."""

    def algorithm_der(self, wrap: KeyWrap) -> bytes:
        """AlgorithmIdentifier; its parameters are the identifier of the key wrap (RFC 5753 7.1.4)."""
        return der.wrap(der.SEQUENCE, encode_oid(self.oid), wrap.algorithm_der)

    def key_encryption_key(self, shared_secret: bytes, wrap: bytes, size: int, ukm: bytes | None = None) -> bytes:
        """The key of ``size`` octets for the algorithm with the identifier ``wrap`` (RFC 5753 7.2, RFC 8418 2.2).

        ``ukm`` is the user keying material of the sender, which HKDF takes for its salt as well.
        """
        info = _shared_info(wrap, size, ukm)
        if self.hkdf:
            return HKDF(self.hash, size, ukm, info).derive(shared_secret)
        return X963KDF(self.hash, size, info).derive(shared_secret)


EC_SCHEMES: Final[Mapping[str, AgreementScheme]] = MappingProxyType(
    {
        "secp256r1": AgreementScheme("1.3.132.1.11.1", hashes.SHA256()),
        "secp384r1": AgreementScheme("1.3.132.1.11.2", hashes.SHA384()),
        "secp521r1": AgreementScheme("1.3.132.1.11.3", hashes.SHA512()),
    }
)
"""dhSinglePass-stdDH with the hash that is as strong as the curve (RFC 5753 8), by the curve's name."""

X25519_SCHEME: Final = AgreementScheme("1.2.840.113549.1.9.16.3.19", hashes.SHA256(), hkdf=True)
"""dhSinglePass-stdDH-hkdf-sha256-scheme, which every S/MIME 4.0 agent reads (RFC 8551 2.3)."""


SCHEMES: Final[Mapping[str, AgreementScheme]] = MappingProxyType(
    {
        scheme.oid: scheme
        for scheme in (
            *EC_SCHEMES.values(),
            X25519_SCHEME,
            AgreementScheme("1.3.133.16.840.63.0.2", hashes.SHA1()),  # noqa: S303  only read
            AgreementScheme("1.3.132.1.11.0", hashes.SHA224()),
            # Cofactor Diffie-Hellman is the same on these curves, whose cofactor is one.
            AgreementScheme("1.3.133.16.840.63.0.3", hashes.SHA1()),  # noqa: S303  only read
            AgreementScheme("1.3.132.1.14.0", hashes.SHA224()),
            AgreementScheme("1.3.132.1.14.1", hashes.SHA256()),
            AgreementScheme("1.3.132.1.14.2", hashes.SHA384()),
            AgreementScheme("1.3.132.1.14.3", hashes.SHA512()),
            AgreementScheme("1.2.840.113549.1.9.16.3.20", hashes.SHA384(), hkdf=True),
            AgreementScheme("1.2.840.113549.1.9.16.3.21", hashes.SHA512(), hkdf=True),
        )
    }
)
"""All that are read (RFC 5753 7.1.4, RFC 8418 2), by object identifier."""


def _shared_info(wrap: bytes, size: int, ukm: bytes | None) -> bytes:
    """ECC-CMS-SharedInfo: what the key is for, what the sender added, and its length in bits."""
    added = () if ukm is None else (der.wrap(der.CONTEXT_0, der.wrap(der.OCTET_STRING, ukm)),)
    length = der.wrap(der.CONTEXT_2, der.wrap(der.OCTET_STRING, (size * 8).to_bytes(4, "big")))
    return der.wrap(der.SEQUENCE, wrap, *added, length)
