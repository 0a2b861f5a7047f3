"""SignedData (RFC 5652 5): around content that stands elsewhere, or with the content inside.

The SignerInfo is put together from octets: building it from ASN.1 objects costs more than the RSA operation itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from asn1crypto import core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import UnsupportedAlgorithm

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, SSMTPError
from ..pki.certificates import Certificate, KeyPair
from . import der, oids
from .algorithms import ID_DATA, encode_oid
from .ciphers import CIPHERS
from .digests import Digest
from .schemes import SignatureScheme, signature_scheme
from .sources import Joined, Source
from .suitability import CertificateRules, check_signer

__all__ = ["Signer", "SignerSpec"]


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
    use_pss: bool = False
    """RSASSA-PSS in place of PKCS #1 v1.5, for RSA keys."""
    detached: bool = True
    """multipart/signed (RFC 8551 3.5.3) in place of application/pkcs7-mime with the content inside (3.5.2)."""


_SIGNED_DATA: Final = encode_oid(oids.SIGNED_DATA)
_MESSAGE_DIGEST: Final = encode_oid(oids.MESSAGE_DIGEST)
_SIGNING_TIME: Final = encode_oid(oids.SIGNING_TIME)
_VERSION_1: Final = core.Integer(1).dump()
_DETACHED_CONTENT: Final = der.wrap(der.SEQUENCE, ID_DATA)
# RFC 5652 11.3: UTCTime through 2049, GeneralizedTime after.
_LAST_UTC_TIME_YEAR: Final = 2049
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18


class Signer:
    """Signs as ``spec`` says.

    Signed attributes: contentType, signingTime, messageDigest, SMIMECapabilities, signingCertificateV2. Content has to
    be the canonical entity, octet for octet as it will be sent. Raises :class:`CertificateError` when the signer's
    certificate is out of date (10199), for another purpose (10201) or too weak (10223), :class:`UnsupportedError`
    (20008) when its kind of key cannot sign mail, and :class:`SSMTPError` (10194) when that kind of key cannot use the
    digest. The methods raise :class:`CertificateError` when the key is too small (10223) or its token cannot be used
    (271), and :class:`SSMTPError` (10194) when the system forbids the digest, before anything is written.
    """

    def __init__(self, spec: SignerSpec) -> None:
        certificate = spec.key_pair.certificate
        check_signer(certificate, spec.rules, spec.signing_time)
        self._scheme = signature_scheme(certificate, spec.digest, use_pss=spec.use_pss)
        self._spec = spec

    @property
    def micalg(self) -> str:
        """The value of the micalg parameter (RFC 8551 3.5.3.2) for what is signed."""
        return self._scheme.digest.micalg

    def detached(self, content: Iterable[bytes]) -> bytes:
        """DER of a ContentInfo with a SignedData over ``content``, which is not in it."""
        end = self._end(content)
        return _start(self._scheme, _DETACHED_CONTENT, len(end)) + end

    def opaque(self, content: Source) -> Source:
        """The same with ``content`` inside, which is read once here and once more each time the result is read."""
        end = self._end(content.chunks())
        inside = der.header(der.OCTET_STRING, len(content))
        inside = der.opening(der.CONTEXT_0, inside, len(content))
        inside = der.opening(der.SEQUENCE, ID_DATA + inside, len(content))
        return Joined(_start(self._scheme, inside, len(content) + len(end)), content, end)

    def _end(self, content: Iterable[bytes]) -> bytes:
        """What follows the content in a SignedData: certificates and signerInfos."""
        spec, scheme = self._spec, self._scheme
        certificate = spec.key_pair.certificate
        attributes = der.set_of(
            (
                _CONTENT_TYPE_ATTRIBUTE,
                _attribute(_SIGNING_TIME, _time(spec.signing_time)),
                _attribute(_MESSAGE_DIGEST, der.wrap(der.OCTET_STRING, scheme.digest.of(content))),
                _CAPABILITIES_ATTRIBUTE,
                _signing_certificate_attribute(certificate),
            )
        )
        signer_info = der.wrap(
            der.SEQUENCE,
            _VERSION_1,
            certificate.issuer_and_serial_der,
            scheme.digest.algorithm_der,
            # RFC 5652 5.4: signed as SET OF, stored as [0] IMPLICIT; the two differ in the first octet.
            bytes((der.CONTEXT_0,)) + attributes[1:],
            scheme.algorithm_der,
            der.wrap(der.OCTET_STRING, _signature(spec.key_pair, scheme, attributes)),
        )
        return _certificates(spec) + der.wrap(der.SET, signer_info)


def _start(scheme: SignatureScheme, content: bytes, following: int) -> bytes:
    """The beginning of the structure up to and with ``content``, ``following`` octets of which come later."""
    algorithms = der.wrap(der.SET, scheme.digest.algorithm_der)
    start = der.opening(der.SEQUENCE, _VERSION_1 + algorithms + content, following)
    start = der.opening(der.CONTEXT_0, start, following)
    return der.opening(der.SEQUENCE, _SIGNED_DATA + start, following)


def _signature(key_pair: KeyPair, scheme: SignatureScheme, attributes: bytes) -> bytes:
    key: Any = key_pair.private_key  # perhaps a token's, which has sign() and nothing else
    try:
        signature: bytes = key.sign(attributes, *scheme.arguments)
    except UnsupportedAlgorithm as error:
        text = f"This system does not allow signatures with {scheme.digest.name}."
        raise SSMTPError(ErrorCode.UNSUPPORTED_ALGORITHM, text) from error
    except ValueError as error:
        certificate = key_pair.certificate
        size = getattr(certificate.public_key, "key_size", 0)
        raise CertificateError(
            ErrorCode.UNSUPPORTED_KEY_SIZE,
            f"The {size}-bit key of {certificate.holder} cannot sign with {scheme.digest.name}.",
        ) from error
    return signature


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
    # strftime takes five times as long, which counts beside an RSA operation.
    digits = moment.isoformat()[:19].replace("-", "").replace("T", "").replace(":", "")
    if moment.year <= _LAST_UTC_TIME_YEAR:
        return der.wrap(_UTC_TIME, f"{digits[2:]}Z".encode("ascii"))
    return der.wrap(_GENERALIZED_TIME, f"{digits}Z".encode("ascii"))


def _capabilities() -> bytes:
    """What the sender can decrypt, best first (RFC 8551 2.5.2): no cipher that is weak.

    Of one size CBC goes before GCM, which not every mail program of the sender may read.
    """
    known = [cipher for cipher in CIPHERS if cipher.name.startswith("AES")]
    best_first = sorted(known, key=lambda cipher: (-cipher.key_size, cipher.tag_size))
    return der.wrap(der.SEQUENCE, *(der.wrap(der.SEQUENCE, encode_oid(cipher.oid)) for cipher in best_first))


_CONTENT_TYPE_ATTRIBUTE: Final = _attribute(encode_oid(oids.CONTENT_TYPE), ID_DATA)
_CAPABILITIES_ATTRIBUTE: Final = _attribute(encode_oid(oids.SMIME_CAPABILITIES), _capabilities())
_SIGNING_CERTIFICATE_V2: Final = encode_oid(oids.SIGNING_CERTIFICATE_V2)


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
