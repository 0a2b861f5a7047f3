"""SignedData (RFC 5652 5) as it is read; nothing is judged here but its form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import der
from .structures import Algorithm, CertificateIdentifier, read_algorithm, read_identifier
from .values import Value, malformed

__all__ = ["Attribute", "SignedData", "SignerInfo", "read_attributes", "read_signed_data"]

MAXIMUM_SIGNERS: Final = 32
"""Each costs public-key operations and the search for a chain; more than a few have never been seen in mail."""
MAXIMUM_CERTIFICATES: Final = 256

Attribute = tuple[str, tuple[Value, ...]]
"""Attribute type and its values."""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signature."""

    identifier: CertificateIdentifier
    digest_algorithm: Algorithm
    attributes: tuple[Attribute, ...] | None
    """The signed attributes; None when there are none at all, so that the content itself is what is signed."""
    signed_octets: bytes
    """The signed attributes under the tag of a SET OF, their order as received (RFC 5652 5.4); empty without them."""
    signature_algorithm: Algorithm
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedData:
    """A SignedData."""

    digest_oids: frozenset[str]
    content_type: str
    content: bytes | None
    """None when the signature is detached."""
    certificates: tuple[bytes, ...]
    """DER of each X.509 certificate that came along."""
    signers: tuple[SignerInfo, ...]


def read_signed_data(value: Value) -> SignedData:
    """Read the content of a ContentInfo of type signedData. Raises (10192) where it is none."""
    fields = value.fields("The SignedData")
    fields.take().integer("The version")
    digests = fields.take().elements("The digest algorithms")
    digest_oids = frozenset(read_algorithm(each, "A digest algorithm").oid for each in digests)
    encapsulated = fields.take().fields("The encapsulated content")
    content_type = encapsulated.take().oid("The content type")
    explicit = encapsulated.take_if(der.CONTEXT_0)
    encapsulated.end()
    content = None
    if explicit is not None:
        inner = explicit.fields("The content", der.CONTEXT_0)
        content = inner.take().string("The content")
        inner.end()
    certificates = fields.take_if(der.CONTEXT_0)
    fields.take_if(der.CONTEXT_1)  # revocation lists
    infos = fields.take().elements("The signer infos")
    fields.end()
    found = certificates.children if certificates else ()
    if len(infos) > MAXIMUM_SIGNERS or len(found) > MAXIMUM_CERTIFICATES:
        raise malformed(f"The message has {len(infos)} signatures and {len(found)} certificates, which is too many.")
    return SignedData(
        digest_oids,
        content_type,
        content,
        tuple(each.octets for each in found if each.tag == der.SEQUENCE),
        tuple(_signer(info) for info in infos),
    )


def read_attributes(value: Value, what: str) -> tuple[tuple[Attribute, ...], bytes]:
    """Attributes under an implicit tag, and their octets under that of a SET OF, as they are hashed (RFC 5652 5.4)."""
    if not value.is_der:
        # RFC 5652 5.3. What was signed would have to be guessed.
        raise malformed(f"{what} are not in DER.")
    return tuple(_attribute(each, what) for each in value.children), bytes((der.SET,)) + value.octets[1:]


def _signer(value: Value) -> SignerInfo:
    fields = value.fields("A signer info")
    fields.take().integer("The version")
    identifier = read_identifier(fields.take(), "The signer identifier")
    digest_algorithm = read_algorithm(fields.take(), "The digest algorithm")
    signed = fields.take_if(der.CONTEXT_0)
    attributes, octets = read_attributes(signed, "The signed attributes") if signed else (None, b"")
    signature_algorithm = read_algorithm(fields.take(), "The signature algorithm")
    signature = fields.take().string("The signature")
    fields.take_if(der.CONTEXT_1)  # unsigned attributes
    fields.end()
    return SignerInfo(identifier, digest_algorithm, attributes, octets, signature_algorithm, signature)


def _attribute(value: Value, what: str) -> Attribute:
    fields = value.fields(what)
    oid = fields.take().oid(what)
    values = fields.take().elements(what)
    fields.end()
    return oid, values
