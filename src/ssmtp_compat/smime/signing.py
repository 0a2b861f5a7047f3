"""SignedData (RFC 5652 5) around content that stands elsewhere: the detached signature of multipart/signed.

The SignerInfo is put together from octets: building it from ASN.1 objects costs more than the RSA operation itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from asn1crypto import core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ..catalog.errors import ErrorCode
from ..errors import CertificateError
from ..pki.certificates import Certificate, KeyPair
from . import der
from .algorithms import ID_DATA, RSA_ENCRYPTION, encode_oid
from .ciphers import CIPHERS
from .digests import Digest
from .suitability import CertificateRules, check_signer, signing_key

__all__ = ["SignerSpec", "sign_detached"]


@dataclass(frozen=True, slots=True)
class SignerSpec:
    """Who signs, how, and what goes along with the signature."""

    key_pair: KeyPair
    digest: Digest
    signing_time: datetime
    """Time-zone aware; also the moment at which the certificate has to be valid."""
    include_certificate: bool = True
    include_chain: bool = False
    """The issuing certificates too, roots left out: who trusts a root has it (only with ``include_certificate``)."""
    rules: CertificateRules = field(default_factory=CertificateRules)


_SIGNED_DATA: Final = encode_oid("1.2.840.113549.1.7.2")
_MESSAGE_DIGEST: Final = encode_oid("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = encode_oid("1.2.840.113549.1.9.5")
_VERSION_1: Final = core.Integer(1).dump()
# RFC 5652 11.3: UTCTime through 2049, GeneralizedTime after.
_LAST_UTC_TIME_YEAR: Final = 2049
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18


def sign_detached(content: Iterable[bytes], spec: SignerSpec) -> bytes:
    """DER of a ContentInfo with a SignedData over ``content``, which is not in it; RSA PKCS #1 v1.5.

    ``content`` has to be the canonical entity, octet for octet as it will be sent. Signed attributes: contentType,
    signingTime, messageDigest, SMIMECapabilities, signingCertificateV2. Raises :class:`CertificateError` when the
    signer's certificate is out of date (10199), is for another purpose (10201) or has too small a key (10223), and
    :class:`UnsupportedError` when its key is not RSA; all of it before ``content`` is read.
    """
    certificate = spec.key_pair.certificate
    check_signer(certificate, spec.rules, spec.signing_time)
    key = signing_key(spec.key_pair)
    digest = spec.digest
    hashed = hashlib.new(digest.hashlib_name)
    for chunk in content:
        hashed.update(chunk)
    attributes = der.set_of(
        (
            _CONTENT_TYPE_ATTRIBUTE,
            _attribute(_SIGNING_TIME, _time(spec.signing_time)),
            _attribute(_MESSAGE_DIGEST, der.wrap(der.OCTET_STRING, hashed.digest())),
            _CAPABILITIES_ATTRIBUTE,
            _signing_certificate_attribute(certificate),
        )
    )
    signer_info = der.wrap(
        der.SEQUENCE,
        _VERSION_1,
        certificate.issuer_and_serial_der,
        digest.algorithm_der,
        # RFC 5652 5.4: signed as SET OF, stored as [0] IMPLICIT; the two differ in the first octet.
        bytes((der.CONTEXT_0,)) + attributes[1:],
        RSA_ENCRYPTION,
        der.wrap(der.OCTET_STRING, _signature(key, attributes, digest, certificate)),
    )
    signed_data = der.wrap(
        der.SEQUENCE,
        _VERSION_1,
        der.wrap(der.SET, digest.algorithm_der),
        der.wrap(der.SEQUENCE, ID_DATA),
        _certificates(spec),
        der.wrap(der.SET, signer_info),
    )
    return der.wrap(der.SEQUENCE, _SIGNED_DATA, der.wrap(der.CONTEXT_0, signed_data))


def _signature(key: RSAPrivateKey, attributes: bytes, digest: Digest, certificate: Certificate) -> bytes:
    try:
        return key.sign(attributes, PKCS1v15(), digest.hash)
    except ValueError as error:
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE,
            f"The {key.key_size}-bit key of {certificate.subject} cannot sign with {digest.name}.",
        ) from error


def _certificates(spec: SignerSpec) -> bytes:
    if not spec.include_certificate:
        return b""
    included = [spec.key_pair.certificate]
    if spec.include_chain:
        included += [issuer for issuer in spec.key_pair.chain if not issuer.self_issued]
    return der.set_of((certificate.der for certificate in included), der.CONTEXT_0)


def _attribute(oid: bytes, value: bytes) -> bytes:
    return der.wrap(der.SEQUENCE, oid, der.wrap(der.SET, value))


def _time(moment: datetime) -> bytes:
    moment = moment.astimezone(UTC)
    if moment.year <= _LAST_UTC_TIME_YEAR:
        return der.wrap(_UTC_TIME, f"{moment:%y%m%d%H%M%SZ}".encode("ascii"))
    return der.wrap(_GENERALIZED_TIME, f"{moment:%Y%m%d%H%M%SZ}".encode("ascii"))


def _capabilities() -> bytes:
    """What the sender can decrypt, best first (RFC 8551 2.5.2): no cipher that is weak or that few readers know."""
    known = [cipher for cipher in CIPHERS if cipher.name.startswith("AESCBC")]
    best_first = sorted(known, key=lambda cipher: -cipher.key_size)
    return der.wrap(der.SEQUENCE, *(der.wrap(der.SEQUENCE, encode_oid(cipher.oid)) for cipher in best_first))


_CONTENT_TYPE_ATTRIBUTE: Final = _attribute(encode_oid("1.2.840.113549.1.9.3"), ID_DATA)
_CAPABILITIES_ATTRIBUTE: Final = _attribute(encode_oid("1.2.840.113549.1.9.15"), _capabilities())
_SIGNING_CERTIFICATE_V2: Final = encode_oid("1.2.840.113549.1.9.16.2.47")


@lru_cache(maxsize=64)
def _signing_certificate_attribute(certificate: Certificate) -> bytes:
    """SigningCertificateV2 (RFC 5035 3) with the SHA-256 of the certificate; the hashAlgorithm default is left out."""
    issuer = asn1_x509.GeneralName("directory_name", asn1_x509.Name.load(certificate.issuer_der))
    value = tsp.SigningCertificateV2(
        {
            "certs": [
                {
                    "cert_hash": hashlib.sha256(certificate.der).digest(),
                    "issuer_serial": {"issuer": [issuer], "serial_number": certificate.serial},
                }
            ]
        }
    )
    return _attribute(_SIGNING_CERTIFICATE_V2, value.dump())
