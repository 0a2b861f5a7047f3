"""EnvelopedData (RFC 5652 6): content encrypted once, its key encrypted for every recipient.

The plaintext's length is known beforehand, so the definite-length DER is written as the content streams through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError
from ..pki.certificates import Certificate
from . import der
from .algorithms import ID_DATA, RSA_ENCRYPTION, encode_oid
from .ciphers import ContentCipher
from .suitability import CertificateRules, check_recipient, recipient_key

__all__ = ["RecipientsSpec", "encrypt", "encrypted_length"]


@dataclass(frozen=True, slots=True)
class RecipientsSpec:
    """For whom to encrypt, and with what."""

    certificates: tuple[Certificate, ...]
    """A certificate that stands here twice counts once."""
    cipher: ContentCipher
    now: datetime
    """Time-zone aware; the moment at which the certificates have to be valid."""
    rules: CertificateRules = field(default_factory=CertificateRules)


_ENVELOPED_DATA: Final = encode_oid("1.2.840.113549.1.7.3")
_VERSION_0: Final = core.Integer(0).dump()


def encrypt(
    plaintext: Iterable[bytes], length: int, spec: RecipientsSpec, random: Callable[[int], bytes] = os.urandom
) -> Iterator[bytes]:
    """DER of a ContentInfo with an EnvelopedData, in pieces, as ``plaintext`` (``length`` octets in all) is read.

    Key transport is RSA PKCS #1 v1.5, recipients are named by issuer and serial number. Raises
    :class:`CertificateError` when there is no certificate or one is out of date (10202), is for another purpose
    (10201) or has too small a key (10223), and :class:`UnsupportedError` when a key is not RSA; all of it before the
    first piece. A ``plaintext`` of another length is a defect of the caller (20014).
    """
    recipients = _recipients(spec)
    cipher = spec.cipher
    key = random(cipher.key_size)
    iv = random(cipher.block_size)
    infos = [
        _recipient_info(certificate, _encrypted_key(key, public_key, certificate))
        for certificate, public_key in recipients
    ]
    start = _beginning(infos, cipher.algorithm_der(iv), _padded(length, cipher))
    return _stream(start, plaintext, length, cipher, key, iv)


def encrypted_length(length: int, spec: RecipientsSpec) -> int:
    """Octets that :func:`encrypt` yields in all for a plaintext of ``length`` octets; raises as it does."""
    infos = [
        _recipient_info(certificate, bytes((public_key.key_size + 7) // 8))
        for certificate, public_key in _recipients(spec)
    ]
    padded = _padded(length, spec.cipher)
    return len(_beginning(infos, spec.cipher.algorithm_der(bytes(spec.cipher.block_size)), padded)) + padded


def _recipients(spec: RecipientsSpec) -> list[tuple[Certificate, RSAPublicKey]]:
    if not spec.certificates:
        raise CertificateError(
            ErrorCode.NO_RECIPIENT_CERTIFICATE, "There is no recipient certificate to encrypt the message for."
        )
    found = []
    for certificate in dict.fromkeys(spec.certificates):
        check_recipient(certificate, spec.rules, spec.now)
        found.append((certificate, recipient_key(certificate)))
    return found


def _encrypted_key(key: bytes, public_key: RSAPublicKey, certificate: Certificate) -> bytes:
    try:
        return public_key.encrypt(key, PKCS1v15())
    except ValueError as error:
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE,
            f"The {public_key.key_size}-bit key of {certificate.subject} cannot encrypt a {len(key) * 8}-bit key.",
        ) from error


def _recipient_info(certificate: Certificate, encrypted_key: bytes) -> bytes:
    return der.wrap(
        der.SEQUENCE,
        _VERSION_0,
        certificate.issuer_and_serial_der,
        RSA_ENCRYPTION,
        der.wrap(der.OCTET_STRING, encrypted_key),
    )


def _beginning(infos: Iterable[bytes], algorithm: bytes, content_length: int) -> bytes:
    """Everything up to the first octet of the encrypted content, built from the inside to the outside."""
    start = der.header(der.CONTEXT_0_PRIMITIVE, content_length)
    start = der.opening(der.SEQUENCE, ID_DATA + algorithm + start, content_length)
    start = der.opening(der.SEQUENCE, _VERSION_0 + der.set_of(infos) + start, content_length)
    start = der.opening(der.CONTEXT_0, start, content_length)
    return der.opening(der.SEQUENCE, _ENVELOPED_DATA + start, content_length)


def _padded(length: int, cipher: ContentCipher) -> int:
    # RFC 5652 6.3: one to a whole block of padding, never none.
    return length + cipher.block_size - length % cipher.block_size


def _stream(
    start: bytes, plaintext: Iterable[bytes], length: int, cipher: ContentCipher, key: bytes, iv: bytes
) -> Iterator[bytes]:
    yield start
    context = cipher.encryptor(key, iv)
    seen = 0
    for chunk in plaintext:
        seen += len(chunk)
        yield context.update(chunk)
    if seen != length:
        raise SSMTPError(ErrorCode.INTERNAL, f"{length} octets were announced for encryption and {seen} came.")
    padding = _padded(length, cipher) - length
    yield context.update(bytes((padding,)) * padding) + context.finalize()
