"""The way to the server, layer upon layer: TCP, a proxy's tunnel, TLS. Each tells of its beginning and of its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..catalog.enums import EventID
from ..catalog.values import to_bool
from ..errors import SSMTPError
from ..events import EventHub
from ..net.deadline import Deadline
from ..net.stream import Stream
from ..net.tcp import TcpOptions, TcpStream
from ..net.tcp import connect as tcp_connect
from ..smtp.auth.mechanism import ChannelBinding
from .exchange import REMARK
from .web import Web

if TYPE_CHECKING:
    from ..tls.context import TlsConnection, TlsOptions
    from ..tls.sessions import SessionCache
    from ..tls.verify import ServerCertificate
    from ..tunnel.options import TunnelOptions

__all__ = ["Transport", "TransportOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """Everything that decides how the server is reached."""

    tcp: TcpOptions
    tls: TlsOptions | None
    tunnel: TunnelOptions | None = None
    """The proxy between here and the server of ``tcp``."""
    proxy_to: Callable[[str], TunnelOptions | None] = lambda _host: None
    """The proxy between here and a host that says whether a certificate is revoked."""
    tell_chain: bool = False
    """Whether SSLServerAuthentication gets all certificates that the server sent."""


class Transport:
    """The stream to one server. It is opened once and closed once; what it learned stays readable afterwards."""

    def __init__(self, options: TransportOptions, events: EventHub, sessions: SessionCache | None) -> None:
        self.server_certificate = b""
        """The certificate the server presented, as PEM; empty before any handshake."""
        self.secured = False
        """Whether TLS was begun."""
        self.channel_binding = ChannelBinding()
        """What ties a login to this TLS session; empty without one."""
        self._options = options
        self._events = events
        self._sessions = sessions
        self._tls_connection: TlsConnection | None = None
        """What the handshake will be made with, where TLS is wanted."""
        self._tcp: TcpStream | None = None
        self._stream: Stream | None = None
        self._tunnelled = False

    @property
    def stream(self) -> Stream:
        """The topmost layer."""
        if self._stream is None:
            raise AssertionError("the transport is not open")
        return self._stream

    @property
    def shows_client_certificate(self) -> bool:
        """Whether the server gets a client certificate if it asks for one."""
        return self._options.tls is not None and self._options.tls.client is not None

    @property
    def local_address(self) -> str:
        """This side's textual IP address; empty where there is no connection."""
        return self._tcp.local_address if self._tcp is not None else ""

    @property
    def local_port(self) -> int:
        """This side's port; 0 where there is no connection."""
        return self._tcp.local_port if self._tcp is not None else 0

    def open(self, deadline: Deadline) -> None:
        """Reach the server, direct or through a proxy. What fails leaves nothing open, unless a callback raises."""
        if self._options.tls is not None:
            # What is wrong with these options is better said before anybody is disturbed.
            from ..tls.context import make_connection

            self._tls_connection = make_connection(self._options.tls)
        # Kept before anybody is told: a callback that raises must not leave it behind.
        self._stream = self._reach(deadline)
        if self._tunnelled:
            self._tell("Firewall connection complete")
        self._tell("Remote host connection complete")

    def _reach(self, deadline: Deadline) -> Stream:
        tcp, tunnel = self._options.tcp, self._options.tunnel
        if tunnel is None:
            self._tcp = tcp_connect(tcp, deadline)
            return self._tcp
        from ..tunnel.open import open_tunnel

        proxy = replace(tcp, host=tunnel.host, port=tunnel.port)

        def dial(deadline: Deadline) -> Stream:
            # Nobody sees it otherwise where the environment chose the proxy, or where it is dialled again.
            self._remark(f"Connecting through the {tunnel.kind.value} {tunnel.host} port {tunnel.port}.")
            self._tcp = tcp_connect(proxy, deadline)
            return self._tcp

        stream = open_tunnel(dial, tunnel, tcp.host, tcp.port, deadline)
        self._tunnelled = True
        return stream

    def start_tls(self, deadline: Deadline) -> None:
        """Put TLS on top. Raises :class:`TLSError`, and what the stream below raises."""
        # Imported here because it loads OpenSSL, which a session without TLS does not need.
        from ..tls.handshake import start_tls

        if self._options.tls is None:
            raise AssertionError("TLS needs its options")
        deadline.doing = "negotiating TLS"
        connection, self._tls_connection = self._tls_connection, None
        secured = start_tls(
            self.stream,
            self._options.tls,
            deadline,
            authenticate=self._judge_certificate,
            status=self._tls_status if self._events.wants(EventID.SSLStatus) else None,
            sessions=self._sessions,
            port=self._options.tcp.port,
            ask=Web(self._options.tcp, self._options.proxy_to, self._remark).ask,
            connection=connection,
        )
        self._stream = secured
        # Known already where it was judged; one that is accepted without checks is not.
        self.server_certificate = secured.server_certificate.pem
        self.secured = True
        self.channel_binding = ChannelBinding(*secured.channel_binding, server_end_point=secured.server_end_point)
        self._tell("TLS handshake complete")

    def _judge_certificate(self, certificate: ServerCertificate) -> bool:
        self.server_certificate = certificate.pem
        decided = self._events.fire(
            EventID.SSLServerAuthentication,
            certencoded=certificate.chain_pem if self._options.tell_chain else certificate.pem,
            certsubject=certificate.subject,
            certissuer=certificate.issuer,
            status=certificate.status,
            accept=certificate.trusted,
        )
        try:
            return to_bool(decided["accept"])
        except ValueError:
            return False  # what is neither yes nor no must not open the door

    def _tls_status(self, message: str) -> None:
        self._events.fire(EventID.SSLStatus, message=message)

    def _remark(self, text: str) -> None:
        if self._events.wants(EventID.PITrail):
            self._events.fire(EventID.PITrail, direction=REMARK, message=text)

    def close(self) -> None:
        """End the stream in good order, and tell the listeners."""
        if self._stream is not None:
            self._stream.close()
        self._ended(None)

    def abort(self, error: SSMTPError | None) -> None:
        """Drop the stream, and tell the listeners why; nothing happens where none is open."""
        was_open = self._stream is not None
        self.drop()
        if was_open:
            self._ended(error)

    def drop(self) -> None:
        """Drop the stream without a word to anybody."""
        if self._stream is not None:
            self._stream.abort()
            self._stream = None

    def _ended(self, error: SSMTPError | None) -> None:
        self._stream = None
        if self.secured:
            self._tell("TLS connection broken", error)
        self._tell("Remote host disconnected", error)
        if self._tunnelled:
            self._tell("Firewall host disconnected", error)

    def _tell(self, change: str, error: SSMTPError | None = None) -> None:
        self._events.fire(
            EventID.ConnectionStatus,
            connectionevent=change,
            statuscode=int(error.code) if error is not None else 0,
            description=error.message if error is not None else "OK",
        )
