"""A relay on loopback that makes any server choke on commands that go out together, while it goes on to offer that."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wire.listening import listening

__all__ = ["ChokingRelay"]


@dataclass
class ChokingRelay:
    """Leads to ``target``, a port of 127.0.0.1. Of a segment with several commands only the first gets there, or, with
    ``closes``, none and the connection is closed.
    """

    target: int
    closes: bool
    port: int = 0
    connections: int = 0
    choked: int = 0
    """Segments that held more than one command."""

    @contextmanager
    def serve(self) -> Iterator[ChokingRelay]:
        with listening(self._relay) as self.port:
            yield self

    def _relay(self, client: socket.socket) -> None:
        self.connections += 1
        content = False  # what comes behind a 354 is no command
        with client, socket.create_connection(("127.0.0.1", self.target)) as server, contextlib.suppress(OSError):
            while ready := select.select([client, server], [], [], 10)[0]:
                if server in ready:
                    reply = server.recv(65536)
                    if not reply:
                        return
                    content = reply.splitlines()[-1].startswith(b"354")
                    client.sendall(reply)
                if client in ready:
                    data = client.recv(65536)
                    if not data:
                        return
                    if not content and data.count(b"\r\n") > 1:
                        self.choked += 1
                        if self.closes:
                            return
                        data = data[: data.index(b"\r\n") + 2]
                    server.sendall(data)
