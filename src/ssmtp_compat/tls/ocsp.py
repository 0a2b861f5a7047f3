"""Asking the authority's responder about one certificate, and reading its answer (RFC 6960)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from ..errors import OperationInterruptedError, SSMTPError, printable
from ..pki import encoded_names
from .answers import AnswerCache, UnavailableError, extension_of, fresh_until, is_strong, is_subject, may

__all__ = ["ask_responder", "read_stapled"]

_MOST_URLS: Final = 3
"""Tried for one certificate, which may name hundreds."""
_MOST_CERTIFICATES: Final = 8
"""Looked at in one answer, which needs one."""

_cache: AnswerCache[str] = AnswerCache()


def ask_responder(
    certificate: x509.Certificate, issuer: x509.Certificate, fetch: Callable[[str, bytes], bytes], now: datetime
) -> str:
    """What the responder says against ``certificate``, "" for nothing.

    ``fetch`` posts a request to an ``http`` URL. Raises :class:`UnavailableError` where no responder knows.
    """
    kept = _cache.get((certificate, issuer), now)
    if kept is not None:
        return kept
    failure = ""
    # SHA-1 is what every responder understands. It names the issuer, and protects nothing.
    request = _request(certificate, issuer, hashes.SHA1()).public_bytes(Encoding.DER)  # noqa: S303  see above
    for url in _urls(certificate)[:_MOST_URLS]:
        try:
            return read_stapled(fetch(url, request), certificate, issuer, now)
        except OperationInterruptedError:
            raise
        except SSMTPError as error:
            failure = failure or f"{printable(url)}: {error.message}"
        except UnavailableError as why:
            failure = failure or f"{printable(url)}: {why}"
    raise UnavailableError(failure or "the certificate names no responder")


def read_stapled(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str:
    """What ``answer``, a DER OCSPResponse from wherever, says against ``certificate``; as :func:`ask_responder`."""
    try:
        problem, until = _read(answer, certificate, issuer, now)
    except UnavailableError:
        raise
    except Exception as error:  # anybody may have changed it, and parsers raise many kinds
        raise UnavailableError("what the responder says is no OCSP answer") from error
    _cache.put((certificate, issuer), problem, len(answer), until)
    return problem


def _read(
    answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> tuple[str, datetime]:
    response = ocsp.load_der_ocsp_response(answer)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnavailableError(f"the responder says {response.response_status.name.lower().replace('_', ' ')}")
    single = next((one for one in response.responses if _is_about(one, certificate, issuer)), None)
    if single is None:
        raise UnavailableError("the responder's answer is about another certificate")
    _check_signer(response, issuer, now)
    until = fresh_until(single.this_update_utc, single.next_update_utc, now)
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise UnavailableError("the responder does not know the certificate")
    if single.certificate_status is not ocsp.OCSPCertStatus.REVOKED:
        return "", until
    why = f", {single.revocation_reason.value}" if single.revocation_reason is not None else ""
    return f"certificate is revoked (since {single.revocation_time_utc:%Y-%m-%d}{why})", until


def _urls(certificate: x509.Certificate) -> list[str]:
    access = extension_of(certificate, x509.AuthorityInformationAccess) or ()
    named = [one.access_location.value for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]
    return [url for url in named if isinstance(url, str) and url.lower().startswith("http://")]


def _request(
    certificate: x509.Certificate, issuer: x509.Certificate, algorithm: hashes.HashAlgorithm
) -> ocsp.OCSPRequest:
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    asked = _request(certificate, issuer, single.hash_algorithm)
    return (single.serial_number, single.issuer_name_hash, single.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _check_signer(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """RFC 6960 4.2.2.2: the issuer itself, or somebody whom it has certified for this, and nobody else."""
    if not is_strong(response.signature_hash_algorithm):
        raise UnavailableError("the responder's answer is signed with a weak hash")
    for signer in (issuer, *response.certificates[:_MOST_CERTIFICATES]):
        if _is_named(response, signer) and _has_signed(response, signer):
            if signer == issuer or _may_answer(signer, issuer, now):
                return
            raise UnavailableError("the responder's answer is signed by somebody who may not answer for the issuer")
    raise UnavailableError("the responder's answer is not signed by the issuer, nor in its name")


def _is_named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key_hash = response.responder_key_hash
    if key_hash is not None:
        return key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest
    return is_subject(signer, encoded_names.responder(response.tbs_response_bytes), lambda: response.responder_name)


def _may_answer(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        signer.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    uses = extension_of(signer, x509.ExtendedKeyUsage) or ()
    in_time = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
    meant_for_it = ExtendedKeyUsageOID.OCSP_SIGNING in uses and may(signer, "digital_signature")
    return in_time and meant_for_it and is_strong(signer.signature_hash_algorithm)


def _has_signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), response.signature_hash_algorithm
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True
