"""PEM text as a store: private keys and certificates in any order, other text and other blocks around them."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import CERTIFICATE_LABELS, PemBlock, decode_base64, pem_blocks
from ..certificates import Certificate
from .entries import Store, make_store

__all__ = ["open_pem"]

_KEY_LABELS: Final = frozenset(
    {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"}
)
_CERTIFICATE_MISSING: Final = "It needs a block that begins with -----BEGIN CERTIFICATE-----."


def open_pem(content: bytes, password: bytes, what: str) -> Store:
    """Read certificates and keys (PKCS#8 or the traditional form, encrypted or not) and match them by public key.

    The password is used for every encrypted key and ignored where no key is encrypted. ``what`` names the store in
    the text of an error. Raises :class:`CertificateError` (271) when there is no certificate, when a block is damaged
    and when the password is missing or wrong.
    """
    certificates: list[Certificate] = []
    keys: dict[bytes, PrivateKeyTypes] = {}
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS:
            certificates.append(_certificate(block, len(certificates) + 1, what))
        elif block.label in _KEY_LABELS:
            key = _private_key(block, password, what)
            keys[key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)] = key
    if not certificates:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _no_certificate(content, bool(keys), what))
    return make_store((certificate, keys.get(certificate.public_key_der)) for certificate in certificates)


def _certificate(block: PemBlock, number: int, what: str) -> Certificate:
    try:
        return Certificate(decode_base64(block.body))
    except (ValueError, CertificateError) as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"Certificate number {number} in {what} is damaged."
        ) from error


def _private_key(block: PemBlock, password: bytes, what: str) -> PrivateKeyTypes:
    # Both forms of encryption say so in clear: PKCS#8 in the label, the traditional form in a header (RFC 1421 4.6.1).
    encrypted = block.label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in block.body[:200]
    if encrypted and not password:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is encrypted, and no password was given."
        )
    try:
        return load_pem_private_key(block.text, password if encrypted else None)
    except UnsupportedAlgorithm as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE,
            f"The private key in {what} is of a kind, or encrypted in a way, that is not supported.",
        ) from error
    except (ValueError, TypeError) as error:
        reason = "the password does not open it, or it is damaged" if encrypted else "it is damaged"
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} cannot be read: {reason}."
        ) from error


def _no_certificate(content: bytes, has_keys: bool, what: str) -> str:
    if has_keys:
        return f"There is a private key in {what}, but no certificate. {_CERTIFICATE_MISSING}"
    if b"-----BEGIN CERTIFICATE-----" in content:
        return f"A certificate in {what} is cut short: its END line is missing."
    if content[:1] == b"\x30":
        return f"The content of {what} is binary and not PEM text; it may be a PKCS#12 store."
    return f"There is no certificate in {what}. {_CERTIFICATE_MISSING}"
