"""PEM text as a store: private keys and certificates in any order, other text and other blocks around them."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import CERTIFICATE_LABELS, PemBlock, decode_base64, pem_blocks, plain_content
from ..certificates import Certificate
from .derivation import MAXIMUM_ITERATIONS, pkcs8_iterations
from .entries import MAXIMUM_CERTIFICATES, MAXIMUM_KEYS, Store, join_store
from .openssh import OPENSSH_LABEL, is_encrypted, load_openssh_key
from .traditional import decrypt_traditional, dek_cipher

__all__ = ["open_pem"]

_ENCRYPTED_LABEL: Final = "ENCRYPTED PRIVATE KEY"
_KEY_LABELS: Final = frozenset(
    {"PRIVATE KEY", _ENCRYPTED_LABEL, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", OPENSSH_LABEL}
)
_MAXIMUM_KEY_TEXT: Final = 8 * 1024
"""Octets of a block: room for an RSA key of 8192 bits. Checking a larger key takes longer than anybody waits."""
_CERTIFICATE_MISSING: Final = "It needs a block that begins with -----BEGIN CERTIFICATE-----."


def open_pem(content: bytes, password: bytes, what: str) -> Store:
    """Read certificates and keys, and match them by public key.

    Keys are taken as PKCS#8, as PKCS#1 (RSA) and SEC1 (EC) with the traditional encryption, and in the form of
    OpenSSH. The password is used for every encrypted key and ignored where no key is encrypted. A key whose
    certificate is not there is a loose key of the store. ``what`` names the store in the text of an error. Raises
    :class:`CertificateError` (271) when there is neither certificate nor key, when a block is damaged and when the
    password is missing or wrong.
    """
    content = plain_content(content, b"-----BEGIN ")
    certificates: list[Certificate] = []
    keys: list[PrivateKeyTypes] = []
    iterations = 0
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS:
            certificates.append(_certificate(block, len(certificates) + 1, what))
        elif block.label in _KEY_LABELS:
            iterations += _iterations(block, what)
            if iterations > MAXIMUM_ITERATIONS:
                raise CertificateError(
                    ErrorCode.CANNOT_OPEN_STORE,
                    f"The key derivation of {what} asks for {iterations} iterations; at most {MAXIMUM_ITERATIONS} are "
                    "done.",
                )
            keys.append(_private_key(block, password, what))
        if len(certificates) > MAXIMUM_CERTIFICATES or len(keys) > MAXIMUM_KEYS:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"There is too much in {what}: a store has at most {MAXIMUM_CERTIFICATES} certificates and "
                f"{MAXIMUM_KEYS} private keys.",
            )
    if not certificates and not keys:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _nothing(content, what))
    return join_store(certificates, keys)


def _certificate(block: PemBlock, number: int, what: str) -> Certificate:
    try:
        return Certificate(decode_base64(block.body))
    except (ValueError, CertificateError) as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"Certificate number {number} in {what} is damaged."
        ) from error


def _iterations(block: PemBlock, what: str) -> int:
    if block.label != _ENCRYPTED_LABEL:
        return 0
    try:
        return pkcs8_iterations(decode_base64(block.body), what)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _damaged(what)) from error


def _private_key(block: PemBlock, password: bytes, what: str) -> PrivateKeyTypes:
    if len(block.text) > _MAXIMUM_KEY_TEXT:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is too large.")
    encrypted = _encrypted(block, what)
    if encrypted and not password:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is encrypted, and no password was given."
        )
    try:
        return _load(block, password if encrypted else None, what)
    except (UnsupportedAlgorithm, NotImplementedError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _unsupported(block, what)) from error
    except (ValueError, TypeError) as error:
        if "unknown cipher" in str(error) or "Unknown key encryption" in str(error):
            raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _unsupported(block, what)) from error
        reason = "the password does not open it, or it is damaged" if encrypted else "it is damaged"
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} cannot be read: {reason}."
        ) from error


def _load(block: PemBlock, password: bytes | None, what: str) -> PrivateKeyTypes:
    if block.label == OPENSSH_LABEL:
        return load_openssh_key(block, password, what)
    key = decrypt_traditional(block, password) if password is not None else None
    return key or load_pem_private_key(block.text, password)


def _encrypted(block: PemBlock, what: str) -> bool:
    # All forms of encryption say so in clear: PKCS#8 in the label, the traditional form in a header (RFC 1421 4.6.1).
    if block.label != OPENSSH_LABEL:
        return block.label == _ENCRYPTED_LABEL or b"ENCRYPTED" in block.body[:200]
    try:
        return is_encrypted(block)
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _damaged(what)) from error


def _damaged(what: str) -> str:
    return f"The private key in {what} cannot be read: it is damaged."


def _unsupported(block: PemBlock, what: str) -> str:
    how = f" ({dek_cipher(block)})" if dek_cipher(block) else ""
    return f"The private key in {what} is of a kind, or encrypted in a way{how}, that is not supported."


def _nothing(content: bytes, what: str) -> str:
    if b"-----BEGIN CERTIFICATE-----" in content:
        return f"A certificate in {what} is cut short: its END line is missing."
    if content[:1] == b"\x30":
        return f"The content of {what} is binary and not PEM text; it may be a PKCS#12 store."
    return f"There is no certificate in {what}. {_CERTIFICATE_MISSING}"
