"""TLS sessions that a later connection may take up again (RFC 8446 2.2, RFC 5077)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from OpenSSL import SSL

from .context import TlsOptions
from .verify import ServerCertificate

__all__ = ["Remembered", "SessionCache"]

_LIFETIME: Final = 36000.0
"""Seconds. A server may set less, and then simply makes a full handshake."""
_KEPT: Final = 8
"""Servers remembered; a handle talks to one or two."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A session, and the certificate that was accepted for it: a resumed one shows none."""

    session: SSL.Session
    certificate: ServerCertificate
    path: tuple[x509.Certificate, ...]
    """From the server's certificate to the trust anchor."""
    ask_again: bool
    """Whether to ask once more if the path was revoked: nobody asks what a certificate names that is not trusted."""
    context: SSL.Context
    since: float
    valid_until: datetime
    """When the first certificate of the path expires that had not expired already."""


class SessionCache:
    """The sessions of one client, each for the same server and the same options only, and as long as its certificates
    are valid: whoever takes up a session does not look at them again."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, today: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._clock = clock
        self._today = today
        self._sessions: dict[tuple[TlsOptions, int], Remembered] = {}

    def keep(
        self,
        options: TlsOptions,
        port: int,
        connection: SSL.Connection,
        certificate: ServerCertificate,
        path: tuple[x509.Certificate, ...],
        *,
        ask_again: bool,
    ) -> None:
        """Remember the session of a connection that ends in good order. TLS 1.3 gives it only after the handshake."""
        session = connection.get_session()
        if session is None:
            return
        now = self._today()
        ends = [one.not_valid_after_utc for one in path if one.not_valid_after_utc > now]
        until = min(ends, default=datetime.max.replace(tzinfo=UTC))
        self._sessions.pop((options, port), None)
        self._sessions[options, port] = Remembered(
            session, certificate, path, ask_again, connection.get_context(), self._clock(), until
        )
        while len(self._sessions) > _KEPT:
            del self._sessions[next(iter(self._sessions))]

    def take(self, options: TlsOptions, port: int, context: SSL.Context) -> Remembered | None:
        """The session to try, which is forgotten with it: a ticket that is used once tells an eavesdropper least
        (RFC 8446 C.4), and one that failed is not tried again."""
        found = self._sessions.pop((options, port), None)
        if found is None or self._clock() - found.since >= _LIFETIME or self._today() >= found.valid_until:
            return None
        if found.context is not context:  # made anew, because the trust anchors have changed
            return None
        return found
