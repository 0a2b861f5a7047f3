"""A callback that raises: the method is abandoned, the connection closed, and the exception is the caller's."""

from __future__ import annotations

from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import (
    ErrorCode,
    EventID,
    PropertyID,
    SSLStartModes,
    SSMTPError,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_disconnect,
    ssmtp_do_reset,
    ssmtp_do_send,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.errors import ERRORS
from unit.interface.scripts import at_command, last_error, put, reason, take, write_mail
from wire.scripted_server import Ending, ScriptedServer

P = PropertyID


class Trouble(Exception):
    """What the caller's own code raises."""


def raise_at(handle: int, event: EventID, error: BaseException, nth: int = 1) -> None:
    """Have the ``nth`` firing of ``event`` raise."""
    count = 0

    def callback(_: dict[str, Any]) -> None:
        nonlocal count
        count += 1
        if count == nth:
            raise error

    assert ssmtp_register_callback(handle, event, callback) == 0


def abandoned(handle: int, event: EventID, method, error: BaseException) -> None:
    """Be sure that ``method`` raises ``error`` itself and leaves the handle in order."""
    with pytest.raises(type(error)) as caught:
        method(handle)
    assert caught.value is error
    text = reason(handle, ErrorCode.CALLBACK_FAILED)
    assert text.startswith(ERRORS[ErrorCode.CALLBACK_FAILED].message)
    assert event.name in text
    assert type(error).__name__ in text
    assert (take(handle, P.Connected), take(handle, P.Idle)) == (False, True)


def refuse_nobody(command: str) -> str:
    return "550 5.1.1 no such user" if "nobody@" in command else "250 2.1.5 ok"


@pytest.mark.parametrize("event", [event for event in EventID if event is not EventID.Expand], ids=lambda e: e.name)
def test_exception_of_any_event_comes_out_of_send(handle: int, loopback_identity: LoopbackIdentity, event: EventID):
    with ScriptedServer(tls=loopback_identity.server_context(), replies={"RCPT": refuse_nobody}) as server:
        write_mail(handle, server)
        put(handle, P.SSLStartMode, SSLStartModes.sslExplicit)
        ssmtp_do_config(handle, f"OpenSSLCAFile={loopback_identity.ca_file}")
        ssmtp_do_config(handle, "StopOnToErrors=False")
        put(handle, P.SendTo, "nobody@example.test, bob@example.test")
        raised = Trouble("mine")
        raise_at(handle, event, raised)
        abandoned(handle, event, ssmtp_do_send, raised)
        ssmtp_register_callback(handle, event, None)
        assert ssmtp_do_send(handle) == 0
        assert last_error(handle) == (0, "")
    assert [connection.ending is Ending.QUIT for connection in server.connections] == [False, True]


@pytest.mark.parametrize("event", [EventID.StartTransfer, EventID.Transfer], ids=lambda e: e.name)
def test_exception_before_the_last_piece_holds_the_message_back(handle: int, server: ScriptedServer, event: EventID):
    write_mail(handle, server)
    put(handle, P.MessageText, "0123456789abcde\r\n" * 10_000)
    raised = Trouble()
    raise_at(handle, event, raised)
    abandoned(handle, event, ssmtp_do_send, raised)
    server.wait_closed()
    assert server.messages == []


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"])
def test_exception_at_any_command_closes_the_connection(handle: int, server: ScriptedServer, verb: str):
    write_mail(handle, server)
    raised = Trouble()

    def trouble() -> None:
        raise raised

    at_command(handle, verb, trouble)
    abandoned(handle, EventID.PITrail, ssmtp_do_send, raised)
    server.wait_closed()
    assert server.connection.ending is not Ending.QUIT
    # A message that the server has taken is not taken back.
    assert len(server.messages) == (verb == "QUIT")


@pytest.mark.parametrize("nth", [1, 2])
def test_exception_at_either_change_of_the_connection(handle: int, server: ScriptedServer, nth: int):
    write_mail(handle, server)
    raised = Trouble()
    raise_at(handle, EventID.ConnectionStatus, raised, nth)
    abandoned(handle, EventID.ConnectionStatus, ssmtp_do_send, raised)
    ssmtp_register_callback(handle, EventID.ConnectionStatus, None)
    assert ssmtp_do_send(handle) == 0


def test_exception_keeps_its_own_cause_context_and_notes(handle: int):
    raised, cause, context = Trouble("mine"), KeyError("cause"), IndexError("context")
    raised.add_note("a note")

    def blame() -> None:
        raise raised from cause

    def callback(_: dict[str, Any]) -> None:
        try:
            raise context
        except IndexError:
            blame()

    ssmtp_register_callback(handle, EventID.Error, callback)
    abandoned(handle, EventID.Error, ssmtp_do_connect, raised)
    assert (raised.__cause__, raised.__context__) == (cause, context)
    assert raised.__notes__ == ["a note"]


def test_exception_without_a_cause_gets_none(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    raised = Trouble("mine")
    raise_at(handle, EventID.PITrail, raised)
    abandoned(handle, EventID.PITrail, ssmtp_do_connect, raised)
    assert (raised.__cause__, raised.__context__) == (None, None)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), SSMTPError(ErrorCode.BUSY), StopIteration()])
def test_exception_of_any_kind_passes(handle: int, server: ScriptedServer, error: BaseException):
    write_mail(handle, server)
    raise_at(handle, EventID.PITrail, error, nth=3)
    abandoned(handle, EventID.PITrail, ssmtp_do_send, error)


def test_error_event_of_a_refused_recipient_is_delivered_before_the_exception(handle: int):
    with ScriptedServer(replies={"RCPT": ["550 5.1.1 no such user"]}) as server:
        write_mail(handle, server)
        put(handle, P.SendTo, "nobody@example.test, bob@example.test")
        ssmtp_do_config(handle, "StopOnToErrors=False")
        heard: list[int] = []
        ssmtp_register_callback(handle, EventID.Error, lambda given: heard.append(given["errorcode"]))
        raised = Trouble()
        raise_at(handle, EventID.StartTransfer, raised)
        abandoned(handle, EventID.StartTransfer, ssmtp_do_send, raised)
        assert heard == [161]


def test_error_callback_that_raises_closes_a_session_that_was_kept(handle: int):
    with ScriptedServer(replies={"RCPT": ["550 5.1.1 no such user"]}) as server:
        write_mail(handle, server)
        assert ssmtp_do_connect(handle) == 0
        raised = Trouble()
        raise_at(handle, EventID.Error, raised)
        abandoned(handle, EventID.Error, ssmtp_do_send, raised)
        server.wait_closed()
        assert server.connection.ending is not Ending.QUIT
        assert ssmtp_do_send(handle) == 0


def test_exception_comes_out_of_connect_disconnect_and_reset_too(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    raised = Trouble()
    raise_at(handle, EventID.ConnectionStatus, raised)
    abandoned(handle, EventID.ConnectionStatus, ssmtp_do_connect, raised)
    for method in (ssmtp_do_disconnect, ssmtp_do_reset):
        ssmtp_register_callback(handle, EventID.ConnectionStatus, None)
        assert ssmtp_do_connect(handle) == 0
        raise_at(handle, EventID.ConnectionStatus, raised)
        abandoned(handle, EventID.ConnectionStatus, method, raised)


def test_exception_comes_out_of_setting_connected(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    raised = Trouble()
    raise_at(handle, EventID.PITrail, raised)
    abandoned(handle, EventID.PITrail, lambda handle: ssmtp_set(handle, P.Connected, True), raised)
