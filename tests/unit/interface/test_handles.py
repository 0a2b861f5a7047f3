"""Handles: positive numbers, each used once; what is no open handle is an error code, never an exception."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import ssmtp_compat
from ssmtp_compat import (
    ErrorCode,
    PropertyID,
    handles,
    ssmtp_close,
    ssmtp_do_connect,
    ssmtp_get,
    ssmtp_open,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.errors import ERRORS
from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import MethodDef, PropertyDef
from unit.interface.scripts import EMPTY, PYTHON_TYPES, each, last_error, put, reach, take
from wire.scripted_server import Ending, ScriptedServer

P = PropertyID

INVALID = (20001, ERRORS[ErrorCode.INVALID_HANDLE].message)

ARGUMENTS = {
    "register_callback": (1, None),
    "set": (P.Subject, "x"),
    "get": (P.Subject,),
    "do_addrecipientcert": ("x",),
    "do_config": ("Hello",),
    "do_expand": ("x",),
    "do_processqueue": ("x",),
    "do_queue": ("x",),
    "do_verify": ("x",),
}
ON_HANDLE = [row for row in METHODS.values() if row.function != "open"]


def dead_handle() -> int:
    handle = ssmtp_open()
    assert ssmtp_close(handle) == 0
    return handle


def call(handle: Any, row: MethodDef) -> Any:
    return getattr(ssmtp_compat, f"ssmtp_{row.function}")(handle, *ARGUMENTS.get(row.function, ()))


def test_handles_are_positive_numbers_and_never_used_again():
    handles = []
    for _ in range(50):
        handles.append(ssmtp_open())
        assert ssmtp_close(handles[-1]) == 0
    assert all(type(handle) is int and handle > 0 for handle in handles)
    assert len(set(handles)) == 50


def test_handles_share_nothing(handle: int):
    other = ssmtp_open()
    put(handle, P.Subject, "mine")
    put(handle, P.SendTo, "bob@example.test")
    assert ssmtp_compat.ssmtp_do_config(handle, "Hello=mine.example.test") == ""
    assert take(other, P.Subject) == ""
    assert take(other, P.MessageRecipientCount) == 0
    assert ssmtp_compat.ssmtp_do_config(other, "Hello") != "mine.example.test"
    assert ssmtp_close(other) == 0
    assert take(handle, P.Subject) == "mine"


def test_second_close_fails_and_the_code_is_readable():
    handle = ssmtp_open()
    assert ssmtp_close(handle) == 0
    assert last_error(handle) == INVALID
    assert ssmtp_close(handle) == ErrorCode.INVALID_HANDLE
    assert last_error(handle) == INVALID


@pytest.mark.parametrize("row", ON_HANDLE, ids=lambda row: row.function)
@pytest.mark.parametrize("kind", ["closed", "never opened", "zero", "negative", "huge", "boolean", "none", "text"])
def test_function_on_what_is_no_open_handle(handle: int, row: MethodDef, kind: str):
    number = {
        "closed": dead_handle(),
        "never opened": 2**40,
        "zero": 0,
        "negative": -handle,
        "huge": 10**5000,
        "boolean": True,
        "none": None,
        "text": str(handle),
    }[kind]
    outcome = call(number, row)
    assert outcome == {"int": 20001, "get_last_error": INVALID[1]}.get(
        row.function if row.function == "get_last_error" else row.returns, ""
    )
    assert last_error(number) == INVALID
    assert last_error(handle) == (0, "")


@pytest.mark.parametrize("make", [float, lambda handle: [handle], lambda handle: {handle}, lambda _: object()])
def test_value_of_another_type_is_no_handle(handle: int, make):
    other = make(handle)
    assert ssmtp_close(other) == ErrorCode.INVALID_HANDLE
    assert ssmtp_set(other, P.Subject, "x") == ErrorCode.INVALID_HANDLE
    assert last_error(other) == INVALID
    assert take(handle, P.Subject) == ""


@pytest.mark.parametrize("number", [True, 1.0, "1"])
def test_equal_of_the_first_handle_is_not_that_handle(monkeypatch: pytest.MonkeyPatch, number: Any):
    monkeypatch.setattr(handles, "_entries", {})
    monkeypatch.setattr(handles, "_numbers", itertools.count(1))
    assert ssmtp_open() == 1
    assert ssmtp_set(number, P.Subject, "x") == ErrorCode.INVALID_HANDLE
    assert last_error(number) == INVALID
    assert ssmtp_close(number) == ErrorCode.INVALID_HANDLE
    assert ssmtp_close(1) == 0


@each(list(PROPERTIES.values()))
def test_get_on_a_dead_handle_is_the_empty_value_of_the_type(row: PropertyDef):
    value = ssmtp_get(dead_handle(), row.id)
    assert (value, type(value)) == (EMPTY[row.value_type], PYTHON_TYPES[row.value_type])


def test_close_drops_the_connection_without_quit_and_without_an_event(server: ScriptedServer):
    handle = ssmtp_open()
    reach(handle, server)
    assert ssmtp_do_connect(handle) == 0
    heard: list[dict[str, Any]] = []
    for event in range(1, 10):
        assert ssmtp_register_callback(handle, event, heard.append) == 0
    assert ssmtp_close(handle) == 0
    server.wait_closed()
    assert server.connection.ending in (Ending.CLIENT_CLOSED, Ending.CLIENT_RESET)
    assert "QUIT" not in server.connection.commands
    assert heard == []
