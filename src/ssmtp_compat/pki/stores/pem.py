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
from .budget import Budget
from .content import MALFORMED
from .entries import MAXIMUM_KEYS, Store, join_store
from .openssh import OPENSSH_LABEL, is_encrypted, load_openssh_key
from .pbe import UnknownAlgorithmError
from .pkcs8 import load_encrypted_pkcs8
from .traditional import dek_cipher, load_traditional

__all__ = ["open_pem"]

_ENCRYPTED_LABEL: Final = "ENCRYPTED PRIVATE KEY"
_KEY_LABELS: Final = frozenset(
    {"PRIVATE KEY", _ENCRYPTED_LABEL, "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", OPENSSH_LABEL}
)
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
    budget = Budget(what)
    certificates: list[Certificate] = []
    keys: list[PrivateKeyTypes] = []
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS:
            certificates.append(_certificate(block, len(certificates) + 1, budget, what))
        elif block.label in _KEY_LABELS:
            if len(keys) == MAXIMUM_KEYS:
                raise CertificateError(
                    ErrorCode.CANNOT_OPEN_STORE, f"There are more than {MAXIMUM_KEYS} private keys in {what}."
                )
            keys.append(_private_key(block, password, budget, what))
    if label := _cut_short(content):
        text = f"The content of {what} is cut short: the line -----END {label}----- is missing."
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text)
    if not certificates and not keys:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _nothing(content, what))
    return join_store(certificates, keys)


def _cut_short(content: bytes) -> str:
    """The label of a certificate or a key at the end that has no end; ``""`` when there is none."""
    rest = content[max(content.rfind(b"-----BEGIN "), 0) :]
    for label in CERTIFICATE_LABELS | _KEY_LABELS:
        name = label.encode("ascii")
        if rest.startswith(b"-----BEGIN %b-----" % name) and b"-----END %b-----" % name not in rest:
            return label
    return ""


def _certificate(block: PemBlock, number: int, budget: Budget, what: str) -> Certificate:
    try:
        return budget.load_certificate(decode_base64(block.body))
    except ValueError as error:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"Certificate number {number} in {what} is damaged."
        ) from error


def _private_key(block: PemBlock, password: bytes, budget: Budget, what: str) -> PrivateKeyTypes:
    try:
        # All forms of encryption say so in clear: PKCS#8 in the label, the traditional form in a header (RFC 1421
        # 4.6.1), OpenSSH's in the name of its cipher.
        if block.label == OPENSSH_LABEL:
            encrypted = is_encrypted(block)
        else:
            encrypted = block.label == _ENCRYPTED_LABEL or b"ENCRYPTED" in block.body[:200]
    except ValueError as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _damaged(what)) from error
    if encrypted and not password:
        raise CertificateError(
            ErrorCode.CANNOT_OPEN_STORE, f"The private key in {what} is encrypted, and no password was given."
        )
    budget.check_key(len(block.body) * 3 // 4)
    try:
        return _load(block, password if encrypted else None, budget, what)
    except (UnsupportedAlgorithm, NotImplementedError, UnknownAlgorithmError) as error:
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, _unsupported(block, what)) from error
    except MALFORMED as error:
        text = f"The private key in {what} cannot be read: the password does not open it, or it is damaged."
        raise CertificateError(ErrorCode.CANNOT_OPEN_STORE, text if encrypted else _damaged(what)) from error


def _load(block: PemBlock, password: bytes | None, budget: Budget, what: str) -> PrivateKeyTypes:
    if block.label == OPENSSH_LABEL:
        return load_openssh_key(block, password, what)
    if password is None:
        return load_pem_private_key(block.text, None)
    if block.label == _ENCRYPTED_LABEL:
        return load_encrypted_pkcs8(decode_base64(block.body), password, budget, what)
    return load_traditional(block, password)


def _damaged(what: str) -> str:
    return f"The private key in {what} cannot be read: it is damaged."


def _unsupported(block: PemBlock, what: str) -> str:
    how = f" ({dek_cipher(block)})" if dek_cipher(block) else ""
    return f"The private key in {what} is of a kind, or encrypted in a way{how}, that is not supported."


def _nothing(content: bytes, what: str) -> str:
    if content[:1] == b"\x30":
        return f"The content of {what} is binary and not PEM text; it may be a PKCS#12 store."
    return f"There is no certificate in {what}. {_CERTIFICATE_MISSING}"
