"""EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083) as they are read; nothing is decrypted here."""

from __future__ import annotations

from dataclasses import dataclass

from . import der
from .signed_data import Attribute, read_attributes
from .structures import Algorithm, CertificateIdentifier, read_algorithm, read_identifier
from .values import Fields, Value, malformed

__all__ = [
    "Envelope",
    "KeyAgreement",
    "KeyTransport",
    "read_auth_enveloped_data",
    "read_enveloped_data",
]


@dataclass(frozen=True, slots=True)
class KeyTransport:
    """KeyTransRecipientInfo (RFC 5652 6.2.1)."""

    identifier: CertificateIdentifier
    algorithm: Algorithm
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class KeyAgreement:
    """One recipient of a KeyAgreeRecipientInfo (RFC 5652 6.2.2)."""

    identifier: CertificateIdentifier
    algorithm: Algorithm
    originator_algorithm: Algorithm
    originator_key: bytes
    user_keying_material: bytes | None
    encrypted_key: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """Either structure."""

    recipients: tuple[KeyTransport | KeyAgreement, ...]
    """Those whose key is encrypted for a certificate; passwords and keys known beforehand are passed over."""
    content_type: str
    algorithm: Algorithm
    encrypted: bytes
    tag: bytes | None
    """The authentication tag; None in EnvelopedData, which has none."""
    attributes: tuple[Attribute, ...]
    authenticated: bytes
    """The authenticated attributes under the tag of a SET OF, as received (RFC 5083 2.2); empty without them."""


def read_enveloped_data(value: Value) -> Envelope:
    """Read the content of a ContentInfo of type envelopedData. Raises (10192) where it is none."""
    fields, recipients = _beginning(value, "The EnvelopedData")
    content_type, algorithm, encrypted = _encrypted_content(fields.take())
    fields.take_if(der.CONTEXT_1)  # unprotected attributes
    fields.end()
    return Envelope(recipients, content_type, algorithm, encrypted, None, (), b"")


def read_auth_enveloped_data(value: Value) -> Envelope:
    """Read the content of a ContentInfo of type authEnvelopedData. Raises (10192) where it is none."""
    fields, recipients = _beginning(value, "The AuthEnvelopedData")
    content_type, algorithm, encrypted = _encrypted_content(fields.take())
    found = fields.take_if(der.CONTEXT_1)
    attributes, octets = read_attributes(found, "The authenticated attributes") if found else ((), b"")
    tag = fields.take().string("The authentication tag")
    fields.take_if(der.CONTEXT_2)  # unauthenticated attributes
    fields.end()
    return Envelope(recipients, content_type, algorithm, encrypted, tag, attributes, octets)


def _beginning(value: Value, what: str) -> tuple[Fields, tuple[KeyTransport | KeyAgreement, ...]]:
    fields = value.fields(what)
    fields.take().integer("The version")
    fields.take_if(der.CONTEXT_0)  # originator information
    recipients: list[KeyTransport | KeyAgreement] = []
    for info in fields.take().elements("The recipient infos"):
        if info.tag == der.SEQUENCE:
            recipients.append(_key_transport(info))
        elif info.tag == der.CONTEXT_1:
            recipients += _key_agreements(info)
    return fields, tuple(recipients)


def _key_transport(value: Value) -> KeyTransport:
    fields = value.fields("A recipient info")
    fields.take().integer("The version")
    identifier = read_identifier(fields.take(), "The recipient identifier")
    algorithm = read_algorithm(fields.take(), "The key-encryption algorithm")
    encrypted_key = fields.take().string("The encrypted key")
    fields.end()
    return KeyTransport(identifier, algorithm, encrypted_key)


def _key_agreements(value: Value) -> list[KeyAgreement]:
    fields = value.fields("A recipient info", der.CONTEXT_1)
    fields.take().integer("The version")
    originator = fields.take().fields("The originator", der.CONTEXT_0).take()
    if originator.tag != der.CONTEXT_1:
        return []  # a key that stands in a certificate: static-static agreement, which no mail program does
    key = originator.fields("The originator's key", der.CONTEXT_1)
    originator_algorithm = read_algorithm(key.take(), "The algorithm of the originator's key")
    originator_key = key.take().bits("The originator's key")
    key.end()
    explicit = fields.take_if(der.CONTEXT_1)
    what = "The user keying material"
    material = explicit.fields(what, der.CONTEXT_1).take().string(what) if explicit else None
    algorithm = read_algorithm(fields.take(), "The key-encryption algorithm")
    recipients = fields.take().elements("The recipients of an agreed key", der.SEQUENCE)
    fields.end()
    return [
        KeyAgreement(
            _agreement_identifier(each.fields("A recipient").take()),
            algorithm,
            originator_algorithm,
            originator_key,
            material,
            each.children[-1].string("The encrypted key"),
        )
        for each in recipients
    ]


def _agreement_identifier(value: Value) -> CertificateIdentifier:
    """KeyAgreeRecipientIdentifier: here a key identifier stands inside a RecipientKeyIdentifier."""
    if value.tag == der.CONTEXT_0:
        key_id = value.fields("The recipient identifier", der.CONTEXT_0).take().string("The key identifier")
        return CertificateIdentifier(b"", 0, key_id)
    return read_identifier(value, "The recipient identifier")


def _encrypted_content(value: Value) -> tuple[str, Algorithm, bytes]:
    fields = value.fields("The encrypted content info")
    content_type = fields.take().oid("The content type")
    algorithm = read_algorithm(fields.take(), "The content-encryption algorithm")
    content = fields.take_if(der.CONTEXT_0_PRIMITIVE, der.CONTEXT_0)
    fields.end()
    if content is None:
        raise malformed("The encrypted content is not in the message.")
    return content_type, algorithm, content.string("The encrypted content", der.CONTEXT_0_PRIMITIVE)
