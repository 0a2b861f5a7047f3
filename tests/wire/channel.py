"""One accepted connection of the scripted server: buffered both ways, recorded, bounded in time."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import ssl
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn


class Ending(Enum):
    """How a connection came to its end."""

    QUIT = "the client sent QUIT and got its answer"
    CLIENT_CLOSED = "the client closed without QUIT"
    CLIENT_RESET = "the client's side broke off"
    SERVER_CLOSED = "the server closed"
    SERVER_RESET = "the server reset"
    HANDSHAKE_FAILED = "the TLS handshake failed"
    STOPPED = "the server was stopped while the client still held the connection"


class Hangup(Exception):
    """The connection is over: the way in which a session's flow of control ends, and no error."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.value)
        self.ending = ending


# A path in angle brackets; a quoted local part may hold angle brackets of its own.
_PATH = re.compile(r'<((?:"(?:\\.|[^"\\])*"|[^">])*)>')


@dataclass
class Message:
    """One message whose content arrived completely, whatever the server then answered."""

    mail: str
    """The whole MAIL command."""
    rcpts: list[str]
    """The whole RCPT commands that were accepted."""
    raw: bytes
    """DATA: as it stood on the wire, with the lone dot. BDAT: all chunks together."""
    content: bytes
    """The message without transparency and without the lone dot."""

    @property
    def sender(self) -> str:
        return _path(self.mail)

    @property
    def recipients(self) -> list[str]:
        return [_path(rcpt) for rcpt in self.rcpts]


def _path(command: str) -> str:
    match = _PATH.search(command)
    assert match, f"no path in {command!r}"
    return match[1]


@dataclass
class Connection:
    """What one client did. Everything is recorded before the reply to it leaves."""

    segments: list[bytes] = field(default_factory=list)
    """One item for each successful recv, after decryption: a write of up to 64 KiB is seen as one segment."""
    commands: list[str] = field(default_factory=list)
    """Command lines without CRLF; neither AUTH responses nor message content."""
    commands_in_clear: list[str] = field(default_factory=list)
    """Those of ``commands`` that came without TLS."""
    auth_responses: list[str] = field(default_factory=list)
    """The client's lines after a 334, still in base64."""
    messages: list[Message] = field(default_factory=list)
    user: str | None = None
    """Who authenticated."""
    tls: bool = False
    tls_version: str | None = None
    client_certificate: bytes | None = None
    """DER."""
    octets_sent: int = 0
    ending: Ending | None = None
    """None while the connection lives."""

    @property
    def received(self) -> bytes:
        """Every octet the client sent, after decryption."""
        return b"".join(self.segments)


class Channel:
    """The server's end of one connection.

    Replies are held back until the server has to wait for input, as RFC 2920 3.2 wants, so the answers to a pipelined
    group leave together. Every wait ends after ``timeout`` seconds with an AssertionError, which fails the test.
    """

    def __init__(self, sock: socket.socket, record: Connection, stop: socket.socket, timeout: float) -> None:
        """``stop`` becomes readable, and stays so, when the server is to end."""
        self.record = record
        self.timeout = timeout
        self._socket = sock
        self._stop = stop
        self._interrupted = False
        self._in = bytearray()
        self._out = bytearray()
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # Sending

    def send(self, data: bytes) -> None:
        """Add ``data`` to the replies of this turn."""
        self._out += data

    def flush(self) -> None:
        """Send the replies of this turn in one write."""
        if self._out:
            pending, self._out = bytes(self._out), bytearray()
            try:
                self._socket.sendall(pending)
            except OSError as error:
                self._broken(error)
            self.record.octets_sent += len(pending)

    def flood(self, chunk: bytes, limit: int) -> None:
        """Repeat ``chunk`` until the client hangs up, the server is stopped, or ``limit`` octets have left."""
        for _ in range(-(-limit // len(chunk))):
            self.send(chunk)
            self.flush()

    # Receiving

    def read_line(self) -> bytes:
        """The next line, without its CRLF. A lone CR or LF ends no line."""
        return self._take_through(b"\r\n")[:-2]

    def read_octets(self, count: int) -> bytes:
        self.await_octets(count)
        return self._take(count)

    def await_octets(self, count: int) -> None:
        """Wait until so much input is there, and leave it where it is."""
        while len(self._in) < count:
            self._receive()

    def read_content(self) -> bytes:
        """Message content through CRLF dot CRLF; at the very beginning dot CRLF is enough (RFC 5321 4.1.1.4)."""
        self.await_octets(3)
        if self._in.startswith(b".\r\n"):
            return self._take(3)
        return self._take_through(b"\r\n.\r\n")

    def discard_input(self) -> None:
        """Forget what came behind STARTTLS in clear text (RFC 3207 4.2)."""
        self._in.clear()

    def _take_through(self, terminator: bytes) -> bytes:
        start = 0
        while (found := self._in.find(terminator, start)) < 0:
            start = max(0, len(self._in) - len(terminator) + 1)
            self._receive()
        return self._take(found + len(terminator))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._in[:count])
        del self._in[:count]
        return taken

    def _receive(self) -> None:
        self.flush()
        self._await_input()
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            self._broken(error)
        if not data:
            raise Hangup(Ending.STOPPED if self._interrupted else Ending.CLIENT_CLOSED)
        self.record.segments.append(data)
        self._in += data

    def _await_input(self) -> None:
        """Return when there is something to read, an end of stream included.

        Input goes before the stop signal, so that all that the client sent before the test left the server is recorded.
        """
        # A recv takes a whole TLS record, so no decrypted octets are ever left where select does not see them.
        ready, _, _ = select.select([self._socket, self._stop], [], [], self.timeout)
        if not ready:
            unfinished = bytes(self._in[-200:])
            raise AssertionError(f"the client sent nothing for {self.timeout} s; unfinished input: {unfinished!r}")
        if self._socket not in ready:
            raise Hangup(Ending.STOPPED)

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait so long; true at once when the server is to end."""
        return bool(select.select([self._stop], [], [], seconds)[0])

    def _broken(self, error: OSError) -> NoReturn:
        if isinstance(error, TimeoutError):
            raise AssertionError(f"no progress for {self.timeout} s") from error  # noqa: TRY004  # the test has failed
        raise Hangup(Ending.STOPPED if self._interrupted else Ending.CLIENT_RESET) from error

    # Phases of the connection

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.flush()
        self._await_input()
        try:
            self._socket.getpeername()  # wrap_socket loses the socket, unclosed, where the client has reset it
            tls = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = tls
            tls.do_handshake()
        except TimeoutError:
            raise AssertionError(f"no TLS handshake within {self.timeout} s") from None
        except OSError as error:  # ssl.SSLError is one
            raise Hangup(Ending.HANDSHAKE_FAILED) from error
        self.record.tls = True
        self.record.tls_version = tls.version()
        self.record.client_certificate = tls.getpeercert(binary_form=True)

    def hang_up(self, ending: Ending, *, close_notify: bool = False) -> NoReturn:
        """End the stream, then read on until the client closes too: closing on unread input would send RST, not FIN."""
        self.flush()
        if close_notify and isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(0)  # send ours, do not wait for theirs
            with contextlib.suppress(OSError):
                self._socket.unwrap()
            self._socket.settimeout(self.timeout)
        with contextlib.suppress(OSError):  # the client may be gone already
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
        self.drain(ending)

    def drain(self, ending: Ending) -> NoReturn:
        """Read and record, answering nothing, until the client closes."""
        try:
            while True:
                self._receive()
        except Hangup as hangup:
            raise Hangup(Ending.STOPPED if hangup.ending is Ending.STOPPED else ending) from None

    def reset(self) -> NoReturn:
        """Send RST: linger of no seconds."""
        self.flush()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()
        raise Hangup(Ending.SERVER_RESET)

    def interrupt(self) -> None:
        """Called from another thread as the last resort: break whatever this connection's thread is waiting in."""
        self._interrupted = True
        with contextlib.suppress(OSError):  # closed, or just being wrapped in TLS: the caller tries again
            # SSLSocket.shutdown would pull the TLS state from under the other thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()
