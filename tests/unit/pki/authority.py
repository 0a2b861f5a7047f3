"""A small certificate authority for tests: makes certificates of every shape that the tests ask for."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ssmtp_compat.pki.certificates import Certificate, KeyPair

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
"""The moment at which tests act; certificates are valid for a year around it unless told otherwise."""

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_OIDS = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "E": NameOID.EMAIL_ADDRESS,
}


@functools.cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key made once a test run."""
    return rsa.generate_private_key(65537, bits)


def name(*parts: tuple[str, str]) -> x509.Name:
    """A name with these parts in the certificate's order."""
    return x509.Name([x509.NameAttribute(_OIDS[kind], value) for kind, value in parts])


@dataclass(frozen=True)
class Issued:
    """A certificate as the library under test sees it, with its key."""

    certificate: Certificate
    key: PrivateKeyTypes
    x509: x509.Certificate
    issuers: tuple[Certificate, ...] = ()

    @property
    def key_pair(self) -> KeyPair:
        return KeyPair(self.certificate, self.key, self.issuers)


def issue(
    subject: x509.Name,
    key: PrivateKeyTypes | None = None,
    *,
    issuer: Issued | None = None,
    emails: Iterable[str] = (),
    usage: Iterable[str] | None = ("digital_signature", "key_encipherment"),
    purposes: Iterable[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
    authority: bool = False,
    not_before: datetime = NOW - timedelta(days=180),
    not_after: datetime = NOW + timedelta(days=3650),
    serial: int = 0,
) -> Issued:
    """Make a certificate; without ``issuer`` it signs itself."""
    key = key or rsa_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.x509.subject if issuer else subject)
        .serial_number(serial or x509.random_serial_number())
        .public_key(key.public_key())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        usage, purposes = ("key_cert_sign", "crl_sign"), None
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if usage is not None:
        wanted = set(usage)
        builder = builder.add_extension(x509.KeyUsage(**{bit: bit in wanted for bit in _USAGES}), critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(purposes)), critical=False)
    addresses = [x509.RFC822Name(email) for email in emails]
    if addresses:
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    made = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    certificate = Certificate(made.public_bytes(Encoding.DER))
    issuers = (issuer.certificate, *issuer.issuers) if issuer else ()
    return Issued(certificate, key, made, issuers)
