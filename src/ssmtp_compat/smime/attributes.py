"""The signed attributes that count (RFC 5652 11, RFC 5035), and the rules they keep to."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from ..errors import SSMTPError
from ..pki.ber import OBJECT_IDENTIFIER
from ..pki.certificates import Certificate
from . import oids
from .der import OCTET_STRING, SEQUENCE, SET
from .digests import DIGESTS_BY_OID
from .signed_data import Attribute
from .structures import read_algorithm
from .values import Value, malformed, read

__all__ = ["AttributeFacts", "CertificateHash", "attribute_facts", "check_content_type", "resembles_attributes"]


@dataclass(frozen=True, slots=True)
class CertificateHash:
    """ESSCertID and ESSCertIDv2: which certificate the signer meant."""

    digest_oid: str
    value: bytes

    def fits(self, certificate: Certificate) -> bool:
        digest = DIGESTS_BY_OID.get(self.digest_oid)
        return digest is not None and hmac.compare_digest(digest.of((certificate.der,)), self.value)


@dataclass(frozen=True, slots=True)
class AttributeFacts:
    """What the signed attributes say; nothing where there are none."""

    message_digest: bytes = b""
    signing_time: datetime | None = None
    certificate_hash: CertificateHash | None = None


def attribute_facts(attributes: tuple[Attribute, ...] | None, content_type: str) -> AttributeFacts:
    """Read the attributes of a signature over content of ``content_type``.

    Raises :class:`SSMTPError` (10192) when they break a rule: content-type and message-digest are there exactly once,
    each with one value, and the first is ``content_type``; signing-time and signing-certificate at most once; and
    content of another type than id-data is never signed without them (RFC 5652 5.3, 11.1 to 11.3).
    """
    if attributes is None:
        if content_type != oids.DATA:
            raise malformed("There are none, though the content is not of the type id-data.")
        return AttributeFacts()
    _check_declared(_single(attributes, oids.CONTENT_TYPE, "content-type"), content_type)
    message_digest = _single(attributes, oids.MESSAGE_DIGEST, "message-digest")
    if message_digest is None:
        raise malformed("The message-digest attribute is missing.")
    time = _single(attributes, oids.SIGNING_TIME, "signing-time")
    old = _single(attributes, oids.SIGNING_CERTIFICATE, "signing-certificate")
    new = _single(attributes, oids.SIGNING_CERTIFICATE_V2, "signing-certificate-v2")
    return AttributeFacts(
        message_digest.expect(OCTET_STRING, "The message-digest attribute").content,
        time.time("The signing-time attribute") if time else None,
        _certificate_hash(new, oids.SHA256) if new else _certificate_hash(old, oids.SHA1) if old else None,
    )


def check_content_type(attributes: tuple[Attribute, ...], content_type: str) -> None:
    """Check the authenticated attributes of an AuthEnvelopedData, whose content is of ``content_type`` (RFC 5083 2.1).

    Raises :class:`SSMTPError` (10192) when content-type names another one, or is missing with other content than
    id-data.
    """
    declared = _single(attributes, oids.CONTENT_TYPE, "content-type")
    if declared is not None or content_type != oids.DATA:
        _check_declared(declared, content_type)


def resembles_attributes(content: bytes) -> bool:
    """Whether ``content`` could be the DER of somebody's signed attributes, under the tag of a SET OF."""
    if content[:1] != bytes((SET,)):
        return False
    try:
        elements = read(content).elements("The content")
    except SSMTPError:
        return False
    return bool(elements) and all(
        each.tag == SEQUENCE and [child.tag for child in each.children] == [OBJECT_IDENTIFIER, SET] for each in elements
    )


def _check_declared(declared: Value | None, content_type: str) -> None:
    if declared is None:
        raise malformed("The content-type attribute is missing.")
    if declared.oid("The content-type attribute") != content_type:
        raise malformed("The content-type attribute names another type than the content has.")


def _single(attributes: tuple[Attribute, ...], oid: str, name: str) -> Value | None:
    found = [values for kind, values in attributes if kind == oid]
    if not found:
        return None
    if len(found) > 1 or len(found[0]) != 1:
        raise malformed(f"The {name} attribute is not there exactly once with one value.")
    return found[0][0]


def _certificate_hash(value: Value, digest_oid: str) -> CertificateHash:
    """The first identifier of SigningCertificate or SigningCertificateV2 (RFC 5035 3): the signer's own certificate."""
    what = "The signing-certificate attribute"
    certificates = value.fields(what).take().elements(what, SEQUENCE)
    if not certificates:
        raise malformed(f"{what} names no certificate.")
    fields = certificates[0].fields(what)
    algorithm = fields.take_if(SEQUENCE)
    if algorithm is not None:
        digest_oid = read_algorithm(algorithm, what).oid
    return CertificateHash(digest_oid, fields.take().expect(OCTET_STRING, what).content)
