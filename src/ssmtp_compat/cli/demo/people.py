"""A throwaway certificate authority and the certificates it makes. Keys stay in memory; nothing is written here."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Authority", "Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its private key."""

    name: str
    address: str
    """The e-mail address in the certificate; empty for the server."""
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @property
    def mailbox(self) -> str:
        return f"{self.name} <{self.address}>"

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """The private key, unprotected."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def pfx(self, password: str) -> bytes:
        """Certificate and private key as a PKCS #12 store, as S/MIME users get them from their authority."""
        return pkcs12.serialize_key_and_certificates(
            self.name.encode("utf-8"),
            self.key,
            self.certificate,
            None,
            serialization.BestAvailableEncryption(password.encode("utf-8")),
        )


class Authority:
    """Makes certificates that are valid for one hour."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name("Throwaway demo authority")
        self.certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def person(self, name: str, address: str) -> Identity:
        """A certificate for signing and encrypting mail (RFC 8550 4.4)."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = self._issue(
            name,
            key.public_key(),
            _usage(digital_signature=True, key_encipherment=True),
            ExtendedKeyUsageOID.EMAIL_PROTECTION,
            x509.RFC822Name(address),
        )
        return Identity(name, address, certificate, key)

    def server(self, address: str) -> Identity:
        """A TLS certificate for the server at this IP address."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(
            address,
            key.public_key(),
            _usage(digital_signature=True),
            ExtendedKeyUsageOID.SERVER_AUTH,
            x509.IPAddress(ipaddress.ip_address(address)),
        )
        return Identity(address, "", certificate, key)

    def _issue(
        self,
        name: str,
        public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        usage: x509.KeyUsage,
        purpose: x509.ObjectIdentifier,
        alternative_name: x509.GeneralName,
    ) -> x509.Certificate:
        return (
            self._builder(_common_name(name), public_key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName([alternative_name]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _builder(
        self, subject: x509.Name, public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            # The clock may be set back a little while the demo runs.
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
