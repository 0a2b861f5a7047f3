"""Fixtures that more than one kind of test uses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback_identity import LoopbackIdentity, make_loopback_identity


@pytest.fixture(scope="session")
def loopback_identity(tmp_path_factory: pytest.TempPathFactory) -> LoopbackIdentity:
    """A CA that nobody trusts by default, and a server certificate for localhost made by it."""
    return make_loopback_identity(tmp_path_factory.mktemp("loopback-identity"))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections: it is bound, so nobody else gets it, and nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """An empty directory for a queue."""
    directory = tmp_path / "spool"
    directory.mkdir()
    return directory
