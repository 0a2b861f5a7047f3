"""Certificates and public keys without private keys as a store: PEM text or DER."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ...catalog.errors import ErrorCode
from ...errors import CertificateError
from ..armor import CERTIFICATE_LABELS, decode_base64, pem_blocks, plain_content
from ..ber import Element, read_elements
from ..certificates import Certificate
from .budget import Budget
from .content import binary_content, definite_content
from .entries import MAXIMUM_KEYS, Store, join_store

__all__ = ["PUBLIC_KEY_LABELS", "open_public"]

PUBLIC_KEY_LABELS: Final = ("PUBLIC KEY", "RSA PUBLIC KEY")
"""SubjectPublicKeyInfo (RFC 7468 13), and RSAPublicKey (RFC 8017 A.1.1)."""
_KIND: Final = "certificate or public key"
_PARTS_OF_A_CERTIFICATE: Final = 3


def open_public(content: bytes, password: bytes, what: str) -> Store:
    """Read certificates and bare public keys in PEM, or one of them in DER or in base64.

    ``password`` is not used. ``what`` names the store in the text of an error. Raises :class:`CertificateError` (271)
    when the content is something else or damaged.
    """
    content = plain_content(content, b"-----BEGIN ")
    budget = Budget(what)
    certificates: list[Certificate] = []
    public_keys: list[PublicKeyTypes] = []
    for der in _encodings(content, what):
        if _is_certificate(der, what):
            certificates.append(budget.load_certificate(der))
        else:
            public_keys.append(_public_key(der, what))
        if len(public_keys) > MAXIMUM_KEYS:
            raise CertificateError(
                ErrorCode.CANNOT_OPEN_STORE,
                f"There are more than {MAXIMUM_KEYS} public keys in {what}, which is too many.",
            )
    if not certificates and not public_keys:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"There is no {_KIND} in {what}.")
    return join_store(certificates, (), public_keys)


def _encodings(content: bytes, what: str) -> list[bytes]:
    if b"-----BEGIN " not in content:
        return [definite_content(binary_content(content, what, _KIND), what, _KIND)]
    wanted = CERTIFICATE_LABELS | frozenset(PUBLIC_KEY_LABELS)
    try:
        encodings = [decode_base64(block.body) for block in pem_blocks(content) if block.label in wanted]
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is damaged.") from error
    return [definite_content(encoded, what, _KIND) for encoded in encodings]


def _is_certificate(der: bytes, what: str) -> bool:
    # A certificate has signature algorithm and signature behind its body; a key is an algorithm and a bit string.
    try:
        return len(read_elements(der, Element).children) == _PARTS_OF_A_CERTIFICATE
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.") from error


def _public_key(der: bytes, what: str) -> PublicKeyTypes:
    try:
        return load_der_public_key(der)
    except UnsupportedAlgorithm as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The public key in {what} is of a kind that is not supported."
        ) from error
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, f"The content of {what} is no {_KIND}.") from error
