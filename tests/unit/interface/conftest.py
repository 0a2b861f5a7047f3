"""A fresh handle, and a server on loopback for the behaviour that needs a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ssmtp_compat import ssmtp_close, ssmtp_open
from wire.scripted_server import ScriptedServer


@pytest.fixture
def handle() -> Iterator[int]:
    value = ssmtp_open()
    yield value
    ssmtp_close(value)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as started:
        yield started
