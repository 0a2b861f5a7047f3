"""Opening and closing a session: TCP, TLS, greeting, EHLO, STARTTLS, AUTH, QUIT."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..catalog.enums import EventID
from ..catalog.errors import ErrorCode
from ..catalog.values import to_bool
from ..errors import (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    ReplyError,
    SSMTPError,
    TLSError,
)
from ..events import EventHub
from ..net.deadline import CancelToken, Deadline
from ..net.stream import Stream
from ..net.tcp import TcpOptions, TcpStream
from ..net.tcp import connect as tcp_connect
from ..net.timeouts import Timeouts
from ..smtp import commands
from ..smtp.auth.mechanism import ChannelBinding
from ..smtp.options import SmtpOptions, TlsStart
from ..smtp.session import Session, State
from .authentication import authenticate
from .exchange import REMARK, Exchange, refusal

if TYPE_CHECKING:
    from ..tls.context import TlsOptions
    from ..tls.sessions import SessionCache
    from ..tls.verify import ServerCertificate
    from ..tunnel.options import TunnelOptions

__all__ = ["Connection", "ConnectionOptions"]

# A server that has the message must not hold up its sender by being slow to say goodbye.
_QUIT_SECONDS: Final = 5.0

# Host names as EHLO may carry them (RFC 5321 section 4.1.2, with the underscore that real hosts have).
_HELLO_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")

_BROKEN: Final = (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    TLSError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Everything that decides how a session is opened."""

    tcp: TcpOptions
    smtp: SmtpOptions
    tls: TlsOptions | None
    timeouts: Timeouts
    tunnel: TunnelOptions | None = None
    """The proxy between here and the server of ``tcp``."""
    tell_chain: bool = False
    """Whether SSLServerAuthentication gets all certificates that the server sent."""


class Connection:
    """One session with a server. It is opened once and closed once; what it learned stays readable afterwards."""

    def __init__(self, options: ConnectionOptions, events: EventHub, sessions: SessionCache | None = None) -> None:
        self.server_certificate = b""
        """The certificate the server presented, as PEM; empty before any handshake."""
        self._options = options
        self._events = events
        self._sessions = sessions
        self._stream: Stream | None = None
        self._tcp: TcpStream | None = None
        self._exchange: Exchange | None = None
        self._secured = False
        self._tunnelled = False
        self._channel_binding = ChannelBinding()
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether the session is open and can be used."""
        return self._ready and self.exchange.session.state is not State.CLOSED

    @property
    def exchange(self) -> Exchange:
        if self._exchange is None:
            raise AssertionError("the connection was never opened")
        return self._exchange

    def takes(self, keyword: str) -> bool:
        """Whether the server offers an extension."""
        return keyword in self.exchange.session.extensions

    @property
    def last_reply(self) -> str:
        """The last reply with all its lines, or an empty text."""
        reply = self._exchange.last_reply if self._exchange is not None else None
        return reply.text if reply is not None else ""

    @property
    def local_address(self) -> str:
        return self._tcp.local_address if self._tcp is not None and self._ready else ""

    @property
    def local_port(self) -> int:
        return self._tcp.local_port if self._tcp is not None and self._ready else 0

    # -- opening ------------------------------------------------------------------------------------------------------

    def open(self, deadline: Deadline, cancel: CancelToken) -> None:
        """Connect, greet, start TLS and log in as the options say.

        Whatever fails leaves nothing open: a session that is in step is ended with QUIT, any other is dropped.
        """
        try:
            self._open(deadline, self._options.timeouts.connect_deadline(deadline, cancel))
        except SSMTPError as error:
            if self._exchange is not None and self.in_step_after(error):
                self.quit(deadline, cancel, keep_reply=True)
            else:
                self.abort(error)
            raise
        except BaseException:
            self.drop()
            raise
        self._ready = True

    def _open(self, deadline: Deadline, connect_deadline: Deadline) -> None:
        smtp = self._options.smtp
        if self._options.tls is not None:
            # What is wrong with these options is better said before anybody is disturbed. It is kept for the handshake.
            from ..tls.context import make_connection

            make_connection(self._options.tls)
        # Kept before anybody is told: a callback that raises must not leave it behind.
        self._stream = self._reach(connect_deadline)
        if self._tunnelled:
            self._status("Firewall connection complete")
        self._status("Remote host connection complete")
        if smtp.tls_start is TlsStart.AT_ONCE:
            self._start_tls(connect_deadline)
        session = Session(smtp.max_reply_line, use_pipelining=smtp.use_pipelining)
        self._exchange = Exchange(self._stream, session, self._events)
        reply = self._exchange.greeting(deadline)
        if not reply.positive:
            raise refusal(reply)
        self._hello(deadline)
        if smtp.tls_start is TlsStart.STARTTLS:
            if "STARTTLS" not in self._exchange.session.extensions:
                raise SSMTPError(
                    ErrorCode.EXTENSION_MISSING,
                    "The server does not offer STARTTLS, and the settings do not allow to go on without TLS.",
                )
            reply = self._exchange.command(commands.STARTTLS, deadline)
            if not reply.positive:
                raise refusal(reply)
            self._start_tls(deadline)
            self._exchange.stream = self._stream
            self._exchange.session.tls_started()
            self._hello(deadline)
        if smtp.credentials is not None:
            authenticate(
                self._exchange,
                smtp.credentials,
                smtp.mechanism,
                deadline,
                tls=self._secured,
                certificate=self._options.tls is not None and self._options.tls.client is not None,
                binding=self._channel_binding,
            )

    def _reach(self, deadline: Deadline) -> Stream:
        """The way to the server, direct or through a proxy."""
        tcp, tunnel = self._options.tcp, self._options.tunnel
        if tunnel is None:
            self._tcp = tcp_connect(tcp, deadline)
            return self._tcp
        from ..tunnel.open import open_tunnel

        proxy = replace(tcp, host=tunnel.host, port=tunnel.port)

        def dial() -> Stream:
            self._tcp = tcp_connect(proxy, deadline)
            return self._tcp

        if self._events.wants(EventID.PITrail):
            # Nobody sees it otherwise where the environment chose the proxy.
            text = f"Connecting through the {tunnel.kind.value} {tunnel.host} port {tunnel.port}."
            self._events.fire(EventID.PITrail, direction=REMARK, message=text)
        stream = open_tunnel(dial, tunnel, tcp.host, tcp.port, deadline)
        self._tunnelled = True
        return stream

    def _hello(self, deadline: Deadline) -> None:
        name = self._options.smtp.hello or self._own_name()
        if self._options.smtp.use_extensions:
            if self.exchange.command(commands.ehlo(name), deadline).positive:
                return
            self.exchange.remark("The server refuses EHLO; trying HELO.")
        reply = self.exchange.command(commands.helo(name), deadline)
        if not reply.positive:
            raise refusal(reply)

    def _own_name(self) -> str:
        name = socket.gethostname()
        if _HELLO_NAME.fullmatch(name):
            return name
        # RFC 5321 4.1.4: a client without a meaningful name gives its address as a literal.
        address = self._tcp.local_address if self._tcp is not None else "127.0.0.1"
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _start_tls(self, deadline: Deadline) -> None:
        # Imported here because it loads OpenSSL, which a session without TLS does not need.
        from ..tls.stream import start_tls

        if self._stream is None or self._options.tls is None:
            raise AssertionError("TLS needs a stream and its options")
        deadline.doing = "negotiating TLS"
        secured = start_tls(
            self._stream,
            self._options.tls,
            deadline,
            authenticate=self._judge_certificate,
            status=self._tls_status if self._events.wants(EventID.SSLStatus) else None,
            sessions=self._sessions,
            port=self._options.tcp.port,
        )
        self._stream = secured
        # Known already where it was judged; one that is accepted without checks is not.
        self.server_certificate = secured.server_certificate.pem
        self._secured = True
        self._channel_binding = ChannelBinding(secured.channel_binding, server_end_point=secured.server_end_point)
        self._status("TLS handshake complete")

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

    # -- in between ---------------------------------------------------------------------------------------------------

    def command(self, line: str, deadline: Deadline) -> None:
        """Send a line in the caller's own words and await its reply, whatever that is; QUIT closes the connection.

        Raises :class:`InvalidValueError` for a line that cannot be sent, see :func:`commands.raw`.
        """
        self.exchange.raw_command(commands.raw(line), deadline)
        if self.exchange.session.state is State.CLOSED:
            self._close()

    def listen(self, seconds: float, deadline: Deadline) -> None:
        """Wait ``seconds`` at most for the server to say something unasked, and take it.

        A goodbye, with a 421 or without a word, closes the connection and is no error. Anything else that nothing
        asked for raises :class:`ProtocolError`, and closes it too.
        """
        try:
            self.exchange.listen(seconds, deadline)
        except (ReplyError, ConnectionFailedError, TLSError) as goodbye:
            self.abort(goodbye)
        except ProtocolError as error:
            self.abort(error)
            raise

    # -- closing ------------------------------------------------------------------------------------------------------

    def in_step_after(self, error: SSMTPError) -> bool:
        """Whether the session can still be used, or at least be ended with QUIT, after ``error``."""
        session = self.exchange.session
        usable = session.state in (State.GREETED, State.IDLE, State.MAIL, State.RCPT, State.FAILED)
        return usable and not session.in_flight and not isinstance(error, _BROKEN)

    def quit(self, whole: Deadline, cancel: CancelToken, *, keep_reply: bool = False) -> None:
        """End the session with QUIT and close it. A server that fails at QUIT is no error: nothing is lost by it.

        ``whole`` is the deadline of the method; an absolute one holds for QUIT too. ``keep_reply`` leaves the last
        reply as it is, where nobody asked for the QUIT.
        """
        reply = self.exchange.last_reply
        try:
            self._say_quit(whole, cancel)
        except BaseException:
            self.drop()
            raise
        if keep_reply:
            self.exchange.last_reply = reply
        self._close()

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._closed(None)

    def _say_quit(self, whole: Deadline, cancel: CancelToken) -> None:
        try:
            seconds = self._options.timeouts.inactivity or _QUIT_SECONDS
            if self._options.timeouts.absolute:
                seconds = whole.remaining() or _QUIT_SECONDS
            deadline = Deadline(min(seconds, _QUIT_SECONDS), absolute=True, cancel=cancel, doing="sending QUIT")
            self.exchange.command(commands.QUIT, deadline)
        except SSMTPError as error:
            self.exchange.remark(f"QUIT failed: {error.message}")

    def abort(self, error: SSMTPError | None = None) -> None:
        """Close the connection without a word to the server, and tell the listeners."""
        was_open = self._stream is not None
        self.drop()
        if was_open:
            self._closed(error)

    def drop(self) -> None:
        """Close the connection without a word to anybody."""
        self._ready = False
        if self._stream is not None:
            self._stream.abort()
            self._stream = None

    def _closed(self, error: SSMTPError | None) -> None:
        self._ready = False
        self._stream = None
        if self._secured:
            self._status("TLS connection broken", error)
        self._status("Remote host disconnected", error)
        if self._tunnelled:
            self._status("Firewall host disconnected", error)

    def _status(self, change: str, error: SSMTPError | None = None) -> None:
        self._events.fire(
            EventID.ConnectionStatus,
            connectionevent=change,
            statuscode=int(error.code) if error is not None else 0,
            description=error.message if error is not None else "OK",
        )
