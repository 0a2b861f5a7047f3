"""TLS sessions that a later connection may take up again (RFC 8446 2.2, RFC 5077)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

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
    since: float


class SessionCache:
    """The sessions of one client, each for the same server and the same options only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[tuple[TlsOptions, int], Remembered] = {}

    def keep(self, options: TlsOptions, port: int, connection: SSL.Connection, certificate: ServerCertificate) -> None:
        """Remember the session of a connection that ends in good order. TLS 1.3 gives it only after the handshake."""
        session = connection.get_session()
        if session is None:
            return
        self._sessions.pop((options, port), None)
        self._sessions[options, port] = Remembered(session, certificate, self._clock())
        while len(self._sessions) > _KEPT:
            del self._sessions[next(iter(self._sessions))]

    def take(self, options: TlsOptions, port: int) -> Remembered | None:
        """The session to try, which is forgotten with it: a ticket that is used once tells an eavesdropper least
        (RFC 8446 C.4), and one that failed is not tried again."""
        found = self._sessions.pop((options, port), None)
        return found if found is not None and self._clock() - found.since < _LIFETIME else None
