"""The encryption of traditional PEM keys (RFC 1421 4.6.1.3), as OpenSSL writes it.

cryptography opens three of these ciphers, and panics where the initialization vector is too short.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ..armor import PemBlock, decode_base64
from .padding import without_padding
from .pbe import UnknownAlgorithmError

__all__ = ["dek_cipher", "load_traditional"]

_DEK_INFO: Final = re.compile(rb"\ADEK-Info: *([A-Z0-9-]{1,30}),([0-9A-Fa-f]{2,64}) *\Z")
_SALT_SIZE: Final = 8
# Name in DEK-Info -> octets of the key, cipher. With one key three times, Triple DES is DES.
_CIPHERS: Final[dict[str, tuple[int, Callable[[bytes], BlockCipherAlgorithm]]]] = {
    "AES-128-CBC": (16, AES),
    "AES-192-CBC": (24, AES),
    "AES-256-CBC": (32, AES),
    "DES-EDE3-CBC": (24, TripleDES),
    "DES-CBC": (8, lambda key: TripleDES(key * 3)),
}


def dek_cipher(block: PemBlock) -> str:
    """The cipher that the block's DEK-Info header names; empty without that header."""
    found = _dek_info(block)
    return found[0] if found else ""


def load_traditional(block: PemBlock, password: bytes) -> PrivateKeyTypes:
    """The key in ``block``. ValueError for a wrong password or damage, UnknownAlgorithmError for another cipher."""
    found = _dek_info(block)
    if found is None:
        raise ValueError("its header DEK-Info is missing or damaged")
    name, vector, body = found
    if name not in _CIPHERS:
        raise UnknownAlgorithmError(name)
    key_size, algorithm = _CIPHERS[name]
    cipher = algorithm(_derive(password, vector[:_SALT_SIZE], key_size))
    decryptor = Cipher(cipher, CBC(vector)).decryptor()  # ValueError where the vector has another length than a block
    padded = decryptor.update(decode_base64(body)) + decryptor.finalize()
    if not padded:
        raise ValueError("nothing is encrypted")
    return load_der_private_key(without_padding(padded, cipher.block_size // 8), None)


def _derive(password: bytes, salt: bytes, size: int) -> bytes:
    """EVP_BytesToKey of OpenSSL with MD5 and one iteration, which is what the format prescribes."""
    derived = last = b""
    while len(derived) < size:
        last = hashlib.md5(last + password + salt, usedforsecurity=False).digest()
        derived += last
    return derived[:size]


def _dek_info(block: PemBlock) -> tuple[str, bytes, bytes] | None:
    """Cipher, initialization vector, and the body behind the headers."""
    lines = block.body.strip().splitlines()
    for number, line in enumerate(lines[:10]):
        if match := _DEK_INFO.match(line):
            return match[1].decode("ascii"), bytes.fromhex(match[2].decode("ascii")), b"\n".join(lines[number + 1 :])
    return None
