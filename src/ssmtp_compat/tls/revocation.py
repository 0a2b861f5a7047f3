"""Whether an authority has revoked a certificate on the way from the server to the trust anchor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from time import monotonic
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import CertificateError
from ..net.deadline import Deadline
from ..pki.certificates import Certificate
from .answers import Revocation, UnavailableError, extension_of
from .crl import ask_list
from .http_fetch import Ask, ask_directly, fetch
from .ocsp import ask_responder, read_stapled

__all__ = ["RevocationCheck"]

_SECONDS: Final = 20.0
"""For all that is fetched for one handshake, however many addresses the certificates name."""

_AT_LEAST: Final = 0.001  # seconds, since 0 would be no limit
_DEMANDED: Final = "certificate demands a stapled OCSP response, and the server"


@dataclass(slots=True)
class RevocationCheck:
    """Asks, in this order, what the server has stapled, the responder, and the list. It is good for one handshake."""

    server: Revocation
    """For the server's own certificate."""
    authorities: Revocation
    """For those between it and the trust anchor, whom nobody can revoke."""
    whole: Deadline
    """Of the method; an interrupt of it ends this too."""
    ask: Ask = ask_directly
    """The way to responders and lists."""
    _spent: float = 0.0
    """Seconds. What kept a session from being taken up is asked about once more in the same handshake."""

    def problem(self, path: Sequence[x509.Certificate], stapled: bytes | None) -> str:
        """What speaks against the certificates of ``path``, the server's first and the anchor's last; "" for nothing.

        ``stapled`` is the OCSP response that came with the handshake, or empty; None where none could come, because a
        session is taken up.
        """
        now, began = datetime.now(UTC), monotonic()
        left = max(_SECONDS - self._spent, _AT_LEAST)
        get = partial(fetch, whole=self.whole.part(left), ask=self.ask)
        try:
            problems = [
                self._problem(certificate, issuer, depth, None if depth else stapled, get, now)
                for depth, (certificate, issuer) in enumerate(pairwise(path))
            ]
        finally:
            self._spent += monotonic() - began
            self.whole.progress()  # this wait was our own, and not the mail server's silence
        return "; ".join(filter(None, problems))

    def unanchored_problem(self) -> str:
        """The same where no trust anchor was found, which was forgiven: whom should one ask?"""
        required = self.server is Revocation.REQUIRED
        return "revocation status is unknown: the authority is not known" if required else ""

    def _problem(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        depth: int,
        stapled: bytes | None,
        get: Callable[..., bytes],
        now: datetime,
    ) -> str:
        who = _issuer(certificate) if depth else ""
        reasons = []
        try:
            if stapled is not None and _demands_staple(certificate):
                return _demanded_problem(certificate, issuer, stapled, now)
        except UnavailableError as why:
            reasons.append(str(why))
        for ask in (
            partial(read_stapled, stapled) if stapled else None,
            partial(ask_responder, fetch=get),
            partial(ask_list, fetch=get),
        ):
            if ask is not None:
                try:
                    problem = ask(certificate, issuer, now=now)
                except UnavailableError as why:
                    reasons.append(str(why))
                else:
                    return f"{problem}{who}" if problem else ""
        mode = self.authorities if depth else self.server
        return f"revocation status is unknown: {', '.join(reasons)}{who}" if mode is Revocation.REQUIRED else ""


def _issuer(certificate: x509.Certificate) -> str:
    try:
        # cryptography refuses names of authorities that are old enough to have Latin-1 in a TeletexString.
        return f" (issuer {Certificate(certificate.public_bytes(Encoding.DER)).holder})"
    except CertificateError:
        return " (an issuer)"


def _demands_staple(certificate: x509.Certificate) -> bool:
    """Whether the authority has promised that the server staples (RFC 7633)."""
    return x509.TLSFeatureType.status_request in (extension_of(certificate, x509.TLSFeature) or ())


def _demanded_problem(certificate: x509.Certificate, issuer: x509.Certificate, stapled: bytes, now: datetime) -> str:
    """Whoever has stolen the key cannot staple, so nothing else is asked, and no answer is one against it."""
    try:
        return read_stapled(stapled, certificate, issuer, now) if stapled else f"{_DEMANDED} sent none"
    except UnavailableError as why:
        return f"{_DEMANDED} sent one of no use ({why})"
