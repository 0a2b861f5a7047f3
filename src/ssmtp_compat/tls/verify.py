"""Whether the server's certificate is to be trusted: OpenSSL's walk of the chain, the host name, the caller's word.

The verdict falls inside the handshake, in OpenSSL's verify callback, so that a refusal ends the handshake with an
alert before the server sees the client's Finished or a single octet of SMTP.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Flag, auto
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, FILETYPE_PEM, X509, dump_certificate
from OpenSSL.SSL import X509VerificationCodes as Code

from ..catalog.errors import ErrorCode
from ..errors import CertificateError, TLSError
from ..pki.certificates import Certificate
from .server_name import ServerName, host_name_problem

if TYPE_CHECKING:
    from .revocation import RevocationCheck

__all__ = [
    "NO_FAULT",
    "Authenticate",
    "Fault",
    "ServerCertificate",
    "Verifier",
    "verified_path",
]

OK: Final = "OK"
_DECODED: Final = 32
"""Certificates kept in decoded form, some kilobytes each."""
_REASONS: Final = {
    Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: "self-signed certificate",
    Code.ERR_SELF_SIGNED_CERT_IN_CHAIN: "self-signed certificate in the chain, which is no trust anchor",
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT: "unable to get issuer certificate",
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "unable to get local issuer certificate",
    Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: "unable to verify the first certificate",
    Code.ERR_CERT_SIGNATURE_FAILURE: "certificate signature does not fit",
    Code.ERR_INVALID_PURPOSE: "certificate is not meant for TLS servers",
    Code.ERR_INVALID_CA: "issuer certificate is not that of a CA",
    Code.ERR_PATH_LENGTH_EXCEEDED: "path length constraint exceeded",
    Code.ERR_CERT_REVOKED: "certificate is revoked",
    Code.ERR_PERMITTED_VIOLATION: "name is not permitted by the name constraints of the issuer",
    Code.ERR_EXCLUDED_VIOLATION: "name is excluded by the name constraints of the issuer",
    # Not in pyOpenSSL's list; the numbers are those of OpenSSL's x509_vfy.h.
    66: "certificate key is too weak",
    67: "issuer certificate key is too weak",
    68: "certificate is signed with a hash that is too weak",
}


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What the server presented, and what verification says about it."""

    der: bytes
    pem: bytes
    subject: str
    issuer: str
    chain_pem: bytes
    """All certificates that the server sent, its own first."""
    status: str
    """``OK``, or every reason not to trust it, joined with ``; ``."""
    trusted: bool
    """The recommendation: whether verification found nothing against it."""


class Fault(Flag):
    """Kinds of finding that a caller may forgive."""

    DATES = auto()
    AUTHORITY = auto()
    """No way to a trust anchor."""
    USAGE = auto()
    HOST_NAME = auto()


NO_FAULT: Final = Fault(0)
_FORGIVABLE: Final = {
    Code.ERR_CERT_HAS_EXPIRED: Fault.DATES,
    Code.ERR_CERT_NOT_YET_VALID: Fault.DATES,
    Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT: Fault.AUTHORITY,
    Code.ERR_SELF_SIGNED_CERT_IN_CHAIN: Fault.AUTHORITY,
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT: Fault.AUTHORITY,
    Code.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY: Fault.AUTHORITY,
    Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: Fault.AUTHORITY,
    Code.ERR_INVALID_PURPOSE: Fault.USAGE,
}

Authenticate = Callable[[ServerCertificate], bool]
"""The caller's decision on a certificate; ``trusted`` is the recommendation."""


class Verifier:
    """OpenSSL's verify callback for one handshake, and the keeper of its outcome.

    OpenSSL reports each finding as it builds and walks the chain; findings are noted and the walk goes on. Its walk
    ends with the report that the leaf is done: that is when the verdict falls.

    Nothing may be raised through OpenSSL. pyOpenSSL looks for a callback's exception only at the context, not at the
    connection, so this class keeps it in ``failure`` itself, for the caller to raise.
    """

    def __init__(
        self,
        name: ServerName,
        accepted_certificate: bytes,
        authenticate: Authenticate | None,
        forgiven: Fault = NO_FAULT,
        revocation: RevocationCheck | None = None,
        strength: Callable[[x509.Certificate, int], str] | None = None,
    ) -> None:
        self.server_certificate: ServerCertificate | None = None
        self.accepted = False
        self.failure: BaseException | None = None
        self.asked_about_revocation = False
        """Whether the certificate was trusted for its authority's sake: what any other names is nothing to ask."""
        self._name = name
        self._pinned = accepted_certificate
        self._authenticate = authenticate
        self._forgiven = forgiven
        self._revocation = revocation
        self._strength = strength
        self._problems: list[str] = []
        self._presented: Certificate | None = None
        """The server's, while the verdict waits for the staple."""
        self._is_pinned = False
        self._is_anchored = True
        self._overruled = False

    def __call__(self, connection: SSL.Connection, certificate: X509, error: int, depth: int, ok: int) -> bool:
        try:
            if not ok:
                return self._note(certificate, error, depth)
            self._problems += filter(None, [self._strength_problem(certificate, depth)])
            return depth > 0 or self._decide(connection, certificate)
        except BaseException as failure:  # noqa: BLE001  kept for the caller; OpenSSL's C frames lie between
            self.accepted = False
            self.failure = failure
            return False

    @property
    def status(self) -> str:
        """The findings so far, ``OK`` without any."""
        return "; ".join(dict.fromkeys(self._problems)) or OK

    def _note(self, certificate: X509, error: int, depth: int) -> bool:
        if self._is_pinned:
            return True
        if (fault := _FORGIVABLE.get(error, NO_FAULT)) & self._forgiven:
            # Nobody but its own key could revoke one that signs itself.
            if fault is Fault.AUTHORITY and error != Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
                self._is_anchored = False
            return True
        if error == Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE and self._problems:
            return True  # follows from the issuer that could not be found, which was noted before
        self._problems.append(_chain_problem(_decode(certificate), error, depth))
        if self.server_certificate is None:
            return True
        # OpenSSL checks name constraints behind the walk. Who said yes to a clean certificate did not say yes to this.
        self.server_certificate = replace(self.server_certificate, status=self.status, trusted=False)
        self.accepted = self.accepted and self._overruled
        return self.accepted

    def _decide(self, connection: SSL.Connection, certificate: X509) -> bool:
        leaf = _decode(certificate)
        self._is_pinned = bool(self._pinned) and leaf.der == self._pinned
        if self._is_pinned:
            self._problems.clear()
        else:
            self._problems += filter(None, [self._name_problem(leaf)])
            if self._revocation is not None and not self._problems:
                # Nobody fetches what a certificate names that is not trusted. And in TLS 1.2 a staple comes later.
                self._presented = leaf
                return True
        return self._judge(connection, leaf)

    def take_staple(self, connection: SSL.Connection, response: bytes) -> bool:
        """Whether to go on after the server's part of the handshake, with its OCSP response or nothing."""
        leaf, self._presented = self._presented, None
        if leaf is None:
            return True  # the verdict has fallen, or falls behind a resumed handshake
        try:
            if not self._problems and self._revocation is not None:
                self._problems += filter(None, [self._revocation_problem(self._revocation, connection, response)])
            return self._judge(connection, leaf)
        except BaseException as failure:  # noqa: BLE001  as above
            self.accepted = False
            self.failure = failure
            return False

    def _judge(self, connection: SSL.Connection, leaf: Certificate) -> bool:
        trusted = not self._problems
        chain = connection.get_peer_cert_chain() or []
        self.server_certificate = ServerCertificate(
            der=leaf.der,
            pem=leaf.pem(),
            subject=leaf.subject,
            issuer=leaf.issuer,
            chain_pem=b"".join(dump_certificate(FILETYPE_PEM, each) for each in chain),
            status=self.status,
            trusted=trusted,
        )
        self.accepted = trusted
        if self._authenticate is not None and not self._is_pinned:
            self.accepted = bool(self._authenticate(self.server_certificate))
        self._overruled = self.accepted and not trusted
        return self.accepted

    def _name_problem(self, leaf: Certificate) -> str:
        return "" if Fault.HOST_NAME in self._forgiven else host_name_problem(leaf.der, self._name)

    def _strength_problem(self, certificate: X509, depth: int) -> str:
        if self._strength is None:
            return ""
        read = _readable(certificate)
        return self._strength(read, depth) if read is not None else "certificate cannot be decoded"

    def _revocation_problem(self, check: RevocationCheck, connection: SSL.Connection, response: bytes) -> str:
        path = verified_path(connection)
        if not path or not self._is_anchored:
            return check.unanchored_problem()
        self.asked_about_revocation = True
        return check.problem(path, response)

    def judge_again(self, certificate: ServerCertificate) -> None:
        """Take what an earlier handshake found of the certificate, for a resumed session shows none."""
        self._is_pinned = bool(self._pinned) and certificate.der == self._pinned
        self.server_certificate = certificate
        self.accepted = certificate.trusted or self._is_pinned
        if self._authenticate is not None and not self._is_pinned:
            self.accepted = bool(self._authenticate(certificate))


def verified_path(connection: SSL.Connection) -> tuple[x509.Certificate, ...]:
    """The certificates that OpenSSL went over in a full handshake, the server's first.

    Empty for a resumed one, and where one of them cannot be decoded.
    """
    path = [_readable(certificate) for certificate in connection.get_verified_chain() or ()]
    return tuple(certificate for certificate in path if certificate is not None) if None not in path else ()


def _readable(certificate: X509) -> x509.Certificate | None:
    """What OpenSSL has read, read by a stricter parser; None for what that does not take."""
    try:
        return certificate.to_cryptography()
    except Exception:  # noqa: BLE001  parsers raise many kinds, of which some are no ValueError
        return None


def _chain_problem(certificate: Certificate, error: int, depth: int) -> str:
    if error == Code.ERR_CERT_HAS_EXPIRED:
        reason = f"certificate has expired (notAfter {certificate.not_after:%Y-%m-%d})"
    elif error == Code.ERR_CERT_NOT_YET_VALID:
        reason = f"certificate is not yet valid (notBefore {certificate.not_before:%Y-%m-%d})"
    else:
        reason = _REASONS.get(error) or _constant_name(error)
    return f"{reason} (issuer {certificate.holder})" if depth else reason


# A third of what a handshake costs on this side, and a program's servers show the same ones again and again.
@lru_cache(maxsize=_DECODED)
def _certificate(der: bytes) -> Certificate:
    return Certificate(der)


def _constant_name(error: int) -> str:
    for name, number in vars(Code).items():
        if number == error and name.startswith("ERR_"):
            return name.removeprefix("ERR_").replace("_", " ").lower()
    return f"verification error {error}"


def _decode(certificate: X509) -> Certificate:
    try:
        return _certificate(dump_certificate(FILETYPE_ASN1, certificate))
    except CertificateError as error:
        text = "The server sent a certificate that cannot be decoded."
        raise TLSError(ErrorCode.CERTIFICATE_REJECTED, text) from error
