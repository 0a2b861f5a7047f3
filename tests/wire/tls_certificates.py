"""A certification authority for TLS tests: every certificate is made when it is asked for."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and the certificates that a server sends behind it."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        others = (each.public_bytes(serialization.Encoding.PEM) for each in self.chain)
        return self.pem + b"".join(others)

    def write(self, directory: Path, name: str = "server") -> Path:
        """Write key and chain into one PEM file and return its path."""
        path = directory / f"{name}.pem"
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(key + self.chain_pem)
        return path


def issue(
    *names: str,
    issuer: Issued | None = None,
    common_name: str = "server",
    not_before: datetime.datetime = NOW - DAY,
    not_after: datetime.datetime = NOW + 30 * DAY,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    extra: x509.ExtensionType | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
    is_ca: bool = False,
    path_length: int | None = None,
    key: Key | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> Issued:
    """Issue a certificate for ``names`` (DNS names and IP addresses); without an issuer it signs itself.

    ``extra`` is a critical extension, ``extensions`` are not.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(authority, critical=False)
    if not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    if extra:
        builder = builder.add_extension(extra, critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(issuer.key if issuer else key, digest or hashes.SHA256())
    intermediate = issuer is not None and issuer.certificate.issuer != issuer.certificate.subject
    return Issued(certificate, key, (issuer.certificate,) if issuer and intermediate else ())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@cache
def authority() -> Issued:
    """The root that the tests trust."""
    return issue(common_name="Test CA", is_ca=True)


@cache
def good() -> Issued:
    """A certificate with nothing against it, for localhost, mail.example.test and 127.0.0.1."""
    return issue("localhost", "mail.example.test", "127.0.0.1", issuer=authority())
