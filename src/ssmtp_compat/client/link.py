"""What joins a client to its server: the open session, or one for the length of a method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ..errors import ConnectionFailedError, SSMTPError
from ..events import EventHub
from ..net.deadline import CancelToken, Deadline
from ..operations.connection import Connection, ConnectionOptions
from ..operations.transport import TransportOptions
from ..settings import views
from ..settings.store import Settings
from ..smtp.transitions import State

if TYPE_CHECKING:
    from ..tls.sessions import SessionCache
    from .certificates import Certificates

__all__ = ["Link"]


class Link:
    """The client's connection, which may be none; what it had to tell stays readable behind its end."""

    def __init__(self, settings: Settings, events: EventHub, cancel: CancelToken, certificates: Certificates) -> None:
        self._settings = settings
        self._events = events
        self._cancel = cancel
        self._certificates = certificates
        self._connection: Connection | None = None
        self._opening = False
        self._choker: tuple[str, int] | None = None
        """The server, by host and port, that offers PIPELINING and choked on it."""

    @property
    def connected(self) -> bool:
        """Whether a session is open."""
        return self._connection is not None and self._connection.ready

    @property
    def in_use(self) -> bool:
        """Whether a session is open or being opened, so that what belongs to it must not change."""
        return self._opening or self.connected

    @property
    def last_reply(self) -> str:
        """The server's last reply with all its lines; it stays readable behind the session."""
        return self._connection.last_reply if self._connection is not None else ""

    @property
    def server_certificate(self) -> bytes:
        """The certificate of the last TLS handshake as PEM; empty without one."""
        return self._connection.server_certificate if self._connection is not None else b""

    @property
    def local_address(self) -> str:
        """This side's address while connected."""
        return self._connection.local_address if self._connection is not None else ""

    @property
    def local_port(self) -> int:
        """This side's port while connected."""
        return self._connection.local_port if self._connection is not None else 0

    @property
    def eight_bit(self) -> bool:
        """Whether a message may have 8-bit octets: the server of the open session says so, or it is not known yet."""
        connection = self._connection
        return connection is None or not connection.ready or connection.takes("8BITMIME")

    @property
    def session(self) -> Connection | None:
        """The open session, if there is one."""
        return self._connection if self.connected else None

    def open(self, deadline: Deadline) -> Connection:
        """Connect, secure and log in as the settings say."""
        settings = self._settings
        with settings.lock:
            options = ConnectionOptions(
                transport=TransportOptions(
                    tcp=views.tcp_options(settings),
                    tls=views.tls_options(settings, self._certificates.tls_key_pair()),
                    tunnel=views.tunnel_options(settings),
                    proxy_to=partial(views.proxy_to, settings),
                    tell_chain=settings.setting_flag("SSLIncludeCertChain"),
                ),
                smtp=views.smtp_options(settings),
                timeouts=views.timeouts(settings),
            )
            reuses = options.transport.tls is not None and settings.setting_flag("ReuseSSLSession")
            sessions = self._tls_sessions if reuses else None
        server = (options.transport.tcp.host, options.transport.tcp.port)
        if server == self._choker:
            options = replace(options, smtp=replace(options.smtp, use_pipelining=False))
        self._connection = Connection(options, self._events, sessions, partial(self._remember_choking, server))
        self._opening = True
        try:
            self._connection.open(deadline, self._cancel)
        finally:
            self._opening = False
        return self._connection

    def for_method(self, deadline: Deadline, *, delivers: bool = False) -> _Use:
        """The open session, or one that lasts for this block; what fails inside leaves a session in step or none.

        One that ``delivers`` leaves no transaction behind either; one begun by ``Command`` outlives any other block.
        """
        kept = self.session
        connection = kept if kept is not None else self.open(deadline)
        return _Use(connection, deadline, self._cancel, kept=kept is not None, delivers=delivers)

    def deliver(self, deadline: Deadline, attempt: Callable[[Connection], None]) -> None:
        """Run ``attempt`` over the open session or one of its own, as :meth:`for_method` with ``delivers`` does.

        A server that closes one of its own in answer to commands that went out together gets another attempt without
        PIPELINING, over another one.
        """
        use = self.for_method(deadline, delivers=True)
        try:
            with use as connection:
                attempt(connection)
            return
        except ConnectionFailedError as error:
            if use.kept or not error.choked:
                raise
        deadline.check()  # behind an interrupt nobody is asked once more
        with self.for_method(deadline, delivers=True) as connection:
            attempt(connection)

    def _remember_choking(self, server: tuple[str, int]) -> None:
        self._choker = server

    def forget_choking(self) -> None:
        """Take up every offer of PIPELINING again."""
        self._choker = None

    def quit(self, deadline: Deadline) -> None:
        """End the open session with QUIT; nothing happens without one."""
        if (session := self.session) is not None:
            session.quit(deadline, self._cancel)

    def drop(self) -> None:
        """Give the connection up without a word and without events."""
        if self._connection is not None:
            self._connection.drop()

    def forget(self) -> Connection | None:
        """Be as new, and return the connection that there was: its end is the caller's."""
        connection, self._connection = self._connection, None
        self.forget_choking()
        self.__dict__.pop("_tls_sessions", None)
        return connection

    @cached_property
    def _tls_sessions(self) -> SessionCache:
        # Imported here, because it loads the TLS library, which a plain session does not need.
        from ..tls.sessions import SessionCache

        return SessionCache()


class _Use:
    """What one method does with a session."""

    def __init__(
        self, connection: Connection, deadline: Deadline, cancel: CancelToken, *, kept: bool, delivers: bool
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self._cancel = cancel
        self.kept = kept
        """Whether the session was open before."""
        self._delivers = delivers

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        connection = self._connection
        if error is None:
            if not connection.ready:
                # It ended behind the refusal of a queue's last message, or with a QUIT of the script's own.
                connection.abort()
                return
        elif not isinstance(error, SSMTPError):
            # A callback raised in the middle of the dialogue.
            connection.drop()
            return
        elif not connection.in_step_after(error):
            connection.abort(error)
            return
        in_transaction = connection.exchange.session.state is not State.IDLE
        if not self.kept or (self._delivers and in_transaction):
            connection.quit(self._deadline, self._cancel, keep_reply=True)
