"""Content-encryption ciphers: name, OID, parameters, implementation (RFC 3370, RFC 3565, RFC 5084)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from asn1crypto import core
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from . import der
from .algorithms import encode_oid, name_key, unknown_algorithm
from .rc2 import RC2CBC

__all__ = ["CIPHERS", "CipherContext", "ContentCipher", "KeyedCipher", "cipher_named"]


class CipherContext(Protocol):
    """One message on its way through a cipher, in pieces of any size."""

    def update(self, data: bytes) -> bytes: ...

    def finalize(self) -> bytes: ...


class KeyedCipher(Protocol):
    """A cipher with its key and initialization vector."""

    def encryptor(self) -> CipherContext: ...

    def decryptor(self) -> CipherContext: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCipher:
    """A content-encryption algorithm: a block cipher in CBC mode, or AES in GCM mode, which authenticates too."""

    name: str
    oid: str
    key_size: int
    """Octets."""
    block_size: int
    """Octets."""
    iv_size: int
    """Octets of the initialization vector, or of GCM's nonce."""
    tag_size: int = 0
    """Octets of the authentication tag; 0 in CBC mode."""
    parameters_der: Callable[[bytes], bytes]
    """DER of the AlgorithmIdentifier's parameters for an initialization vector."""
    keyed: Callable[[bytes, bytes], KeyedCipher]
    """The cipher with a key and an initialization vector."""

    def algorithm_der(self, iv: bytes) -> bytes:
        """AlgorithmIdentifier with ``iv`` in its parameters."""
        return der.wrap(der.SEQUENCE, encode_oid(self.oid), self.parameters_der(iv))

    def padding(self, length: int) -> bytes:
        """What goes behind a content of ``length`` octets (RFC 5652 6.3): one octet to a whole block, never none.

        Nothing in GCM mode (RFC 5084 1.2).
        """
        if self.tag_size:
            return b""
        count = self.block_size - length % self.block_size
        return bytes((count,)) * count


GCM_NONCE_SIZE: Final = 12
"""Octets; RFC 5084 3.2 recommends no other."""
GCM_TAG_SIZE: Final = 16
"""Octets: the whole tag, of which RFC 5084 3.2 would allow to cut off four."""


def _octet_string(iv: bytes) -> bytes:
    return der.wrap(der.OCTET_STRING, iv)


def _cbc(
    name: str, oid: str, key_size: int, block_size: int, algorithm: Callable[[bytes], BlockCipherAlgorithm]
) -> ContentCipher:
    """The IV alone is the parameter (RFC 3565 2.3, RFC 3370 5.1)."""
    return ContentCipher(
        name=name,
        oid=oid,
        key_size=key_size,
        block_size=block_size,
        iv_size=block_size,
        parameters_der=_octet_string,
        keyed=lambda key, iv: Cipher(algorithm(key), modes.CBC(iv)),
    )


def _rc2(bits: int, version: int) -> ContentCipher:
    """RC2-CBC with a key of ``bits`` bits, all of them effective, for which RFC 3370 5.2 writes ``version``."""

    def keyed(key: bytes, iv: bytes) -> KeyedCipher:
        if bits in RC2.key_sizes:
            return Cipher(RC2(key), modes.CBC(iv))
        return RC2CBC(key, iv, bits)

    number: bytes = core.Integer(version).dump()
    return ContentCipher(
        name=f"RC2CBC{bits}",
        oid="1.2.840.113549.3.2",
        key_size=bits // 8,
        block_size=8,
        iv_size=8,
        parameters_der=lambda iv: der.wrap(der.SEQUENCE, number, _octet_string(iv)),
        keyed=keyed,
    )


def _gcm(bits: int, oid: str) -> ContentCipher:
    """AES-GCM with GCMParameters (RFC 5084 3.2)."""
    tag_size: bytes = core.Integer(GCM_TAG_SIZE).dump()
    return ContentCipher(
        name=f"AESGCM{bits}",
        oid=oid,
        key_size=bits // 8,
        block_size=16,
        iv_size=GCM_NONCE_SIZE,
        tag_size=GCM_TAG_SIZE,
        parameters_der=lambda iv: der.wrap(der.SEQUENCE, _octet_string(iv), tag_size),
        keyed=lambda key, iv: Cipher(AES(key), modes.GCM(iv)),
    )


def _des(key: bytes) -> TripleDES:
    # Three times with the same key is DES: the second time undoes the first.
    return TripleDES(key * 3)


CIPHERS: Final = (
    _cbc("AESCBC128", "2.16.840.1.101.3.4.1.2", 16, 16, AES),
    _cbc("AESCBC192", "2.16.840.1.101.3.4.1.22", 24, 16, AES),
    _cbc("AESCBC256", "2.16.840.1.101.3.4.1.42", 32, 16, AES),
    _gcm(128, "2.16.840.1.101.3.4.1.6"),
    _gcm(192, "2.16.840.1.101.3.4.1.26"),
    _gcm(256, "2.16.840.1.101.3.4.1.46"),
    _cbc("3DES", "1.2.840.113549.3.7", 24, 8, TripleDES),
    _cbc("DES", "1.3.14.3.2.7", 8, 8, _des),
    _rc2(40, 160),
    _rc2(64, 120),
    _rc2(128, 58),
)
_CIPHER_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    # The object identifier of RC2 leaves the size of the key open.
    {"AES": "AESCBC128", "RC2": "RC2CBC128", "1.2.840.113549.3.2": "RC2CBC128"}
)
_CIPHER_KEYS: Final = MappingProxyType({key: cipher for cipher in CIPHERS for key in (cipher.name, cipher.oid)})


def cipher_named(name: str) -> ContentCipher:
    """The content-encryption cipher called ``name``; hyphens optional, any case, or a dotted OID.

    Raises :class:`SSMTPError` (10194) for a name that is not known.
    """
    key = name_key(name)
    key = _CIPHER_ALIASES.get(key, key)
    if key not in _CIPHER_KEYS:
        raise unknown_algorithm(name, [cipher.name for cipher in CIPHERS])
    return _CIPHER_KEYS[key]
