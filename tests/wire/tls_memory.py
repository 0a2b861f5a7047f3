"""A TLS server without sockets or threads: it answers inside the client's own calls."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path

from ssmtp_compat.net.deadline import Deadline


class MemoryServer:
    """The client's :class:`~ssmtp_compat.net.stream.Stream`, with Python's own TLS at the other end of it."""

    local_address = "192.0.2.1"
    peer_address = "192.0.2.2"

    def __init__(
        self,
        pem: Path,
        *,
        chunk: int = 65536,
        highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.context = context = context or ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        """Another server with the same one takes up the sessions of this one."""
        context.load_cert_chain(pem)
        context.maximum_version = highest
        context.sni_callback = self._note_name
        self.name: str | None = None
        self.received = b""
        self.written: list[int] = []
        """Octets of each write of the client."""
        self.error: ssl.SSLError | None = None
        self.greeted = False
        self.shut = False
        self.closed = 0
        self.aborted = 0
        self.ended = False
        self._chunk = chunk
        self._from_client = ssl.MemoryBIO()
        self._to_client = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._from_client, self._to_client, server_side=True)

    def _note_name(self, _tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self.name = name

    def read(self, limit: int, deadline: Deadline) -> bytes:
        deadline.check()
        data = self._to_client.read(min(limit, self._chunk))
        assert data or self.ended, "the client waits for a server that has nothing to say"
        return data

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        deadline.check()
        return bool(self._to_client.pending) or self.ended

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        deadline.check()
        assert not self.closed
        self.written.append(len(data))
        self._from_client.write(data)
        self._step()

    def close(self) -> None:
        self.closed += 1

    def abort(self) -> None:
        self.aborted += 1
        self.closed += 1

    def send(self, data: bytes) -> None:
        """Let the server write ``data``."""
        self._tls.write(data)

    def shut_down(self) -> None:
        """Let the server send close_notify and end the stream."""
        with suppress(ssl.SSLWantReadError):  # it does not wait for the client's
            self._tls.unwrap()
        self.ended = True

    def tamper(self) -> None:
        """Change the last octet of what is on its way to the client."""
        data = bytearray(self._to_client.read())
        data[-1] ^= 1
        self._to_client.write(bytes(data))

    def _step(self) -> None:
        try:
            if not self.greeted:
                self._tls.do_handshake()
                self.greeted = True
            while data := self._tls.read(65536):
                self.received += data
            self.shut = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.shut = True
        except ssl.SSLError as error:
            self.error = error
            self.ended = True
