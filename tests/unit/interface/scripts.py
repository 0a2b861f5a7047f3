"""What a mail script does, in the words of the procedural interface."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ssmtp_compat import (
    EventID,
    PropertyID,
    ssmtp_do_send,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_register_callback,
    ssmtp_set,
)
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access, PropertyDef, ValueType
from wire.scripted_server import ScriptedServer

P = PropertyID

PYTHON_TYPES = {ValueType.TEXT: str, ValueType.INT: int, ValueType.BOOL: bool, ValueType.BINARY: bytes}
EMPTY = {ValueType.TEXT: "", ValueType.INT: 0, ValueType.BOOL: False, ValueType.BINARY: b""}

WRITABLE = [row for row in PROPERTIES.values() if row.access is Access.READ_WRITE]


def each(rows: list[PropertyDef]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def put(handle: int, property_id: int, *arguments: Any, **keywords: Any) -> None:
    """Set, and be sure that it worked."""
    code = ssmtp_set(handle, property_id, *arguments, **keywords)
    assert (code, last_error(handle)) == (0, (0, ""))


def take(handle: int, property_id: int, index: Any = 0) -> Any:
    """Get, and be sure that it worked."""
    value = ssmtp_get(handle, property_id, index)
    assert last_error(handle) == (0, "")
    return value


def last_error(handle: Any) -> tuple[int, str]:
    return ssmtp_get_last_error_code(handle), ssmtp_get_last_error(handle)


def reason(handle: Any, expected: int) -> str:
    """Be sure that the last call failed with this code; the text that says why."""
    code, text = last_error(handle)
    assert code == expected, text
    assert text
    return text


def refused(handle: int, outcome: int, expected: int) -> str:
    """Be sure that a call returned this code and left it as the last error; the text that says why."""
    assert outcome == expected
    return reason(handle, expected)


def reach(handle: int, server: ScriptedServer) -> None:
    put(handle, P.MailServer, server.host)
    put(handle, P.MailPort, server.port)


def write_mail(handle: int, server: ScriptedServer) -> None:
    """Everything that a send needs."""
    reach(handle, server)
    put(handle, P.From, "Alice <alice@example.test>")
    put(handle, P.SendTo, "bob@example.test")
    put(handle, P.Subject, "Greetings")
    put(handle, P.MessageText, "Hello Bob")


def with_room(handle: int, row: PropertyDef) -> None:
    """Give the array that ``row`` belongs to one entry."""
    if row.indexed_by is not None:
        put(handle, row.indexed_by, 1)


def at_command(handle: int, verb: str, action: Callable[[], Any]) -> None:
    """Have ``action`` done, once, in the PITrail event of this command."""
    done = False

    def trail(event: dict[str, Any]) -> None:
        nonlocal done
        if not done and event["direction"] == 0 and event["message"].startswith(verb):
            done = True
            action()

    assert ssmtp_register_callback(handle, EventID.PITrail, trail) == 0


@contextmanager
def sending(handle: int, verb: str) -> Iterator[list[int]]:
    """A send in a thread of its own that has reached the command ``verb``; the list gets what it returned."""
    reached = threading.Event()
    returned: list[int] = []
    at_command(handle, verb, reached.set)
    sender = threading.Thread(target=lambda: returned.append(ssmtp_do_send(handle)))
    sender.start()
    try:
        assert reached.wait(10), f"the send never came to {verb}"
        yield returned
    finally:
        sender.join(10)
        assert not sender.is_alive(), "the send never ended"
