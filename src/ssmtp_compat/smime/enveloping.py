"""EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083): content encrypted once, its key for every recipient.

The plaintext's length is known beforehand, so the definite-length DER is written as the content streams through.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from asn1crypto import core
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError
from ..pki.certificates import Certificate
from . import der, oids
from .algorithms import ID_DATA, encode_oid
from .ciphers import ContentCipher
from .key_transport import PKCS1, KeyTransport
from .recipient_infos import recipient_info, recipient_infos_version
from .suitability import CertificateRules, check_recipient

__all__ = ["RecipientsSpec", "encrypt"]


@dataclass(frozen=True, slots=True)
class RecipientsSpec:
    """For whom to encrypt, and with what."""

    certificates: tuple[Certificate, ...]
    """A certificate that stands here twice counts once."""
    cipher: ContentCipher
    now: datetime
    """Time-zone aware; the moment at which the certificates have to be valid."""
    rules: CertificateRules = field(default_factory=CertificateRules)
    transport: KeyTransport = PKCS1
    """For recipients with RSA keys."""


_ENVELOPED_DATA: Final = encode_oid(oids.ENVELOPED_DATA)
_AUTH_ENVELOPED_DATA: Final = encode_oid(oids.AUTH_ENVELOPED_DATA)


def encrypt(
    plaintext: Iterable[bytes], length: int, spec: RecipientsSpec, random: Callable[[int], bytes] = os.urandom
) -> Iterator[bytes]:
    """DER of a ContentInfo, in pieces, as ``plaintext`` (``length`` octets in all) is read.

    In it is an EnvelopedData, or an AuthEnvelopedData with a cipher that authenticates. ``random`` gives the octets of
    the key and the initialization vector. Raises :class:`CertificateError` when there is no certificate or one is out
    of date (10202), is for another purpose (10201) or has too weak or too small a key (10223), and what
    :func:`recipient_infos.recipient_info` raises; all of it before the first piece. A ``plaintext`` of another length
    is a defect of the caller (20014).
    """
    cipher = spec.cipher
    key = random(cipher.key_size)
    iv = random(cipher.iv_size)
    return _stream(_beginning(spec, key, iv, length), plaintext, length, cipher, key, iv)


def _recipient_infos(spec: RecipientsSpec, key: bytes) -> list[bytes]:
    if not spec.certificates:
        raise CertificateError(
            ErrorCode.NO_RECIPIENT_CERTIFICATE, "There is no recipient certificate to encrypt the message for."
        )
    certificates = tuple(dict.fromkeys(spec.certificates))
    for certificate in certificates:
        check_recipient(certificate, spec.rules, spec.now)
    return [recipient_info(certificate, key, spec.cipher, spec.transport) for certificate in certificates]


def _following(length: int, cipher: ContentCipher) -> tuple[int, int]:
    """Octets of the encrypted content, and of what comes behind it."""
    tag = len(der.wrap(der.OCTET_STRING, bytes(cipher.tag_size))) if cipher.tag_size else 0
    return length + len(cipher.padding(length)), tag


def _beginning(spec: RecipientsSpec, key: bytes, iv: bytes, length: int) -> bytes:
    """Everything up to the first octet of the encrypted content, built from the inside to the outside."""
    cipher = spec.cipher
    infos = _recipient_infos(spec, key)
    content, tag = _following(length, cipher)
    # RFC 5083 2.1: the version of an AuthEnvelopedData is always 0.
    version: bytes = core.Integer(0 if cipher.tag_size else recipient_infos_version(infos)).dump()
    start = der.header(der.CONTEXT_0_PRIMITIVE, content)
    start = der.opening(der.SEQUENCE, ID_DATA + cipher.algorithm_der(iv) + start, content)
    start = der.opening(der.SEQUENCE, version + der.set_of(infos) + start, content + tag)
    start = der.opening(der.CONTEXT_0, start, content + tag)
    kind = _AUTH_ENVELOPED_DATA if cipher.tag_size else _ENVELOPED_DATA
    return der.opening(der.SEQUENCE, kind + start, content + tag)


def _stream(
    start: bytes, plaintext: Iterable[bytes], length: int, cipher: ContentCipher, key: bytes, iv: bytes
) -> Iterator[bytes]:
    yield start
    context = cipher.keyed(key, iv).encryptor()
    seen = 0
    for chunk in plaintext:
        seen += len(chunk)
        yield context.update(chunk)
    if seen != length:
        raise SSMTPError(ErrorCode.INTERNAL, f"{length} octets were announced for encryption and {seen} came.")
    yield context.update(cipher.padding(length)) + context.finalize()
    if isinstance(context, AEADEncryptionContext):
        yield der.wrap(der.OCTET_STRING, context.tag)
