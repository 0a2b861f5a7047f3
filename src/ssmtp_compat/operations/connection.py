"""Opening and closing a session: greeting, EHLO, STARTTLS, AUTH, QUIT."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..catalog.errors import ErrorCode
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
from ..net.timeouts import Timeouts
from ..smtp import commands
from ..smtp.options import SmtpOptions, TlsStart
from ..smtp.session import Session
from ..smtp.transitions import State
from .authentication import authenticate
from .exchange import Exchange, refusal
from .transport import Transport, TransportOptions

if TYPE_CHECKING:
    from ..tls.sessions import SessionCache

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

    transport: TransportOptions
    smtp: SmtpOptions
    timeouts: Timeouts


class Connection:
    """One session with a server. It is opened once and closed once; what it learned stays readable afterwards.

    ``choked`` is called where the server turns out to offer PIPELINING without being able to do it.
    """

    def __init__(
        self,
        options: ConnectionOptions,
        events: EventHub,
        sessions: SessionCache | None = None,
        choked: Callable[[], None] = lambda: None,
    ) -> None:
        self._options = options
        self._events = events
        self._choked = choked
        self._transport = Transport(options.transport, events, sessions)
        self._exchange: Exchange | None = None
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
    def server_certificate(self) -> bytes:
        """The certificate the server presented, as PEM; empty before any handshake."""
        return self._transport.server_certificate

    @property
    def local_address(self) -> str:
        """This side's address while the session is open."""
        return self._transport.local_address if self._ready else ""

    @property
    def local_port(self) -> int:
        """This side's port while the session is open."""
        return self._transport.local_port if self._ready else 0

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
        self._transport.open(connect_deadline)
        if smtp.tls_start is TlsStart.AT_ONCE:
            self._transport.start_tls(connect_deadline)
        session = Session(smtp.max_reply_line, use_pipelining=smtp.use_pipelining)
        self._exchange = Exchange(self._transport.stream, session, self._events)
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
            self._transport.start_tls(deadline)
            self._exchange.stream = self._transport.stream
            self._exchange.session.tls_started()
            self._hello(deadline)
        if smtp.credentials is not None:
            authenticate(
                self._exchange,
                smtp.credentials,
                smtp.mechanism,
                deadline,
                tls=self._transport.secured,
                certificate=self._transport.shows_client_certificate,
                binding=self._transport.channel_binding,
            )

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
        address = self._transport.local_address.partition("%")[0]  # a zone means something on this host only
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    # -- in between ---------------------------------------------------------------------------------------------------

    def command(self, line: str, deadline: Deadline) -> None:
        """Send a line in the caller's own words and await its reply, whatever that is; QUIT closes the connection.

        Raises :class:`InvalidValueError` for a line that cannot be sent, see :func:`commands.raw`.
        """
        self.exchange.raw_command(commands.raw(line), deadline)
        if self.exchange.session.state is State.CLOSED:
            self._close()

    def stop_pipelining(self) -> None:
        """Have every command wait for the reply to the one before, here and wherever ``choked`` sees to it."""
        self.exchange.session.stop_pipelining()
        self._choked()
        self.exchange.remark(
            "The server offers PIPELINING and seems to choke on it; from now on each command awaits its reply."
        )

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
        self._ready = False
        self._transport.close()

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
        self._ready = False
        self._transport.abort(error)

    def drop(self) -> None:
        """Close the connection without a word to anybody."""
        self._ready = False
        self._transport.drop()
