"""What SignedData and EnvelopedData have in common when they are read (RFC 5652 3, 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..pki.certificates import Certificate
from . import oids
from .der import CONTEXT_0, CONTEXT_0_PRIMITIVE, NULL, SEQUENCE
from .values import Value, malformed, read

__all__ = [
    "Algorithm",
    "CertificateIdentifier",
    "open_content_info",
    "other_than",
    "read_algorithm",
    "read_identifier",
]

# What is not S/MIME, or is another kind of it: RFC 5652 4, 7 to 9, RFC 3274.
_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        oids.DATA: "plain data",
        oids.SIGNED_DATA: "signed",
        oids.ENVELOPED_DATA: "encrypted",
        oids.AUTH_ENVELOPED_DATA: "encrypted",
        "1.2.840.113549.1.7.5": "a DigestedData, which nobody signed",
        "1.2.840.113549.1.7.6": "an EncryptedData, whose key is agreed on beforehand",
        "1.2.840.113549.1.9.16.1.2": "an AuthenticatedData, which nobody signed",
        "1.2.840.113549.1.9.16.1.9": "compressed",
    }
)


@dataclass(frozen=True, slots=True)
class Algorithm:
    """AlgorithmIdentifier."""

    oid: str
    parameters: Value | None
    octets: bytes
    """As it was received."""

    @property
    def without_parameters(self) -> bool:
        """Whether the parameters are absent or NULL, which writers have never agreed about (RFC 5754 2)."""
        return self.parameters is None or self.parameters.octets == NULL


@dataclass(frozen=True, slots=True)
class CertificateIdentifier:
    """SignerIdentifier and RecipientIdentifier: issuer and serial number, or the subject key identifier."""

    issuer: bytes
    """DER of the Name; empty where the key identifier names the certificate."""
    serial: int
    subject_key_id: bytes

    def names(self, certificate: Certificate) -> bool:
        """Whether it means ``certificate``."""
        if self.issuer:
            return certificate.issuer_der == self.issuer and certificate.serial == self.serial
        return certificate.subject_key_id == self.subject_key_id


def open_content_info(octets: bytes) -> tuple[str, Value]:
    """Content type and content of the ContentInfo that ``octets`` are. Raises (10192) for anything else."""
    fields = read(octets).fields("The ContentInfo")
    content_type = fields.take().oid("The content type")
    content = fields.take().fields("The content", CONTEXT_0)
    fields.end()
    value = content.take()
    content.end()
    return content_type, value


def other_than(wanted: str, content_type: str) -> SSMTPError:
    """The error (10193) for an object of ``content_type`` where one that is ``wanted``, such as "signed", is due."""
    kind = _KINDS.get(content_type, f"of the type {content_type}")
    return SSMTPError(ErrorCode.MESSAGE_TYPE, f"The message is not {wanted}: it is {kind}.")


def read_algorithm(value: Value, what: str, tag: int = SEQUENCE) -> Algorithm:
    fields = value.fields(what, tag)
    oid = fields.take().oid(what)
    rest = value.children[1:]
    if len(rest) > 1:
        raise malformed(f"{what} has more than one value as its parameters.")
    return Algorithm(oid, rest[0] if rest else None, value.octets)


def read_identifier(value: Value, what: str) -> CertificateIdentifier:
    if value.tag in (CONTEXT_0_PRIMITIVE, CONTEXT_0):
        return CertificateIdentifier(b"", 0, value.string(what, CONTEXT_0_PRIMITIVE))
    fields = value.fields(what)
    issuer = fields.take().expect(SEQUENCE, what).octets
    serial = fields.take().integer(what)
    fields.end()
    return CertificateIdentifier(issuer, serial, b"")
