"""The digests and content-encryption ciphers: name, OID, implementation (RFC 3370, 3565, 5754; names in any case)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from asn1crypto import core
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError, UnsupportedError
from . import der

__all__ = [
    "CIPHERS",
    "DIGESTS",
    "ID_DATA",
    "RSA_ENCRYPTION",
    "ContentCipher",
    "Digest",
    "cipher_named",
    "digest_named",
    "encode_oid",
]


def encode_oid(dotted: str) -> bytes:
    """DER of an object identifier."""
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


ID_DATA: Final = encode_oid("1.2.840.113549.1.7.1")
"""Content type of plain octets (RFC 5652 4)."""
# "rsaEncryption" also in a signature, rather than "shaXWithRSAEncryption": older readers know only this one.
RSA_ENCRYPTION: Final = der.wrap(der.SEQUENCE, encode_oid("1.2.840.113549.1.1.1"), der.NULL)
"""AlgorithmIdentifier of RSA PKCS #1 v1.5; its parameters have to be NULL (RFC 3370 3.2, 4.2.1)."""


@dataclass(frozen=True, slots=True)
class Digest:
    """A message digest."""

    name: str
    oid: str
    micalg: str
    """The value of the micalg parameter (RFC 8551 3.5.3.2)."""
    hashlib_name: str
    hash: hashes.HashAlgorithm
    algorithm_der: bytes
    """AlgorithmIdentifier; without parameters, as RFC 5754 2 demands and RFC 3370 2.1 advises."""


@dataclass(frozen=True, slots=True)
class ContentCipher:
    """A content-encryption algorithm in CBC mode."""

    name: str
    oid: str
    key_size: int
    """Octets."""
    block_size: int
    """Octets; also the size of the initialization vector."""
    algorithm: Callable[[bytes], BlockCipherAlgorithm]

    def algorithm_der(self, iv: bytes) -> bytes:
        """AlgorithmIdentifier with ``iv`` as its parameter (RFC 3565 2.3, RFC 3370 5.1)."""
        return der.wrap(der.SEQUENCE, encode_oid(self.oid), der.wrap(der.OCTET_STRING, iv))

    def encryptor(self, key: bytes, iv: bytes) -> CipherContext:
        return Cipher(self.algorithm(key), modes.CBC(iv)).encryptor()


def _digest(name: str, oid: str, micalg: str, algorithm: hashes.HashAlgorithm) -> Digest:
    identifier = der.wrap(der.SEQUENCE, encode_oid(oid))
    return Digest(name, oid, micalg, name.lower(), algorithm, identifier)


DIGESTS: Final = (
    _digest("SHA1", "1.3.14.3.2.26", "sha-1", hashes.SHA1()),  # noqa: S303  only when asked for by name
    _digest("SHA224", "2.16.840.1.101.3.4.2.4", "sha-224", hashes.SHA224()),
    _digest("SHA256", "2.16.840.1.101.3.4.2.1", "sha-256", hashes.SHA256()),
    _digest("SHA384", "2.16.840.1.101.3.4.2.2", "sha-384", hashes.SHA384()),
    _digest("SHA512", "2.16.840.1.101.3.4.2.3", "sha-512", hashes.SHA512()),
)
CIPHERS: Final = (
    ContentCipher("AESCBC128", "2.16.840.1.101.3.4.1.2", 16, 16, AES),
    ContentCipher("AESCBC192", "2.16.840.1.101.3.4.1.22", 24, 16, AES),
    ContentCipher("AESCBC256", "2.16.840.1.101.3.4.1.42", 32, 16, AES),
    ContentCipher("3DES", "1.2.840.113549.3.7", 24, 8, TripleDES),
)
_CIPHER_ALIASES: Final[Mapping[str, str]] = MappingProxyType({"AES": "AESCBC128"})
# Known, so that the error can say that the name is right and only this version lacks it.
_LATER: Final = frozenset(
    {
        "MD5",
        "1.2.840.113549.2.5",
        "DES",
        "1.3.14.3.2.7",
        "RC2",
        "RC2CBC40",
        "RC2CBC64",
        "RC2CBC128",
        "1.2.840.113549.3.2",
        "AESGCM128",
        "AESGCM192",
        "AESGCM256",
        "2.16.840.1.101.3.4.1.6",
        "2.16.840.1.101.3.4.1.26",
        "2.16.840.1.101.3.4.1.46",
    }
)
_DIGEST_KEYS: Final = MappingProxyType({key: digest for digest in DIGESTS for key in (digest.name, digest.oid)})
_CIPHER_KEYS: Final = MappingProxyType({key: cipher for cipher in CIPHERS for key in (cipher.name, cipher.oid)})


def digest_named(name: str) -> Digest:
    """The digest called ``name``: hyphens optional, any case, or a dotted OID.

    Raises :class:`UnsupportedError` (20008) for one that exists but is not carried out, :class:`SSMTPError` (10194)
    for a name that is not known.
    """
    key = _key(name)
    if key not in _DIGEST_KEYS:
        raise _refused(name, key, [digest.name for digest in DIGESTS])
    return _DIGEST_KEYS[key]


def cipher_named(name: str) -> ContentCipher:
    """The content-encryption cipher called ``name``; as :func:`digest_named`."""
    key = _key(name)
    key = _CIPHER_ALIASES.get(key, key)
    if key not in _CIPHER_KEYS:
        raise _refused(name, key, [cipher.name for cipher in CIPHERS])
    return _CIPHER_KEYS[key]


def _key(name: str) -> str:
    return name.strip().upper().replace("-", "")


def _refused(name: str, key: str, known: list[str]) -> SSMTPError:
    if key in _LATER:
        return UnsupportedError(
            ErrorCode.NOT_SUPPORTED, f"The algorithm {name.strip()} is not supported; supported are {', '.join(known)}."
        )
    return SSMTPError(
        ErrorCode.UNSUPPORTED_ALGORITHM, f"The algorithm {name!r} is not known; known are {', '.join(known)}."
    )
