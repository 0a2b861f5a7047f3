"""The list of revoked certificates that a certificate names (RFC 5280 5, 6.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtensionOID

from ..errors import OperationInterruptedError, SSMTPError, printable
from ..pki import encoded_names
from .answers import AnswerCache, UnavailableError, extension_of, fresh_until, is_strong, is_subject, may

__all__ = ["ask_list"]

# RFC 5280 6.3.3: a list with a critical extension that is not understood must not be used. These two are understood.
_UNDERSTOOD: Final = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER}
_MOST_URLS: Final = 3
"""Tried for one certificate, which may name hundreds."""

_cache: AnswerCache[x509.CertificateRevocationList] = AnswerCache()


def ask_list(
    certificate: x509.Certificate, issuer: x509.Certificate, fetch: Callable[[str], bytes], now: datetime
) -> str:
    """What the list says against ``certificate``, "" for nothing. Raises :class:`UnavailableError` without a list."""
    listed = _list_for(certificate, issuer, fetch, now)
    entry = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None or _reason(entry) is x509.ReasonFlags.remove_from_crl:
        return ""
    reason = _reason(entry)
    why = f", {reason.value}" if reason is not None else ""
    return f"certificate is revoked (since {entry.revocation_date_utc:%Y-%m-%d}{why})"


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except Exception:  # noqa: BLE001  parsers raise many kinds; that it is listed is what counts
        return None


def _list_for(
    certificate: x509.Certificate, issuer: x509.Certificate, fetch: Callable[[str], bytes], now: datetime
) -> x509.CertificateRevocationList:
    urls = _urls(certificate)
    if not urls:
        raise UnavailableError("the certificate names no list that HTTP can fetch")
    failure = ""
    for url in urls[:_MOST_URLS]:
        try:
            return _current(url, certificate, issuer, fetch, now)
        except UnavailableError as why:
            failure = failure or f"{printable(url)}: {why}"
    raise UnavailableError(failure)


def _urls(certificate: x509.Certificate) -> list[str]:
    points = extension_of(certificate, x509.CRLDistributionPoints) or ()
    # Not the lists of other issuers, and not those about some reasons only.
    whole = [point for point in points if not point.crl_issuer and not point.reasons]
    names = [name.value for point in whole for name in point.full_name or ()]
    # Not https: its certificate would have to be checked in turn. The list is signed, so it needs no protection.
    return [name for name in names if isinstance(name, str) and name.lower().startswith("http://")]


def _current(
    url: str,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    fetch: Callable[[str], bytes],
    now: datetime,
) -> x509.CertificateRevocationList:
    key = url, issuer, _is_ca(certificate)
    listed = _cache.get(key, now)
    if listed is not None:
        return listed
    try:
        content = fetch(url)
    except OperationInterruptedError:
        raise
    except SSMTPError as error:
        raise UnavailableError(error.message) from error
    try:
        listed = _parse(content)
        _check_scope(listed, url, is_ca=_is_ca(certificate))
        _check_issuer(listed, issuer)
        until = fresh_until(listed.last_update_utc, listed.next_update_utc, now)
    except UnavailableError:
        raise
    except Exception as error:  # anybody may have changed it, and parsers raise many kinds
        raise UnavailableError("what is there is no revocation list") from error
    _cache.put(key, listed, len(content), until)
    return listed


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = extension_of(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _parse(content: bytes) -> x509.CertificateRevocationList:
    read = x509.load_pem_x509_crl if content.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
    listed = read(content)
    if any(one.critical and one.oid not in _UNDERSTOOD for one in listed.extensions):
        raise UnavailableError("the list has an extension that is not known")
    return listed


def _check_scope(listed: x509.CertificateRevocationList, url: str, *, is_ca: bool) -> None:
    for scope in (one.value for one in listed.extensions if isinstance(one.value, x509.IssuingDistributionPoint)):
        others = scope.only_contains_user_certs if is_ca else scope.only_contains_ca_certs
        if others or scope.only_contains_attribute_certs or scope.indirect_crl or scope.only_some_reasons:
            raise UnavailableError("the list is not about such certificates, or not about every reason")
        # Large authorities cut their list into parts, all signed alike. Whoever stands in between could show the part
        # that the certificate is not in (RFC 5280 6.3.3 b 2).
        names = {name.value for name in scope.full_name or ()}
        if scope.relative_name or (names and url not in names):
            raise UnavailableError("the list is the one of another address")


def _check_issuer(listed: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    try:
        # An issuer's key that cannot sign raises TypeError there.
        signed = listed.is_signature_valid(cast(CertificateIssuerPublicKeyTypes, issuer.public_key()))
        strong = is_strong(listed.signature_hash_algorithm)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        signed = strong = False
    named = is_subject(issuer, encoded_names.list_issuer(listed.tbs_certlist_bytes), lambda: listed.issuer)
    if not signed or not named:
        raise UnavailableError("the list is not signed by the issuer of the certificate")
    if not strong or not may(issuer, "crl_sign"):
        raise UnavailableError("the list is signed with a weak hash, or a key that is not meant for lists")
