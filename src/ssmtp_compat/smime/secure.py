"""The three operations on a message: sign, encrypt, sign and encrypt. Each gives a whole new message or raises."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ..message.body import Octets
from ..message.other_headers import OtherHeaders, parse_other_headers
from ..message.transfer_encoding import fold_base64
from .entity import Entity, content_entity, multipart_signed, pkcs7_mime_header, with_mime_fields
from .enveloping import RecipientsSpec, encrypt
from .signing import Signer, SignerSpec
from .sources import PIECE, Base64, Joined, Source

__all__ = ["Secured", "encrypt_message", "sign_and_encrypt_message", "sign_entity", "sign_message"]


@dataclass(frozen=True)
class Secured:
    """A message after the operation. It has CRLF line ends only."""

    chunks: Iterator[bytes]
    """The new body, ASCII, in pieces. It is there once, either as these or as :attr:`message_text`."""
    other_headers: str
    """The fields that were given, with the new MIME-Version and Content-* fields in place of the old ones."""

    @cached_property
    def message_text(self) -> str:
        """The new body as text."""
        text = ""
        pending: list[bytes] = []
        octets = 0
        for chunk in self.chunks:
            pending.append(chunk)
            octets += len(chunk)
            if octets >= PIECE:
                # CPython lengthens the text where it is; joining a list or decoding a buffer would hold it all twice.
                text += b"".join(pending).decode("ascii")
                pending.clear()
                octets = 0
        text += b"".join(pending).decode("ascii")
        return text


def sign_message(
    text: Octets,
    charset: str,
    other_headers: str,
    signer: SignerSpec,
    random: Callable[[int], bytes] = os.urandom,
) -> Secured:
    """Make a signed message, multipart/signed or opaque, of ``text`` and the Content-* fields among ``other_headers``.

    ``charset`` is the one that ``text`` is in; ``random`` gives the octets of the boundary. Raises what
    :func:`entity.content_entity`, :func:`sign_entity` and :func:`message.other_headers.parse_other_headers` raise,
    all of it before the first piece.
    """
    other = parse_other_headers(other_headers)
    signed = _signed(text, charset, other, signer, random)
    return Secured(Joined(signed.body).chunks(), with_mime_fields(other, signed.header))


def encrypt_message(
    text: Octets,
    charset: str,
    other_headers: str,
    recipients: RecipientsSpec,
    random: Callable[[int], bytes] = os.urandom,
) -> Secured:
    """Make an application/pkcs7-mime message that only ``recipients`` can read; parameters as :func:`sign_message`.

    Raises what :func:`entity.content_entity`, :func:`enveloping.encrypt` and
    :func:`message.other_headers.parse_other_headers` raise, all of it before the first piece.
    """
    other = parse_other_headers(other_headers)
    return _encrypted(content_entity(text, charset, other, for_relays=False), other, recipients, random)


def sign_and_encrypt_message(
    text: Octets,
    charset: str,
    other_headers: str,
    signer: SignerSpec,
    recipients: RecipientsSpec,
    random: Callable[[int], bytes] = os.urandom,
) -> Secured:
    """Sign, then encrypt the whole signed entity (RFC 8551 3.7); raises what the two raise."""
    other = parse_other_headers(other_headers)
    return _encrypted(_signed(text, charset, other, signer, random), other, recipients, random)


def sign_entity(content: Source, spec: SignerSpec, random: Callable[[int], bytes] = os.urandom) -> Entity:
    """The signed entity around ``content``, a canonical entity: multipart/signed, or opaque.

    The content is read once here, for the digest, and once more each time the result is read. Neither is ever held, so
    both may be files. Raises what :class:`signing.Signer` raises.
    """
    signer = Signer(spec)
    if not spec.detached:
        return Entity(pkcs7_mime_header("signed-data"), Base64(signer.opaque(content)))
    # "=_" is in no quoted-printable and no base64 text (RFC 2045 6.7); the 128 random bits do for the rest.
    boundary = f"=_{random(16).hex()}"
    return multipart_signed(content, signer.detached(content.chunks()), signer.micalg, boundary)


def _signed(
    text: Octets, charset: str, other: OtherHeaders, spec: SignerSpec, random: Callable[[int], bytes]
) -> Entity:
    return sign_entity(content_entity(text, charset, other, for_relays=spec.detached).octets, spec, random)


def _encrypted(
    entity: Entity, other: OtherHeaders, recipients: RecipientsSpec, random: Callable[[int], bytes]
) -> Secured:
    octets = entity.octets
    chunks = fold_base64(encrypt(octets.chunks(), len(octets), recipients, random))
    # RFC 8551 3.3, 3.4
    smime_type = "authEnveloped-data" if recipients.cipher.tag_size else "enveloped-data"
    return Secured(chunks, with_mime_fields(other, pkcs7_mime_header(smime_type)))
