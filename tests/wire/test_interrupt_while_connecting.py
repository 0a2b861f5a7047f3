"""Interrupt from another thread while the connection is being made, before there is a server to talk to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ssmtp_compat import ssmtp_close, ssmtp_do_interrupt
from ssmtp_compat.net import tcp
from ssmtp_compat.net.readiness import Readiness
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a connection that was begun is waited for."""
    event = threading.Event()
    wait = Readiness.wait

    def watched(*arguments: Any, **options: Any) -> bool:
        event.set()
        return wait(*arguments, **options)

    monkeypatch.setattr(Readiness, "wait", watched)
    return event


@contextmanager
def running(method: Callable[[], int]) -> Iterator[list[int]]:
    """The method in a thread of its own; behind the block it has ended, and at once."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(method()))
    thread.start()
    yield codes
    began = time.monotonic()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("method", ["connect", "send"])
@pytest.mark.parametrize("settings", [{}, {"ConnectionTimeout": 60}, {"AbsoluteTimeout": True}], ids=str)
def test_interrupt_ends_a_connection_that_nobody_answers(
    silent_port: int, waiting: threading.Event, method: str, settings: dict[str, object]
):
    with Mailer(silent_port, Timeout=60) as mailer:
        mailer.config(**settings)
        mailer.record("Error", "ConnectionStatus")
        with running(getattr(mailer, method)) as codes:
            assert waiting.wait(5)
            assert ssmtp_do_interrupt(mailer.handle) == 0
        assert codes == [301]
        assert mailer.events == [("Error", {"errorcode": 301, "description": "Operation interrupted."})]
        assert mailer.get("Connected") is False
        with ScriptedServer() as server:
            mailer.set(MailPort=server.port)
            assert mailer.send() == 0, mailer.error


def test_interrupt_tries_no_further_address(
    silent_port: int, waiting: threading.Event, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tcp, "_NEXT_ATTEMPT", 30)
    with ScriptedServer() as server:
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (silent_port, server.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: rows)
        with Mailer(25, MailServer="mail.example.test", Timeout=60) as mailer:
            with running(mailer.send) as codes:
                assert waiting.wait(5)
                ssmtp_do_interrupt(mailer.handle)
            assert codes == [301]
    assert server.connections == []


def test_closing_the_handle_ends_the_connecting_too(silent_port: int, waiting: threading.Event):
    with Mailer(silent_port, Timeout=60) as mailer, running(mailer.connect) as codes:
        assert waiting.wait(5)
        ssmtp_close(mailer.handle)
    assert codes == [301]


def test_interrupt_ends_a_look_up_with_a_connection_timeout(monkeypatch: pytest.MonkeyPatch):
    looking, answer = threading.Event(), threading.Event()

    def slow(_host: str, *_arguments: Any, flags: int = 0, **_options: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            looking.set()
            answer.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Mailer(25, MailServer="slow.example.test", Timeout=60) as mailer:
        mailer.config(ConnectionTimeout=60)
        with running(mailer.connect) as codes:
            assert looking.wait(5)
            ssmtp_do_interrupt(mailer.handle)
        answer.set()
        assert codes == [301]
