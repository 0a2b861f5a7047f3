"""An SMTP server that follows a script, misbehaves on request, and records what the client did.

Left alone it is a correct ESMTP server that accepts everything::

    with ScriptedServer(replies={"RCPT": ["250 ok", "550 5.1.1 no such user"]}, faults={"DATA": Stall()}) as server:
        deliver_to(server.port)
    assert server.connection.commands[-1] == "DATA"

``replies`` says what is answered at a step: one answer for every time, or a list of answers for the first, second, ...
time (over all connections), after which the default holds again. An answer is text whose lines are separated by "\\n",
octets that are sent as they are, or a function that makes either from the client's line. ``faults`` says how an
answer is delivered; its keys are step names or ``Step(name, nth)``. The steps are:

* GREETING; the commands EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET VRFY EXPN ETRN HELP NOOP QUIT; OTHER for
  any other command
* AUTH once more for each response of the client to a 334, so ``Step("AUTH", 2)`` is the answer to the first response
* MESSAGE: the answer to the final dot
* TLS: before the handshake; BODY: after 354, before any content is read; CHUNK: after a BDAT line, before its octets
  are read. Nothing is due there, so only faults apply.

A reply with code 421 is followed by the end of the connection. When the ``with`` block ends, every thread and socket
has ended too, the records are complete, and whatever went wrong inside the server is raised.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from wire.channel import Channel, Connection, Ending, Hangup, Message
from wire.faults import After, Close, Delay, EndlessLine, EndlessReply, Fault, Later, Reset, Send, Split, Stall, Then
from wire.server_auth import WITHOUT_TLS
from wire.server_session import STEPS, Behaviour, Faults, Replies, Script, Session, Step

__all__ = [
    "EXTENSIONS",
    "STEPS",
    "After",
    "Close",
    "Connection",
    "Delay",
    "Ending",
    "EndlessLine",
    "EndlessReply",
    "Fault",
    "Later",
    "Message",
    "Reset",
    "ScriptedServer",
    "Send",
    "Split",
    "Stall",
    "Step",
    "Then",
]

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE 52428800")


class ScriptedServer:
    """See the module's text.

    ``users`` turns AUTH on. ``tls`` offers STARTTLS, or with ``implicit_tls`` the connection begins with TLS. CHUNKING
    works, and is offered when ``extensions`` holds it. ``timeout``: seconds that the server waits for the client before
    it fails the test.
    """

    def __init__(
        self,
        *,
        replies: Replies | None = None,
        faults: Faults | None = None,
        extensions: Iterable[str] = EXTENSIONS,
        users: Mapping[str, str] | None = None,
        mechanisms: Iterable[str] = WITHOUT_TLS,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        host: str = "127.0.0.1",
        timeout: float = 10.0,
    ) -> None:
        assert tls or not implicit_tls, "implicit TLS needs a context"
        self.host = host
        self.connections: list[Connection] = []
        """In the order in which they were accepted. Complete only after the ``with`` block."""
        self._behaviour = Behaviour(
            script=Script(replies or {}, faults or {}),
            extensions=tuple(extensions),
            users=users or {},
            mechanisms=tuple(mechanisms) if users else (),
            tls=tls,
            implicit_tls=implicit_tls,
        )
        self._timeout = timeout
        self._errors: list[BaseException] = []
        self._workers: list[tuple[threading.Thread, Channel]] = []
        self._starting = threading.Lock()

    @property
    def connection(self) -> Connection:
        """The only connection."""
        assert len(self.connections) == 1, f"{len(self.connections)} connections"
        return self.connections[0]

    @property
    def commands(self) -> list[str]:
        return [command for connection in self.connections for command in connection.commands]

    @property
    def messages(self) -> list[Message]:
        return [message for connection in self.connections for message in connection.messages]

    def wait_closed(self, seconds: float = 5.0) -> None:
        """Wait until every connection accepted so far has ended by itself."""
        deadline = time.monotonic() + seconds
        with self._starting:  # a thread can be joined only once it runs
            workers = list(self._workers)
        for thread, channel in workers:
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), f"still open after {seconds} s: {channel.record}"

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family, backlog=128)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._stop, self._stopper = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept, name=f"scripted server {self.port}")
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopper.close()  # makes _stop readable for every thread, for good
        self._acceptor.join(5)
        # Nearly every thread ends at once. One in the middle of a TLS handshake or record has to be broken off.
        for patience in (0.5, *[0.1] * 40):
            deadline = time.monotonic() + patience
            for thread, _ in self._workers:
                thread.join(max(0.0, deadline - time.monotonic()))
            busy = [channel for thread, channel in self._workers if thread.is_alive()]
            if not busy:
                break
            for channel in busy:
                channel.interrupt()
        self._listener.close()
        self._stop.close()
        threads = [self._acceptor, *(thread for thread, _ in self._workers)]
        if left := [thread.name for thread in threads if thread.is_alive()]:
            self._errors.append(AssertionError(f"threads left behind: {left}"))
        if not self._errors:
            return
        if failure is None:
            raise self._errors[0]
        failure.add_note(f"and in the scripted server: {self._errors}")

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._stop], [], [])
            if self._listener not in ready:  # whoever has connected before the stop is still served
                return
            with contextlib.suppress(BlockingIOError, ConnectionAbortedError):  # the client gave up in between
                accepted, _ = self._listener.accept()
                self._start(accepted)

    def _start(self, accepted: socket.socket) -> None:
        channel = Channel(accepted, Connection(), self._stop, self._timeout)
        self.connections.append(channel.record)
        name = f"scripted server {self.port}, connection {len(self.connections)}"
        worker = threading.Thread(target=self._serve, args=(channel,), name=name)
        with self._starting:
            self._workers.append((worker, channel))
            worker.start()

    def _serve(self, channel: Channel) -> None:
        try:
            Session(self._behaviour, channel).run()
        except Hangup as hangup:
            channel.record.ending = hangup.ending
        except BaseException as error:  # noqa: BLE001  # raised where the test sees it, in __exit__
            self._errors.append(error)
        finally:
            channel.close()
