"""Whether the authority has revoked the server's certificate: the list that the certificate names (RFC 5280 5, 6.3)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtensionOID

from ..errors import OperationInterruptedError, SSMTPError

__all__ = ["Revocation", "revocation_problem"]

_KEPT: Final = 64
"""Lists kept; one is what a program with one mail server needs."""
_LONGEST: Final = timedelta(days=1)
"""A list is fetched anew after this, also where it says that it is good for longer."""
# RFC 5280 6.3.3: a list with a critical extension that is not understood must not be used. These two are understood.
_UNDERSTOOD: Final = {ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER}


class Revocation(Enum):
    """How much it matters."""

    IGNORED = 0
    IF_AVAILABLE = 1
    """A list that cannot be had is no problem."""
    REQUIRED = 2


class _UnavailableError(Exception):
    """There is no list, or it cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class _Kept:
    revoked: x509.CertificateRevocationList
    until: datetime


_cache: OrderedDict[str, _Kept] = OrderedDict()
_cache_lock = threading.Lock()


def revocation_problem(
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    mode: Revocation,
    fetch: Callable[[str], bytes],
    now: datetime | None = None,
) -> str:
    """What speaks against ``leaf``, "" for nothing.

    ``issuer`` has signed it; ``fetch`` gets the content of an ``http`` URL and raises :class:`SSMTPError`.
    """
    now = now or datetime.now(UTC)
    try:
        listed = _list_for(leaf, issuer, fetch, now)
    except _UnavailableError as why:
        return f"revocation status is unknown: {why}" if mode is Revocation.REQUIRED else ""
    entry = listed.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if entry is None or _reason(entry) is x509.ReasonFlags.remove_from_crl:
        return ""
    reason = _reason(entry)
    why_revoked = f", {reason.value}" if reason is not None else ""
    return f"certificate is revoked (since {entry.revocation_date_utc:%Y-%m-%d}{why_revoked})"


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return None


def _list_for(
    leaf: x509.Certificate, issuer: x509.Certificate, fetch: Callable[[str], bytes], now: datetime
) -> x509.CertificateRevocationList:
    urls = _urls(leaf)
    if not urls:
        raise _UnavailableError("the certificate names no list that HTTP can fetch")
    failure = ""
    for url in urls:
        try:
            return _current(url, issuer, fetch, now)
        except _UnavailableError as why:
            failure = failure or str(why)
    raise _UnavailableError(failure)


def _urls(leaf: x509.Certificate) -> list[str]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = [name.value for point in points if not point.crl_issuer for name in point.full_name or ()]
    # Not https: its certificate would have to be checked in turn. The list is signed, so it needs no protection.
    return [name for name in names if isinstance(name, str) and name.lower().startswith("http://")]


def _current(
    url: str, issuer: x509.Certificate, fetch: Callable[[str], bytes], now: datetime
) -> x509.CertificateRevocationList:
    with _cache_lock:
        kept = _cache.get(url)
        if kept is not None:
            _cache.move_to_end(url)
    if kept is not None and now < kept.until:
        _check_issuer(kept.revoked, issuer, url)
        return kept.revoked
    try:
        content = fetch(url)
    except OperationInterruptedError:
        raise
    except SSMTPError as error:
        raise _UnavailableError(f"{url}: {error.message}") from error
    listed = _parse(content, url)
    _check_issuer(listed, issuer, url)
    following = listed.next_update_utc
    if listed.last_update_utc > now or (following is not None and following <= now):
        raise _UnavailableError(f"{url}: the list is not for this moment")
    with _cache_lock:
        _cache[url] = _Kept(listed, min(following or now + _LONGEST, now + _LONGEST))
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return listed


def _parse(content: bytes, url: str) -> x509.CertificateRevocationList:
    try:
        read = x509.load_pem_x509_crl if content.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
        listed = read(content)
        unknown = [one for one in listed.extensions if one.critical and one.oid not in _UNDERSTOOD]
        scopes = [one.value for one in listed.extensions if isinstance(one.value, x509.IssuingDistributionPoint)]
    except ValueError as error:
        raise _UnavailableError(f"{url}: what is there is no revocation list") from error
    if unknown:
        raise _UnavailableError(f"{url}: the list has an extension that is not known")
    for scope in scopes:
        others = scope.only_contains_ca_certs or scope.only_contains_attribute_certs
        if others or scope.indirect_crl or scope.only_some_reasons:
            raise _UnavailableError(f"{url}: the list is not about servers, or not about every reason")
    return listed


def _check_issuer(listed: x509.CertificateRevocationList, issuer: x509.Certificate, url: str) -> None:
    try:
        # An issuer's key that cannot sign raises TypeError there.
        signed = listed.is_signature_valid(cast(CertificateIssuerPublicKeyTypes, issuer.public_key()))
    except (TypeError, ValueError, UnsupportedAlgorithm):
        signed = False
    if not signed or listed.issuer != issuer.subject:
        raise _UnavailableError(f"{url}: the list is not signed by the issuer of the certificate")
