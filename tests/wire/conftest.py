"""Fixtures of the wire tests."""

from __future__ import annotations

import dataclasses
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions, TcpStream, connect
from ssmtp_compat.operations import transport


@pytest.fixture
def server_tls(loopback_identity: LoopbackIdentity) -> ssl.SSLContext:
    """For ``ScriptedServer(tls=...)``."""
    return loopback_identity.server_context()


@pytest.fixture
def client_tls(loopback_identity: LoopbackIdentity) -> ssl.SSLContext:
    """A client context that trusts ``server_tls``."""
    return loopback_identity.client_context()


@pytest.fixture
def no_leaks() -> Iterator[None]:
    """Every thread and every socket that the test made has ended with it."""
    threads, sockets = set(threading.enumerate()), _open_sockets()
    yield
    # The thread of a name look-up ends just behind the answer that it gives.
    patience = time.monotonic() + 2
    while (left := set(threading.enumerate()) - threads) and time.monotonic() < patience:
        time.sleep(0.005)
    assert not left
    assert not _open_sockets() - sockets


def _open_sockets() -> set[str]:
    """The sockets of this process by their inodes; none where the system does not list them."""
    found = set()
    for entry in Path("/proc/self/fd").glob("*"):
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # the descriptor of this very listing
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture
def no_proxy_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy that the environment of the tests happens to name."""
    for name in ("all_proxy", "https_proxy", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def redirect(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lead every connection, whatever its host and port, to a port of 127.0.0.1."""

    def lead_to(port: int) -> None:
        def tcp_connect(options: TcpOptions, deadline: Deadline) -> TcpStream:
            return connect(dataclasses.replace(options, host="127.0.0.1", port=port), deadline)

        monkeypatch.setattr(transport, "tcp_connect", tcp_connect)

    return lead_to


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that never answers: its queue of connections is full, so Linux drops what comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()
