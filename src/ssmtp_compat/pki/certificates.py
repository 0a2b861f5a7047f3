"""X.509 certificates (RFC 5280) as values, and the pair of a certificate with its private key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, UnsupportedError
from .armor import CERTIFICATE_LABELS, decode_base64, pem_blocks
from .ber import SEQUENCE, header, to_definite
from .names import RelativeName, email_addresses, format_name, relative_names

__all__ = ["Certificate", "KeyPair", "decode_certificate"]

_KEY_USAGE_NAMES: Final = {
    "digital_signature": "digitalSignature",
    "non_repudiation": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
    "encipher_only": "encipherOnly",
    "decipher_only": "decipherOnly",
}
_EMAIL_PURPOSES: Final = frozenset({"1.3.6.1.5.5.7.3.4", "2.5.29.37.0"})
"""emailProtection and anyExtendedKeyUsage (RFC 5280 4.2.1.12)."""
_SMALL: Final = 8192
"""Octets; below, even an object identifier that fills the certificate is read in 50 ms."""
_BARE_DSA: Final = bytes.fromhex("300906072a8648ce380401")
"""AlgorithmIdentifier of id-dsa with nothing behind it."""
_WANTED: Final = "Give it as PEM text, as base64 or as DER."


@dataclass(frozen=True, repr=False)
class Certificate:
    """A certificate, equal to another when the DER is the same.

    Everything but the public key is read when it is made, so a certificate that exists can be used without a second
    thought. Raises :class:`CertificateError` (10280) when ``der`` is not one whole certificate and nothing else.
    """

    der: bytes
    subject: str = field(init=False, compare=False)
    """Most specific part first, such as ``CN=Alice, O=Acme, C=DE``; see :func:`names.format_name`."""
    issuer: str = field(init=False, compare=False)
    subject_names: tuple[RelativeName, ...] = field(init=False, compare=False)
    """The subject's parts in the certificate's own order."""
    serial: int = field(init=False, compare=False)
    emails: tuple[str, ...] = field(init=False, compare=False)
    """rfc822Name entries of subjectAltName, then emailAddress attributes of the subject; each once (RFC 8550 3)."""
    not_before: datetime = field(init=False, compare=False)
    not_after: datetime = field(init=False, compare=False)
    key_usage: frozenset[str] | None = field(init=False, compare=False)
    """RFC 5280 4.2.1.3 names; None without the extension, which allows every use."""
    extended_key_usage: frozenset[str] | None = field(init=False, compare=False)
    """Dotted OIDs; None without the extension."""
    issuer_der: bytes = field(init=False, compare=False)
    serial_der: bytes = field(init=False, compare=False)
    public_key_der: bytes = field(init=False, compare=False)
    """SubjectPublicKeyInfo."""
    subject_key_id: bytes | None = field(init=False, compare=False)
    authority_key_id: bytes | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        try:
            fields = _read(self.der)
        except Exception as error:
            raise CertificateError(ErrorCode.CERTIFICATE_DECODING, f"The data is no certificate. {_WANTED}") from error
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Certificate({self.subject!r}, serial={self.serial})"

    @property
    def holder(self) -> str:
        """Whose it is, for an error text. A subject may be empty where an extension has the e-mail address."""
        printable = (email for email in self.emails if email.isprintable())
        return self.subject or next(printable, f"serial number {self.serial}")

    @cached_property
    def public_key(self) -> PublicKeyTypes:
        """The public key. Raises :class:`UnsupportedError` for a kind of key that is not known."""
        try:
            return load_der_public_key(self.public_key_der)
        except (ValueError, UnsupportedAlgorithm) as error:
            problem = "holds a public key that cannot be used"
            if self.public_key_der.find(_BARE_DSA, 0, 32) >= 0:
                problem = "leaves the parameters of its DSA key to that of its issuer (RFC 3279 2.3.2)"
            text = f"The certificate of {self.holder} {problem}."
            raise UnsupportedError(ErrorCode.NOT_SUPPORTED, text) from error

    @cached_property
    def issuer_and_serial_der(self) -> bytes:
        """IssuerAndSerialNumber (RFC 5652 10.2.4), with the issuer's octets exactly as in the certificate."""
        content = self.issuer_der + self.serial_der
        return header(SEQUENCE, len(content)) + content

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name, as in a root certificate."""
        return self.subject == self.issuer

    @property
    def allows_email(self) -> bool:
        """Whether the extended key usage, if there is one, allows emailProtection (RFC 8550 4.4.4)."""
        return self.extended_key_usage is None or bool(self.extended_key_usage & _EMAIL_PURPOSES)

    def date_problem(self, moment: datetime) -> str:
        """Why it is not valid at ``moment`` (time-zone aware), as what follows its name; ``""`` when it is."""
        if moment < self.not_before:
            return f"is not valid before {self.not_before:%Y-%m-%d %H:%M:%S} UTC"
        if moment > self.not_after:
            return f"expired on {self.not_after:%Y-%m-%d %H:%M:%S} UTC"
        return ""

    def pem(self) -> bytes:
        """PEM text, lines of 64 columns, LF line ends."""
        text: bytes = pem.armor("CERTIFICATE", self.der)
        return text


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate with the private key that belongs to it, and the certificates that lead to its root."""

    certificate: Certificate
    private_key: PrivateKeyTypes = field(repr=False)
    chain: tuple[Certificate, ...] = field(default=(), repr=False)
    """Issuer first, then the issuer's issuer, as far as the store had them; a root may be the last."""


def decode_certificate(data: bytes | str) -> Certificate:
    """Decode the certificate in PEM text, or bare base64 that may be wrapped over lines, or DER.

    Raises :class:`CertificateError` (10280) for anything else, octets behind the DER included. The data is never
    quoted: it may be a private key given by mistake.
    """
    octets = data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
    octets = octets.removeprefix(b"\xef\xbb\xbf")
    if not octets.strip():
        raise CertificateError(ErrorCode.CERTIFICATE_DECODING, f"The certificate is empty. {_WANTED}")
    if b"-----BEGIN " in octets:
        labels: list[str] = []
        bodies: list[bytes] = []
        for block in pem_blocks(octets):
            labels.append(block.label)
            if block.label in CERTIFICATE_LABELS:
                bodies.append(block.body)
        if len(bodies) > 1:
            # Taking the first would leave the others out without a word: somebody could not read the mail.
            raise CertificateError(
                ErrorCode.CERTIFICATE_DECODING,
                f"The PEM text holds {len(bodies)} certificates where one is wanted; give them one by one.",
            )
        if bodies:
            return _from_base64(bodies[0])
        found = ", ".join(labels) or "an unfinished block"
        raise CertificateError(ErrorCode.CERTIFICATE_DECODING, f"The PEM text holds no certificate but: {found}.")
    # Every certificate is longer than 127 octets, so in DER its second octet is 0x81 or more; base64 is ASCII.
    if octets[0] == SEQUENCE and octets[1:2] >= b"\x80":
        return Certificate(octets)
    return _from_base64(octets)


def _from_base64(text: bytes) -> Certificate:
    try:
        der = decode_base64(text)
    except ValueError as error:
        raise CertificateError(
            ErrorCode.CERTIFICATE_DECODING, f"The certificate is neither PEM, base64 nor DER. {_WANTED}"
        ) from error
    return Certificate(der)


def _read(der: bytes) -> dict[str, Any]:
    """The fields of :class:`Certificate`. Raises ValueError and its like for a broken encoding."""
    if len(der) > _SMALL:
        # The bounds that hold for BER keep a hostile certificate from taking hours.
        to_definite(der)
    parsed = asn1_x509.Certificate.load(der, strict=True)
    tbs = parsed["tbs_certificate"]
    subject = tbs["subject"]
    public_key_der = tbs["subject_public_key_info"].dump()
    usage = parsed.key_usage_value
    purposes = parsed.extended_key_usage_value
    alternative = parsed.subject_alt_name_value
    emails = [] if alternative is None else [_rfc822_name(name) for name in alternative if name.name == "rfc822_name"]
    emails += email_addresses(subject)
    return {
        "subject": format_name(subject),
        "issuer": format_name(tbs["issuer"]),
        "subject_names": relative_names(subject),
        "serial": tbs["serial_number"].native,
        "emails": tuple(dict.fromkeys(emails)),
        "not_before": _moment(tbs["validity"]["not_before"].native),
        "not_after": _moment(tbs["validity"]["not_after"].native),
        # Bits beyond those of RFC 5280 mean nothing, and other readers take no notice of them either.
        "key_usage": None
        if usage is None
        else frozenset(_KEY_USAGE_NAMES[bit] for bit in usage.native if bit in _KEY_USAGE_NAMES),
        "extended_key_usage": None if purposes is None else frozenset(purpose.dotted for purpose in purposes),
        "issuer_der": tbs["issuer"].dump(),
        "serial_der": tbs["serial_number"].dump(),
        "public_key_der": public_key_der,
        "subject_key_id": parsed.key_identifier,
        "authority_key_id": parsed.authority_key_identifier,
    }


def _moment(value: object) -> datetime:
    # asn1crypto has a type of its own for the year 0, which can be neither compared nor written.
    if not isinstance(value, datetime):
        raise TypeError("a date that is none")
    # RFC 5280 4.1.2.5 wants UTC; a time without a zone is taken for it.
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _rfc822_name(name: asn1_x509.GeneralName) -> str:
    # The octets as they are: asn1crypto's native value would turn an A-label domain into Unicode.
    return str(name.chosen.contents, "latin-1")
