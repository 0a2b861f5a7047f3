"""Content-encryption ciphers: name, OID, implementation (RFC 3370, RFC 3565)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from . import der
from .algorithms import encode_oid, name_key, unknown_algorithm

__all__ = ["CIPHERS", "ContentCipher", "cipher_named"]


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
_CIPHER_KEYS: Final = MappingProxyType({key: cipher for cipher in CIPHERS for key in (cipher.name, cipher.oid)})


def cipher_named(name: str) -> ContentCipher:
    """The content-encryption cipher called ``name``; hyphens optional, any case, or a dotted OID.

    Raises :class:`UnsupportedError` (20008) for one that exists but is not carried out, and otherwise as
    :func:`digests.digest_named`.
    """
    key = name_key(name)
    key = _CIPHER_ALIASES.get(key, key)
    if key not in _CIPHER_KEYS:
        raise unknown_algorithm(name, [cipher.name for cipher in CIPHERS], _LATER)
    return _CIPHER_KEYS[key]
