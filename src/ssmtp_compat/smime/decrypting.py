"""Decrypting messages (RFC 5652 6, RFC 5083, RFC 8551 2.7): one answer for everything that goes wrong with a key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError
from ..pki.certificates import Certificate, KeyPair
from . import oids
from .attributes import check_content_type
from .ciphers import CIPHERS, GCM_NONCE_SIZE, GCM_TAG_SIZE, ContentCipher
from .der import OCTET_STRING
from .enveloped_data import (
    Envelope,
    KeyAgreement,
    KeyTransport,
    read_auth_enveloped_data,
    read_enveloped_data,
)
from .key_recovery import recover_key
from .reading import find_cms, with_outer_fields
from .structures import Algorithm, open_content_info, other_than
from .values import malformed

__all__ = ["Decrypted", "decrypt_message"]

MINIMUM_TAG: Final = 12
"""Octets; RFC 5084 3.2 allows 12 to 16."""
_GCM_DEFAULT_TAG: Final = 12
_STRONG: Final = "AES"


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What was inside."""

    content: bytes = field(repr=False)
    """A MIME entity when ``content_type`` is id-data."""
    content_type: str
    """Dotted OID; id-data in every S/MIME message."""
    message: bytes = field(repr=False)
    """The content with the outer header's own fields in front: what a mail program shows, and what can be verified."""
    recipient: Certificate
    """For whom it was decrypted."""
    cipher: str
    authenticated: bool
    """Whether every octet is as the sender encrypted it (AES-GCM). Without it, anybody on the way may have changed the
    content without knowing it; a signature inside tells."""
    weaknesses: tuple[str, ...]


def decrypt_message(
    message: bytes, key_pairs: Sequence[KeyPair], random: Callable[[int], bytes] = os.urandom
) -> Decrypted:
    """Decrypt ``message``: application/pkcs7-mime, or a bare EnvelopedData or AuthEnvelopedData (BER or PEM).

    The first recipient of the message who is among ``key_pairs`` counts; no other is tried when his key does not fit.

    Raises :class:`SSMTPError`: 10192 for a malformed message, and with one and the same text for whatever is wrong
    with the encrypted key, the padding or the authentication tag; 10193 when it is not encrypted; 10194 for an
    algorithm that is not known; :class:`CertificateError` (10197) when it is for none of ``key_pairs``, and (271) when
    the key is on a token that cannot be used.
    """
    found = find_cms(message)
    content_type, value = open_content_info(found.cms)
    if content_type == oids.ENVELOPED_DATA:
        envelope = read_enveloped_data(value)
    elif content_type == oids.AUTH_ENVELOPED_DATA:
        envelope = read_auth_enveloped_data(value)
        check_content_type(envelope.attributes, envelope.content_type)
    else:
        raise other_than("encrypted for a certificate", content_type)
    cipher, iv = _cipher(envelope)
    recipient, key_pair = _recipient(envelope.recipients, key_pairs)
    # Made whether it is needed or not, so that the time does not tell.
    key = random(cipher.key_size)
    recovered = recover_key(recipient, key_pair.private_key)
    if recovered is not None and len(recovered) == cipher.key_size:
        key = recovered
    content = _decrypted(envelope, cipher, key, iv)
    if content is None:
        raise malformed("The message cannot be decrypted: it was damaged, or encrypted for another key.")
    return Decrypted(
        content,
        envelope.content_type,
        with_outer_fields(found, content),
        key_pair.certificate,
        cipher.name,
        bool(cipher.tag_size),
        tuple(_weaknesses(cipher)),
    )


def _recipient(
    recipients: Iterable[KeyTransport | KeyAgreement], key_pairs: Sequence[KeyPair]
) -> tuple[KeyTransport | KeyAgreement, KeyPair]:
    # One only: trying the next would tell whether the first had fitted (CVE-2019-1563).
    for recipient in recipients:
        for key_pair in key_pairs:
            if recipient.identifier.names(key_pair.certificate):
                return recipient, key_pair
    raise CertificateError(
        ErrorCode.NO_DECRYPTION_CERTIFICATE,
        "The message is encrypted for none of the certificates whose keys are here.",
    )


def _cipher(envelope: Envelope) -> tuple[ContentCipher, bytes]:
    """The cipher and its initialization vector or nonce, from what everybody can see."""
    algorithm = envelope.algorithm
    known = [cipher for cipher in CIPHERS if cipher.oid == algorithm.oid]
    if not known:
        raise SSMTPError(ErrorCode.UNSUPPORTED_ALGORITHM, f"The message is encrypted with {algorithm.oid}.")
    if any(bool(cipher.tag_size) != (envelope.tag is not None) for cipher in known):
        # What GCM encrypts, taken for plain EnvelopedData, would be released without a look at its tag.
        raise malformed("The cipher does not go with the structure: GCM belongs in AuthEnvelopedData and CBC does not.")
    if envelope.tag is not None:
        return known[0], _gcm_nonce(algorithm, envelope.tag)
    parameters = algorithm.parameters
    if parameters is None:
        raise malformed("The cipher has no parameters.")
    values = parameters.children or (parameters,)
    iv = values[-1].string("The initialization vector")
    for cipher in known:
        # In RC2 the number ahead of the vector says how many bits of the key count (RFC 3370 5.2).
        if len(iv) == cipher.iv_size and cipher.parameters_der(iv) == parameters.octets:
            return cipher, iv
    raise malformed("The parameters of the cipher cannot be used.")


def _gcm_nonce(algorithm: Algorithm, tag: bytes) -> bytes:
    """GCMParameters (RFC 5084 3.2)."""
    if algorithm.parameters is None:
        raise malformed("The cipher has no parameters.")
    fields = algorithm.parameters.fields("The parameters of the cipher")
    nonce = fields.take().expect(OCTET_STRING, "The nonce").content
    rest = algorithm.parameters.children[1:]
    size = fields.take().integer("The length of the tag") if rest else _GCM_DEFAULT_TAG
    fields.end()
    if len(nonce) != GCM_NONCE_SIZE or not MINIMUM_TAG <= size <= GCM_TAG_SIZE or len(tag) != size:
        raise malformed("The nonce or the authentication tag has a length that is not allowed.")
    return nonce


def _decrypted(envelope: Envelope, cipher: ContentCipher, key: bytes, iv: bytes) -> bytes | None:
    try:
        if envelope.tag is not None:
            gcm = Cipher(AES(key), modes.GCM(iv, envelope.tag, MINIMUM_TAG)).decryptor()
            gcm.authenticate_additional_data(envelope.authenticated)
            # Nothing of it is released before the tag was verified, which finalize does.
            return gcm.update(envelope.encrypted) + gcm.finalize()
        context = cipher.keyed(key, iv).decryptor()
        unpadder = PKCS7(cipher.block_size * 8).unpadder()
        return unpadder.update(context.update(envelope.encrypted) + context.finalize()) + unpadder.finalize()
    except (InvalidTag, ValueError):
        return None


def _weaknesses(cipher: ContentCipher) -> Iterator[str]:
    if not cipher.name.startswith(_STRONG):
        yield f"{cipher.name} is no protection any more"
    if not cipher.tag_size:
        yield "the content is not authenticated: anybody on the way may have changed it"
