"""Handles in threads: they never wait for each other, and a method can be ended from outside."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssmtp_compat import (
    ErrorCode,
    PropertyID,
    ssmtp_close,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_interrupt,
    ssmtp_do_reset,
    ssmtp_do_send,
    ssmtp_get,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.client import SSMTPClient
from unit.interface.scripts import last_error, put, reason, sending, take, write_mail
from wire.scripted_server import Delay, Ending, ScriptedServer, Stall

P = PropertyID


def test_handle_that_stalls_holds_up_no_other(handle: int, server: ScriptedServer):
    other = ssmtp_open()
    with ScriptedServer(faults={"MAIL": Stall()}) as stalled:
        write_mail(handle, stalled)
        write_mail(other, server)
        with sending(handle, "MAIL") as returned:
            assert ssmtp_do_send(other) == 0
            put(other, P.Subject, "still free")
            assert returned == []
            assert ssmtp_do_interrupt(handle) == 0
    assert returned == [ErrorCode.INTERRUPTED_OR_TIMEOUT]
    assert len(server.messages) == 1
    assert ssmtp_close(other) == 0


def test_handles_send_side_by_side():
    handles = [ssmtp_open() for _ in range(8)]
    with ScriptedServer(faults={"MESSAGE": Delay(0.3)}) as server:
        for number in handles:
            write_mail(number, server)
        started = time.monotonic()
        with ThreadPoolExecutor(len(handles)) as pool:
            assert list(pool.map(ssmtp_do_send, handles)) == [0] * len(handles)
        assert time.monotonic() - started < 0.3 * len(handles) / 2
    assert len(server.messages) == len(handles)
    assert [ssmtp_close(number) for number in handles] == [0] * len(handles)


def test_second_method_on_a_busy_handle_is_refused_at_once(handle: int):
    with ScriptedServer(faults={"MAIL": Stall()}) as server:
        write_mail(handle, server)
        with sending(handle, "MAIL") as returned:
            assert take(handle, P.Idle) is False
            for method in (ssmtp_do_send, ssmtp_do_connect, ssmtp_do_reset):
                assert method(handle) == ErrorCode.BUSY
                reason(handle, ErrorCode.BUSY)
            put(handle, P.Subject, "set meanwhile")
            assert returned == []
            ssmtp_do_interrupt(handle)
    assert take(handle, P.Subject) == "set meanwhile"


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_interrupt_ends_a_stalled_send_at_once(handle: int, verb: str):
    with ScriptedServer(faults={verb: Stall()}, extensions=()) as server:
        write_mail(handle, server)
        put(handle, P.Timeout, 0)
        with sending(handle, verb) as returned:
            started = time.monotonic()
            assert ssmtp_do_interrupt(handle) == 0
        assert time.monotonic() - started < 2
        assert returned == [ErrorCode.INTERRUPTED_OR_TIMEOUT]
        assert "interrupt" in reason(handle, ErrorCode.INTERRUPTED_OR_TIMEOUT).lower()
        assert (take(handle, P.Connected), take(handle, P.Idle)) == (False, True)
        server.wait_closed()
        assert server.connection.ending in (Ending.CLIENT_CLOSED, Ending.CLIENT_RESET)


def test_interrupt_leaves_the_error_of_the_method_that_it_ended(handle: int, monkeypatch: pytest.MonkeyPatch):
    interrupt = SSMTPClient.interrupt
    with ScriptedServer(faults={"MAIL": Stall()}) as server:
        write_mail(handle, server)
        with sending(handle, "MAIL") as returned:

            def interrupt_and_wait(client: SSMTPClient) -> None:
                interrupt(client)
                while not returned:
                    time.sleep(0.001)

            monkeypatch.setattr(SSMTPClient, "interrupt", interrupt_and_wait)
            assert ssmtp_do_interrupt(handle) == 0
        reason(handle, ErrorCode.INTERRUPTED_OR_TIMEOUT)


def test_interrupted_handle_sends_again(handle: int, server: ScriptedServer):
    with ScriptedServer(faults={"DATA": Stall()}) as stalled:
        write_mail(handle, stalled)
        with sending(handle, "DATA"):
            ssmtp_do_interrupt(handle)
    write_mail(handle, server)
    assert ssmtp_do_send(handle) == 0
    assert last_error(handle) == (0, "")


def test_time_out_has_the_same_code_and_another_text(handle: int):
    with ScriptedServer(faults={"GREETING": Stall()}) as server:
        write_mail(handle, server)
        put(handle, P.Timeout, 1)
        assert ssmtp_do_send(handle) == ErrorCode.INTERRUPTED_OR_TIMEOUT
        text = reason(handle, ErrorCode.INTERRUPTED_OR_TIMEOUT)
        assert "interrupt" not in text.lower()
        assert "greeting" in text.lower()


def test_close_ends_a_stalled_send_and_frees_its_connection():
    handle = ssmtp_open()
    with ScriptedServer(faults={"MAIL": Stall()}) as server:
        write_mail(handle, server)
        heard: list[object] = []
        with sending(handle, "MAIL") as returned:
            for event in (1, 3):
                ssmtp_register_callback(handle, event, heard.append)
            started = time.monotonic()
            assert ssmtp_close(handle) == 0
            reason(handle, ErrorCode.INVALID_HANDLE)
            assert ssmtp_do_send(handle) == ErrorCode.INVALID_HANDLE
        assert time.monotonic() - started < 2
        server.wait_closed()
        assert server.connection.ending in (Ending.CLIENT_CLOSED, Ending.CLIENT_RESET)
    assert returned == [ErrorCode.INTERRUPTED_OR_TIMEOUT]
    assert heard == []


class ClosingLock:
    """Closes the client at the last moment at which the lock is still held."""

    def __init__(self, client: SSMTPClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self.acquire = self._lock.acquire
        self.locked = self._lock.locked

    def release(self) -> None:
        if not self._client.closing:
            self._client.closing = True
            self._client.close()
        self._lock.release()


def test_close_at_the_moment_a_method_ends_leaves_no_connection_behind(server: ScriptedServer):
    class Client(SSMTPClient):
        closing = False

    client = Client()
    client.set(P.MailServer, server.host)
    client.set(P.MailPort, server.port)
    client._gate._busy = ClosingLock(client)
    client.connect()
    server.wait_closed()
    assert not client.connected


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_sixteen_threads_open_set_get_and_close():
    begin = threading.Barrier(16)

    def work(number: int) -> list[int]:
        begin.wait(10)
        seen = []
        for turn in range(40):
            handle = ssmtp_open()
            seen.append(handle)
            text = f"{number} of {turn}"
            assert ssmtp_set(handle, P.Subject, text) == 0
            assert ssmtp_set(handle, P.SendTo, f"user{number}.{turn}@example.test") == 0
            assert ssmtp_do_config(handle, f"Hello=h{number}.example.test") == ""
            assert ssmtp_set(handle, P.Timeout, -number - 1) == ErrorCode.INVALID_VALUE
            reason(handle, ErrorCode.INVALID_VALUE)
            assert ssmtp_get(handle, P.Subject) == text
            assert ssmtp_get(handle, P.MessageRecipientAddress, 0) == f"user{number}.{turn}@example.test"
            assert ssmtp_do_config(handle, "Hello") == f"h{number}.example.test"
            assert last_error(handle) == (0, "")
            assert ssmtp_close(handle) == 0
            assert ssmtp_close(handle) == ErrorCode.INVALID_HANDLE
        return seen

    with ThreadPoolExecutor(16) as pool:
        handles = [handle for seen in pool.map(work, range(16)) for handle in seen]
    assert len(set(handles)) == 16 * 40


@pytest.mark.usefixtures("restless")
def test_sixteen_threads_on_one_handle(handle: int):
    begin = threading.Barrier(16)

    def work(number: int) -> None:
        begin.wait(10)
        for turn in range(40):
            assert ssmtp_set(handle, P.Subject, f"{number} of {turn}") == 0
            assert ssmtp_set(handle, P.SendTo, f"a{number}@example.test, b{number}@example.test") == 0
            count = ssmtp_get(handle, P.MessageRecipientCount)
            assert count == 2

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
