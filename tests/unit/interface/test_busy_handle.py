"""One method at a time runs on a handle; the calls that may come meanwhile do what they always do."""

from __future__ import annotations

from typing import Any

import pytest

import ssmtp_compat
from ssmtp_compat import (
    ErrorCode,
    EventID,
    PropertyID,
    ssmtp_close,
    ssmtp_do_config,
    ssmtp_do_connect,
    ssmtp_do_interrupt,
    ssmtp_do_send,
    ssmtp_get,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.schema import MethodDef
from unit.interface.scripts import at_command, last_error, put, reason, refused, take, write_mail
from wire.scripted_server import Ending, ScriptedServer

P = PropertyID

ON_HANDLE = [row for row in METHODS.values() if row.function != "open"]
# These two end the send; they have tests of their own.
ENDING = {"close", "do_interrupt"}

ARGUMENTS = {
    "register_callback": (EventID.Transfer, None),
    "set": (P.Subject, "changed meanwhile"),
    "get": (P.Subject,),
    "do_addrecipientcert": ("no certificate",),
    "do_config": ("Hello=changed.example.test",),
    "do_expand": ("list",),
    "do_processqueue": ("directory",),
    "do_queue": ("directory",),
    "do_verify": ("somebody",),
}


def each(rows: list[MethodDef]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.function)


def call(handle: int, row: MethodDef) -> Any:
    return getattr(ssmtp_compat, f"ssmtp_{row.function}")(handle, *ARGUMENTS.get(row.function, ()))


@each([row for row in ON_HANDLE if row.while_busy and row.function not in ENDING])
def test_call_that_may_come_while_a_send_runs(handle: int, server: ScriptedServer, row: MethodDef):
    write_mail(handle, server)
    seen: list[Any] = []
    at_command(handle, "RCPT", lambda: seen.append((call(handle, row), last_error(handle))))
    assert ssmtp_do_send(handle) == 0
    expected = {"get": "Greetings", "get_last_error": "", "do_config": ""}.get(row.function, 0)
    assert seen == [(expected, (0, ""))]
    assert len(server.messages) == 1


@each([row for row in ON_HANDLE if not row.while_busy])
def test_other_method_is_refused_and_the_send_goes_on(handle: int, server: ScriptedServer, row: MethodDef):
    write_mail(handle, server)
    seen: list[Any] = []
    at_command(handle, "RCPT", lambda: seen.append((call(handle, row), *last_error(handle))))
    assert ssmtp_do_send(handle) == 0
    assert last_error(handle) == (0, "")
    ((outcome, code, text),) = seen
    assert outcome == ("" if row.returns == "str" else ErrorCode.BUSY)
    assert (code, bool(text)) == (ErrorCode.BUSY, True)
    assert len(server.messages) == 1


def test_second_method_from_another_thread_is_refused(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    seen: list[int] = []
    at_command(handle, "MAIL", lambda: seen.extend([ssmtp_do_send(handle), ssmtp_set(handle, P.Connected, False)]))
    assert ssmtp_do_send(handle) == 0
    assert seen == [ErrorCode.BUSY, ErrorCode.BUSY]


def test_idle_is_false_while_a_method_runs(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    seen: list[bool] = []
    at_command(handle, "MAIL", lambda: seen.append(ssmtp_get(handle, P.Idle)))
    assert take(handle, P.Idle) is True
    assert ssmtp_do_send(handle) == 0
    assert (seen, take(handle, P.Idle)) == ([False], True)


def test_change_in_a_callback_does_not_change_the_message_under_way(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.MessageText, "first")

    def change() -> None:
        put(handle, P.MessageText, "second")
        put(handle, P.SendTo, "eve@example.test")

    at_command(handle, "EHLO", change)
    assert ssmtp_do_send(handle) == 0
    (message,) = server.messages
    assert message.recipients == ["bob@example.test"]
    assert message.content.endswith(b"\r\n\r\nfirst\r\n")
    assert take(handle, P.MessageText) == "second"


def test_interrupt_from_a_callback_ends_the_send(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    seen: list[int] = []
    at_command(handle, "RCPT", lambda: seen.append(ssmtp_do_interrupt(handle)))
    text = refused(handle, ssmtp_do_send(handle), ErrorCode.INTERRUPTED_OR_TIMEOUT)
    assert seen == [0]
    assert "interrupt" in text.lower()
    assert server.messages == []
    assert ssmtp_do_send(handle) == 0


def test_interrupt_without_a_method_does_nothing(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    assert ssmtp_do_interrupt(handle) == 0
    assert ssmtp_do_send(handle) == 0


def test_close_from_a_callback_ends_the_send_without_another_event(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    heard: list[str] = []
    for event in EventID:
        ssmtp_register_callback(handle, event, lambda _, name=event.name: heard.append(name))

    def close() -> None:
        assert ssmtp_close(handle) == 0
        heard.clear()

    at_command(handle, "RCPT", close)
    assert ssmtp_do_send(handle) == ErrorCode.INTERRUPTED_OR_TIMEOUT
    assert heard == []
    reason(handle, ErrorCode.INVALID_HANDLE)
    server.wait_closed()
    assert server.connection.ending is not Ending.QUIT
    assert server.messages == []


def test_transfer_text_is_there_inside_the_event_only(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    put(handle, P.MessageText, "Grüße, Bob")
    seen: list[str] = []
    for event in (EventID.StartTransfer, EventID.Transfer, EventID.EndTransfer):
        ssmtp_register_callback(handle, event, lambda _: seen.append(ssmtp_do_config(handle, "TransferText")))
    assert ssmtp_do_send(handle) == 0
    assert seen == ["", "Grüße, Bob", ""]
    assert ssmtp_do_config(handle, "TransferText") == ""


def test_connect_during_a_session_is_refused_and_leaves_it_open(handle: int, server: ScriptedServer):
    write_mail(handle, server)
    assert ssmtp_do_connect(handle) == 0
    refused(handle, ssmtp_do_connect(handle), ErrorCode.ALREADY_CONNECTED)
    assert take(handle, P.Connected) is True
    assert ssmtp_do_send(handle) == 0
