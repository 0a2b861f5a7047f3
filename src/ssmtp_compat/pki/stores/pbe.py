"""Password-based encryption of stores and keys: the scheme of RFC 7292 appendix B, PBES1 and PBES2 (RFC 8018 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ..rc2 import BLOCK_SIZE as RC2_BLOCK_SIZE
from ..rc2 import RC2CBC
from .budget import Budget
from .padding import without_padding

__all__ = ["Password", "UnknownAlgorithmError", "decrypt", "derive_pbkdf2", "derive_pkcs12", "password_forms"]

_KEY: Final = 1
_IV: Final = 2
MAXIMUM_SALT: Final = 1024
"""Octets; written are 8 to 64. A salt is repeated, and every piece of it worked on, for each block of output."""
# asn1crypto's names (RFC 7292 appendix C) -> octets of key, and of the key for RC2 its effective bits.
_PKCS12_SCHEMES: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "pkcs12_sha1_tripledes_3key": ("tripledes", 24),
        "pkcs12_sha1_tripledes_2key": ("tripledes", 16),
        "pkcs12_sha1_rc2_128": ("rc2", 16),
        "pkcs12_sha1_rc2_40": ("rc2", 5),
    }
)
# PBES1 (RFC 8018 A.3): hash and cipher; key and initialization vector are 8 octets each.
_PBES1_SCHEMES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "pbes1_md5_des": ("md5", "tripledes"),
        "pbes1_md5_rc2": ("md5", "rc2"),
        "pbes1_sha1_des": ("sha1", "tripledes"),
        "pbes1_sha1_rc2": ("sha1", "rc2"),
    }
)
_PBES2_SCHEMES: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "aes128_cbc": ("aes", 16),
        "aes192_cbc": ("aes", 24),
        "aes256_cbc": ("aes", 32),
        "tripledes_3key": ("tripledes", 24),
    }
)
_BLOCK_SIZES: Final[Mapping[str, int]] = MappingProxyType({"aes": 16, "tripledes": 8, "rc2": RC2_BLOCK_SIZE})


class UnknownAlgorithmError(Exception):
    """A store asks for an algorithm that is not known here."""


@dataclass(frozen=True, slots=True)
class Password:
    """A password as the key derivations take it."""

    bmp: bytes = field(repr=False)
    """BMPString with two zero octets behind it (RFC 7292 B.1); surrogate pairs beyond the Basic Multilingual Plane."""
    utf8: bytes = field(repr=False)
    """For PBKDF2, where it is of no consequence whether the password is empty or there is none."""


def password_forms(password: bytes) -> tuple[Password, ...]:
    """The forms to try: an empty password may mean the empty text, or none at all, which derive different keys."""
    text = Password(password.decode("utf-8").encode("utf-16-be") + b"\0\0", password)
    return (text,) if password else (text, Password(b"", b""))


def decrypt(algorithm: Any, ciphertext: bytes, password: Password, budget: Budget) -> bytes:
    """Decrypt with the algorithm of asn1crypto's EncryptionAlgorithm.

    Raises ValueError when password, padding or parameters are wrong, :class:`UnknownAlgorithmError`, and what
    :class:`Budget` raises.
    """
    name = algorithm["algorithm"].native
    parameters = algorithm["parameters"]
    if name == "pbes2":
        cipher, key, iv = _pbes2(parameters, password, budget)
    elif name in _PKCS12_SCHEMES:
        cipher, size = _PKCS12_SCHEMES[name]
        salt, iterations = parameters["salt"].native, parameters["iterations"].native
        key = derive_pkcs12("sha1", _KEY, password, salt, iterations, size, budget)
        iv = derive_pkcs12("sha1", _IV, password, salt, iterations, _BLOCK_SIZES[cipher], budget)
    elif name in _PBES1_SCHEMES:
        digest, cipher = _PBES1_SCHEMES[name]
        derived = _derive_pbkdf1(digest, password, parameters["salt"].native, parameters["iterations"].native, budget)
        key, iv = derived[:8], derived[8:16]
    else:
        raise UnknownAlgorithmError(name)
    if not ciphertext or len(ciphertext) % _BLOCK_SIZES[cipher] or len(iv) != _BLOCK_SIZES[cipher]:
        raise ValueError("not made of whole blocks")
    if cipher == "rc2":
        budget.decrypt_rc2(len(ciphertext))
    return without_padding(_decrypt(cipher, key, iv, ciphertext), _BLOCK_SIZES[cipher])


def derive_pkcs12(
    digest: str, purpose: int, password: Password, salt: bytes, iterations: int, size: int, budget: Budget
) -> bytes:
    """``size`` octets for ``purpose``: 1 key, 2 initialization vector, 3 MAC key (RFC 7292 B.2)."""
    budget.derive(iterations)
    if len(salt) > MAXIMUM_SALT:
        raise ValueError("a salt that is too long")
    make = getattr(hashlib, digest)
    block_size = make().block_size
    diversifier = bytes((purpose,)) * block_size
    mixed = _repeated(salt, block_size) + _repeated(password.bmp, block_size)
    output = bytearray()
    while True:
        block = make(diversifier + mixed).digest()
        for _ in range(iterations - 1):
            block = make(block).digest()
        output += block
        if len(output) >= size:
            return bytes(output[:size])
        # The same repeated block, and one, is added to every block of salt and password.
        addend = int.from_bytes(_repeated(block, block_size)[:block_size], "big") + 1
        modulus = 1 << 8 * block_size
        mixed = b"".join(
            ((int.from_bytes(mixed[start : start + block_size], "big") + addend) % modulus).to_bytes(block_size, "big")
            for start in range(0, len(mixed), block_size)
        )


def _derive_pbkdf1(digest: str, password: Password, salt: bytes, iterations: int, budget: Budget) -> bytes:
    """All that one hash gives (RFC 8018 5.1)."""
    budget.derive(iterations)
    derived = password.utf8 + salt
    for _ in range(iterations):
        derived = hashlib.new(digest, derived, usedforsecurity=False).digest()
    return derived


def derive_pbkdf2(parameters: Any, password: Password, size: int, budget: Budget) -> bytes:
    """``size`` octets by PBKDF2 with the PBKDF2-params ``parameters`` (RFC 8018 A.2)."""
    iterations = parameters["iteration_count"].native
    salt = parameters["salt"].native
    digest = parameters["prf"]["algorithm"].native
    budget.derive(iterations)
    if not isinstance(salt, bytes) or len(salt) > MAXIMUM_SALT:
        raise ValueError("a salt that is too long, or none")
    if digest not in hashlib.algorithms_guaranteed:
        raise UnknownAlgorithmError(digest)
    return hashlib.pbkdf2_hmac(digest, password.utf8, salt, iterations, size)


def _pbes2(parameters: Any, password: Password, budget: Budget) -> tuple[str, bytes, bytes]:
    derivation = parameters["key_derivation_func"]
    scheme = parameters["encryption_scheme"]
    name = scheme["algorithm"].native
    if derivation["algorithm"].native != "pbkdf2" or name not in _PBES2_SCHEMES:
        raise UnknownAlgorithmError(name)
    cipher, size = _PBES2_SCHEMES[name]
    if derivation["parameters"]["key_length"].native not in (None, size):
        raise ValueError("a key length that is not the cipher's")
    return cipher, derive_pbkdf2(derivation["parameters"], password, size, budget), scheme["parameters"].native


def _decrypt(cipher: str, key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    if cipher == "rc2":
        context = RC2CBC(key, iv, 8 * len(key)).decryptor()
        return context.update(ciphertext) + context.finalize()
    # Three keys K1, K2, K1 are what TripleDES with two keys is, and with K1 three times it is DES.
    algorithm = AES(key) if cipher == "aes" else TripleDES((key * 3)[:24])
    decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _repeated(octets: bytes, block_size: int) -> bytes:
    """Repeated up to whole blocks; nothing stays nothing."""
    size = -(-len(octets) // block_size) * block_size
    return (octets * (size // len(octets) + 1))[:size] if octets else b""
