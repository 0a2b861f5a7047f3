"""OpenSSH's own private key format, ``openssh-key-v1`` (PROTOCOL.key of OpenSSH)."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError, UnsupportedError
from ..armor import PemBlock, decode_base64
from .ssh_wire import SSHReader

__all__ = ["OPENSSH_LABEL", "is_encrypted", "load_openssh_key"]

OPENSSH_LABEL: Final = "OPENSSH PRIVATE KEY"
_MAGIC: Final = b"openssh-key-v1\0"
# ssh-keygen takes 16 to 24, each about 10 ms.
_MAXIMUM_ROUNDS: Final = 500


def is_encrypted(block: PemBlock) -> bool:
    """Whether the key in ``block`` needs a password. Raises ValueError when the block is damaged."""
    return _header(block)[0] != b"none"


def load_openssh_key(block: PemBlock, password: bytes | None, what: str) -> PrivateKeyTypes:
    """The key in ``block``.

    Raises :class:`CertificateError` (271) when its derivation asks for endless work, :class:`UnsupportedError` (20009)
    where the package is missing with which cryptography tries the password, and ValueError or its like for a wrong
    password and for what is damaged.
    """
    rounds = _header(block)[1]
    if rounds > _MAXIMUM_ROUNDS:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The key derivation of {what} asks for {rounds} rounds; at most {_MAXIMUM_ROUNDS} are done.",
        )
    try:
        return load_ssh_private_key(block.text, password)
    except UnsupportedAlgorithm as error:
        if "bcrypt" not in str(error):
            raise
        raise UnsupportedError(
            ErrorCode.MISSING_EXTRA,
            f"An encrypted private key of OpenSSH, as in {what}, needs: pip install 'ssmtp_compat[openssh]'",
        ) from None


def _header(block: PemBlock) -> tuple[bytes, int]:
    """Cipher, and rounds of bcrypt."""
    octets = decode_base64(block.body)
    if not octets.startswith(_MAGIC):
        raise ValueError("no key of OpenSSH")
    reader = SSHReader(octets[len(_MAGIC) :])
    cipher, derivation, options = reader.string(), reader.string(), reader.string()
    if derivation != b"bcrypt":
        return cipher, 0
    inner = SSHReader(options)
    inner.string()
    return cipher, inner.uint32()
