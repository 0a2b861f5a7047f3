"""Proxies on loopback that do what they are told: the protocols, written a second time for the other side."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wire.listening import listening

Judge = Callable[["Talk", bytes], Sequence[str] | None]
"""What to ask for (the values of Proxy-Authenticate) behind a request; None where it is welcome."""


@dataclass
class Proxy:
    """Leads every connection to ``target``, a port of 127.0.0.1, whatever it was asked for."""

    target: int
    user: str = ""
    """Asked for, with ``password``, when one of the two is not empty."""
    password: str = ""
    judge: Judge | None = None
    """Decides in place of ``user`` and ``password`` on the login of an HTTP request."""
    cut: int = 65536
    """Octets sent at once until the tunnel stands, the first octets of the server included."""
    keep: bool = True
    """Whether HTTP goes on over the same connection behind a 407."""
    answers: dict[int, bytes] = field(default_factory=dict)
    """Said in place of an answer, by the number of the answer; behind it the proxy closes."""
    lies: int = 1_000_000
    """Connections that get ``answers``; those that come later are served."""
    silent: int = 0
    """Connections that never hear whether they may go on."""
    grant: bytes = b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n"
    """The answer of an HTTP proxy that opens the tunnel."""
    bound: bytes = b"\3\x0cproxy.served"
    """Type and address that a SOCKS5 proxy says it connects from. A name is the form that clients read wrongly."""
    before: bytes = b""
    """Said in front of every answer of an HTTP proxy."""
    page: bytes = b""
    """Said in place of a 407 by an HTTP proxy that then holds the connection without a word."""
    routes: dict[int, int] = field(default_factory=dict)
    """Other ports of 127.0.0.1 than ``target``, by the port that was asked for."""
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    """What clients sent before the tunnel stood."""
    asked: list[tuple[str, int]] = field(default_factory=list)
    """Where clients wanted to go."""
    connections: int = 0

    @property
    def asks(self) -> bool:
        return bool(self.user or self.password)

    @contextlib.contextmanager
    def serve(self) -> Iterator[Proxy]:
        with listening(self._talk) as self.port:
            yield self

    def route(self) -> int:
        """Where the last one who asked is led."""
        return self.routes.get(self.asked[-1][1], self.target)

    def _talk(self, client: socket.socket) -> None:
        self.connections += 1
        client.settimeout(10)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.suppress(OSError, EOFError):
            talk = Talk(self, client)
            first = client.recv(1, socket.MSG_PEEK)
            granted = {b"\4": talk.socks4, b"\5": talk.socks5}.get(first, talk.http)()
            if granted is None:
                return
            if self.connections <= self.silent:
                while client.recv(4096):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self.route())) as server:
                # The server's first words come in one segment with the answer, which is where clients lose them.
                # Who is led elsewhere than to the mail server speaks first himself.
                server.settimeout(0.3)
                greeting = b""
                with contextlib.suppress(TimeoutError):
                    greeting = server.recv(65536) if self.route() == self.target else b""
                talk.say(granted + greeting)
                server.settimeout(10)
                back = threading.Thread(target=_pump, args=(server, client))
                back.start()
                _pump(client, server)
                back.join(10)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Talk:
    """One client's requests, until the tunnel stands."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._answers = 0
        self.state: Any = None
        """What a judge knows of this connection."""

    def say(self, answer: bytes) -> None:
        self._answers += 1
        lie = self._proxy.answers.get(self._answers) if self._proxy.connections <= self._proxy.lies else None
        data = answer if lie is None else lie
        for start in range(0, len(data), self._proxy.cut):
            self._client.sendall(data[start : start + self._proxy.cut])
            if self._proxy.cut < len(data):
                time.sleep(0.001)
        if lie is not None:
            self._client.shutdown(socket.SHUT_WR)
            while self._client.recv(4096):
                pass
            raise EOFError

    def _read(self, octets: int) -> bytes:
        data = b""
        while len(data) < octets:
            piece = self._client.recv(octets - len(data))
            if not piece:
                raise EOFError
            data += piece
        self._proxy.requests.append(data)
        return data

    def _text(self) -> bytes:
        text = b""
        while (octet := self._read(1)) != b"\0":
            text += octet
        return text

    def socks4(self) -> bytes | None:
        _, command, port, address = struct.unpack("!BBH4s", self._read(8))
        assert command == 1
        user = self._text()
        name = str(ipaddress.IPv4Address(address))
        if address.startswith(b"\0\0\0"):  # SOCKS4A
            name = self._text().decode()
        self._proxy.asked.append((name, port))
        if user.decode() != self._proxy.user:
            self.say(b"\0\x5d" + bytes(6))
            return None
        return b"\0\x5a" + bytes(6)

    def socks5(self) -> bytes | None:
        _, count = self._read(2)
        wanted = 2 if self._proxy.asks else 0
        if wanted not in self._read(count):
            self.say(b"\5\xff")
            return None
        self.say(bytes((5, wanted)))
        if wanted:
            user = self._read(self._read(2)[1])
            password = self._read(self._read(1)[0])
            right = (user.decode(), password.decode()) == (self._proxy.user, self._proxy.password)
            self.say(b"\1\0" if right else b"\1\1")
            if not right:
                return None
        kind = self._read(4)[3]
        if kind == 3:
            name = self._read(self._read(1)[0]).decode()
        else:
            name = str(ipaddress.ip_address(self._read(4 if kind == 1 else 16)))
        (port,) = struct.unpack("!H", self._read(2))
        self._proxy.asked.append((name, port))
        return b"\5\0\0" + self._proxy.bound + b"\0\x19"

    def http(self) -> bytes | None:
        judge = self._proxy.judge or _basic
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self._client.recv(1) or self._fail()
            self._proxy.requests.append(head)
            wanted = judge(self, head)
            if wanted is None and not head.startswith(b"CONNECT "):
                return self._forward(head)
            if wanted is None:
                name, _, port = head.split(b" ")[1].decode().rpartition(":")
                self._proxy.asked.append((name, int(port)))
                return self._proxy.before + self._proxy.grant
            if self._proxy.page:
                self._client.sendall(self._proxy.page)
                while self._client.recv(4096):
                    pass
                return None
            close = "" if self._proxy.keep else "Connection: close\r\n"
            fields = "".join(f"Proxy-Authenticate: {value}\r\n" for value in wanted) + close
            page = f"HTTP/1.1 407 Proxy Authentication Required\r\n{fields}Content-Length: 5\r\n\r\nwho?\n"
            self.say(self._proxy.before + page.encode())
            if not self._proxy.keep:
                return None

    def _forward(self, head: bytes) -> None:
        """Make a request in absolute form and hand the answer back (RFC 9112 3.2.2)."""
        line, _, fields = head.partition(b"\r\n")
        method, target, version = line.split(b" ")
        url = urlsplit(target.decode())
        self._proxy.asked.append((url.hostname or "", url.port or 80))
        kept = b"".join(f + b"\r\n" for f in fields.split(b"\r\n") if f and not f.startswith(b"Proxy-"))
        size = int((re.search(rb"Content-Length: (\d+)", head) or [0, 0])[1])
        body = self._read(size) if size else b""
        with socket.create_connection(("127.0.0.1", self._proxy.route())) as server:
            path = url.path.encode() or b"/"
            server.sendall(b" ".join((method, path, version)) + b"\r\n" + kept + b"Connection: close\r\n\r\n" + body)
            answer = b""
            while data := server.recv(65536):
                answer += data
        self.say(answer)

    @property
    def proxy(self) -> Proxy:
        return self._proxy

    @staticmethod
    def _fail() -> bytes:
        raise EOFError


def authorization(head: bytes) -> str:
    """The value of Proxy-Authorization, empty where a request has none."""
    found = [line for line in head.decode("latin-1").split("\r\n") if line.startswith("Proxy-Authorization: ")]
    return found[0].partition(": ")[2] if found else ""


def _basic(talk: Talk, head: bytes) -> Sequence[str] | None:
    proxy = talk.proxy
    token = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
    return ['Basic realm="x"'] if proxy.asks and authorization(head) != f"Basic {token}" else None
