"""DoEvents: what a server says unasked, and how long is waited for it."""

from __future__ import annotations

import ssl
import threading
import time
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import SSLStartModes, ssmtp_do_doevents, ssmtp_do_interrupt
from wire.mailer import Mailer
from wire.scripted_server import Close, Fault, Later, Reset, ScriptedServer, Then

pytestmark = pytest.mark.usefixtures("no_leaks")

GOODBYE = b"421 4.4.2 too long idle\r\n"


def pump(mailer: Mailer) -> int:
    """Events as long as something may come, and the last outcome."""
    code = 0
    for _ in range(100):
        code = ssmtp_do_doevents(mailer.handle)
        if code or not mailer.get("Connected"):
            break
    return code


@pytest.mark.parametrize(
    ("fault", "code", "reply"),
    [
        (Later(GOODBYE, Close()), 161, GOODBYE.decode().strip()),
        (Later(GOODBYE), 161, GOODBYE.decode().strip()),
        (Then(GOODBYE), 161, GOODBYE.decode().strip()),
        (Later(b"", Close()), 1120, ""),
        (Later(b"", Reset()), 10054, ""),
    ],
)
def test_a_goodbye_is_noticed_and_no_failure_of_the_method(fault: Fault, code: int, reply: str):
    with ScriptedServer(faults={"EHLO": fault}) as server, Mailer(server.port) as mailer:
        mailer.config(SelectWaitMillis=200)
        assert mailer.connect() == 0
        mailer.record("ConnectionStatus", "PITrail", "Error")
        assert pump(mailer) == 0, mailer.error
        assert mailer.get("Connected") is False
        (status,) = [each for name, each in mailer.events if name == "ConnectionStatus"]
        assert (status["connectionevent"], status["statuscode"]) == ("Remote host disconnected", code)
        assert mailer.recorded("PITrail", "message") == ([reply] if reply else [])
        assert mailer.recorded("Error", "errorcode") == []
        if reply:
            assert mailer.get("LastReply") == reply
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.send() == 0, mailer.error


def test_a_goodbye_inside_tls_is_noticed(loopback_identity: LoopbackIdentity, server_tls: ssl.SSLContext):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True, faults={"EHLO": Later(GOODBYE, Close())}) as server,
        Mailer(server.port, MailServer="localhost", SSLStartMode=SSLStartModes.sslImplicit) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, SelectWaitMillis=200)
        assert mailer.connect() == 0, mailer.error
        assert pump(mailer) == 0, mailer.error
        assert mailer.get("Connected") is False
        assert mailer.get("LastReply") == GOODBYE.decode().strip()


def test_a_cut_inside_tls_is_a_goodbye_too(loopback_identity: LoopbackIdentity, server_tls: ssl.SSLContext):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True, faults={"EHLO": Later(b"", Close())}) as server,
        Mailer(server.port, MailServer="localhost", SSLStartMode=SSLStartModes.sslImplicit) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, SelectWaitMillis=200)
        assert mailer.connect() == 0, mailer.error
        mailer.record("ConnectionStatus")
        assert pump(mailer) == 0, mailer.error
        assert mailer.get("Connected") is False
        assert mailer.recorded("ConnectionStatus", "statuscode") == [284, 284]


@pytest.mark.parametrize("unasked", [b"250 surprise\r\n", b"hello\r\n"])
def test_anything_else_unasked_is_an_error_and_ends_the_session(unasked: bytes):
    with ScriptedServer(faults={"EHLO": Later(unasked)}) as server, Mailer(server.port) as mailer:
        mailer.config(SelectWaitMillis=200)
        assert mailer.connect() == 0
        assert pump(mailer) == 162
        assert mailer.get("Connected") is False


def test_a_line_that_comes_in_pieces_is_waited_for_without_blocking():
    fault = Later(GOODBYE[:9], Later(GOODBYE[9:]))
    with ScriptedServer(faults={"EHLO": fault}) as server, Mailer(server.port) as mailer:
        mailer.config(SelectWaitMillis=200)
        assert mailer.connect() == 0
        assert pump(mailer) == 0, mailer.error
        assert mailer.get("LastReply") == GOODBYE.decode().strip()


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("milliseconds", [0, 100])
def test_nothing_to_tell_takes_as_long_as_it_may(connected: bool, milliseconds: int):
    with ScriptedServer() as server, Mailer(server.port, Timeout=1) as mailer:
        mailer.config(SelectWaitMillis=milliseconds)
        assert not connected or mailer.connect() == 0
        started = time.monotonic()
        assert ssmtp_do_doevents(mailer.handle) == 0
        assert time.monotonic() - started >= milliseconds / 1000
        assert mailer.get("Connected") is connected
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize("connected", [True, False])
def test_interrupt_ends_the_waiting_and_keeps_the_session(connected: bool):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(SelectWaitMillis=60000)
        assert not connected or mailer.connect() == 0
        outcome: list[int] = []
        thread = threading.Thread(target=lambda: outcome.append(ssmtp_do_doevents(mailer.handle)))
        thread.start()
        while mailer.get("Idle"):
            time.sleep(0.001)
        ssmtp_do_interrupt(mailer.handle)
        thread.join(5)
        assert outcome == [301]
        assert mailer.get("Connected") is connected
        assert mailer.send() == 0, mailer.error


def test_while_a_method_runs_there_is_nothing_to_do():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(SelectWaitMillis=60000)
        codes: list[int] = []

        def trail(_: dict[str, Any]) -> None:
            codes.append(ssmtp_do_doevents(mailer.handle))

        mailer.on("PITrail", trail)
        assert mailer.send() == 0, mailer.error
    assert codes
    assert set(codes) == {0}
