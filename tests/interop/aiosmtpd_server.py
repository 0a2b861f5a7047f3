"""aiosmtpd in a thread of this process: a server without PIPELINING, DSN and CHUNKING."""

from __future__ import annotations

import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from interop.authority import Authority
from interop.processes import free_ports

USER, PASSWORD = "alice", "pässwörd-1"


class _Keep:
    """Keeps the octets of every message."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        return "250 2.0.0 kept"


class Aiosmtpd:
    """STARTTLS on ``plain_port``, TLS from the first octet on ``tls_port``, LOGIN and PLAIN on both."""

    host = "127.0.0.1"

    def __init__(self, ca: Authority) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca.server.certificate, ca.server.key)
        self._keep = _Keep()
        self.plain_port, self.tls_port = free_ports(2)
        shared = {"hostname": self.host, "authenticator": self._authenticate, "enable_SMTPUTF8": True}
        self._controllers = (
            Controller(self._keep, port=self.plain_port, tls_context=context, **shared),
            Controller(self._keep, port=self.tls_port, ssl_context=context, auth_require_tls=False, **shared),
        )

    def start(self) -> None:
        for controller in self._controllers:
            controller.start()

    def stop(self) -> None:
        for controller in self._controllers:
            controller.stop()

    def message(self) -> bytes:
        """The oldest message that was not yet taken; it is here before its end is answered."""
        return self._keep.contents.pop(0)

    @staticmethod
    def _authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, credentials: LoginPassword
    ) -> AuthResult:
        right = (credentials.login, credentials.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)
