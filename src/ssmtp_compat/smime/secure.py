"""The three operations on a message: sign, encrypt, sign and encrypt. Each gives a whole new message or raises."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from ..message.other_headers import parse_other_headers
from ..message.transfer_encoding import fold_base64
from .entity import content_entity, enveloped_fields, multipart_signed, signed_fields, with_mime_fields
from .enveloping import RecipientsSpec, encrypt
from .signing import SignerSpec, sign_detached

__all__ = ["Secured", "encrypt_message", "sign_and_encrypt_message", "sign_message"]


@dataclass(frozen=True, slots=True)
class Secured:
    """A message after the operation. Both texts have CRLF line ends only."""

    message_text: str
    """The new body, ASCII."""
    other_headers: str
    """The fields that were given, with the new MIME-Version and Content-* fields in place of the old ones."""


def sign_message(
    text: bytes, charset: str, other_headers: str, signer: SignerSpec, random: Callable[[int], bytes] = os.urandom
) -> Secured:
    """Make a multipart/signed message of ``text`` and the Content-* fields among ``other_headers``.

    ``charset`` is the one that ``text`` is in; ``random`` gives the octets of the boundary. Raises what
    :func:`entity.content_entity`, :func:`signing.sign_detached` and
    :func:`message.other_headers.parse_other_headers` raise.
    """
    other = parse_other_headers(other_headers)
    part = content_entity(text, charset, other, for_relays=True)
    signature = sign_detached(part.chunks(), signer)
    # "=_" is in no quoted-printable and no base64 text (RFC 2045 6.7); the 128 random bits do for the rest.
    boundary = f"=_{random(16).hex()}"
    body = multipart_signed(part, signature, boundary)
    fields = signed_fields(signer.digest.micalg, boundary)
    return Secured(body.decode("ascii"), with_mime_fields(other, fields))


def encrypt_message(
    text: bytes,
    charset: str,
    other_headers: str,
    recipients: RecipientsSpec,
    random: Callable[[int], bytes] = os.urandom,
) -> Secured:
    """Make an application/pkcs7-mime message that only ``recipients`` can read; parameters as :func:`sign_message`.

    Raises what :func:`entity.content_entity`, :func:`enveloping.encrypt` and
    :func:`message.other_headers.parse_other_headers` raise.
    """
    other = parse_other_headers(other_headers)
    entity = content_entity(text, charset, other, for_relays=False)
    body = b"".join(fold_base64(encrypt(entity.chunks(), len(entity), recipients, random)))
    fields = enveloped_fields(authenticated=recipients.cipher.tag_size > 0)
    return Secured(body.decode("ascii"), with_mime_fields(other, fields))


def sign_and_encrypt_message(
    text: bytes,
    charset: str,
    other_headers: str,
    signer: SignerSpec,
    recipients: RecipientsSpec,
    random: Callable[[int], bytes] = os.urandom,
) -> Secured:
    """Sign, then encrypt the whole signed entity (RFC 8551 3.7); raises what the two raise."""
    signed = sign_message(text, charset, other_headers, signer, random)
    return encrypt_message(signed.message_text.encode("ascii"), "us-ascii", signed.other_headers, recipients, random)
