"""TLS servers on loopback ports: Python's own TLS in a thread, and ``openssl s_server``."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions, TcpStream, connect
from wire.tls_certificates import Issued


@dataclass
class Seen:
    """What a server saw of its one client."""

    port: int = 0
    received: bytearray = field(default_factory=bytearray)
    handshake_done: bool = False
    error: str = ""

    def connect(self) -> TcpStream:
        return connect(TcpOptions("127.0.0.1", self.port), Deadline(10))


@contextmanager
def plain_server(talk: Callable[[socket.socket, Seen], None]) -> Iterator[Seen]:
    """Serve one client by ``talk`` in a thread, which has ended when the block is over."""
    seen = Seen()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)  # a client that never comes fails the test, and does not hold it up
        seen.port = listener.getsockname()[1]

        def serve() -> None:
            client, _ = listener.accept()
            client.settimeout(10)
            with client:
                talk(client, seen)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield seen
        finally:
            thread.join(20)
    assert not thread.is_alive()


@contextmanager
def tls_server(identity: Path | ssl.SSLContext, talk: Callable[[ssl.SSLSocket, Seen], None]) -> Iterator[Seen]:
    """Serve one client inside TLS, with a PEM file or a context; a handshake that fails is noted in ``Seen.error``."""
    context = identity
    if isinstance(context, Path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity)

    def handshake(client: socket.socket, seen: Seen) -> None:
        tls = context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        with tls:
            try:
                tls.do_handshake()
                seen.handshake_done = True
                talk(tls, seen)
            except OSError as error:
                seen.error = str(error)

    with plain_server(handshake) as seen:
        yield seen


def take_everything(tls: ssl.SSLSocket, seen: Seen) -> None:
    """Read until the client ends."""
    while data := tls.recv(65536):
        seen.received += data


@contextmanager
def s_server(issued: Issued, directory: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """``openssl s_server`` for one connection; yields its port and its process."""
    pem = str(issued.write(directory))
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", pem, "-key", pem]
    if issued.chain:
        chain = directory / "chain.pem"
        chain.write_bytes(issued.chain_pem.removeprefix(issued.pem))
        command += ["-cert_chain", str(chain)]
    with subprocess.Popen(
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.match(rb"ACCEPT 127\.0\.0\.1:(\d+)", line):
                    yield int(found[1]), process
                    break
            else:
                raise AssertionError("openssl s_server did not start")
        finally:
            process.terminate()
