"""The send and queue commands: from options to the documented calls, in the order in which a script would make them."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .. import (
    EventID,
    ssmtp_close,
    ssmtp_do_queue,
    ssmtp_do_send,
    ssmtp_get_last_error,
    ssmtp_get_last_error_code,
    ssmtp_open,
    ssmtp_register_callback,
)
from ..catalog.errors import ErrorCode
from .dialogue import dialogue_line
from .message import check_recipients, describe_message
from .outcomes import CommandError, Exit, delivery_status
from .reporting import say
from .server import describe_server, server_password

__all__ = ["queue", "send"]


def send(options: argparse.Namespace) -> list[tuple[int, str]]:
    """Send the message that ``options`` describe; return code and text of each refusal that did not stop it.

    Raises :class:`CommandError` for everything that did.
    """
    check_recipients(options)
    handle = ssmtp_open()
    try:
        describe_server(handle, options, server_password(options))
        describe_message(handle, options)
        return _deliver(handle, trace=options.trace)
    finally:
        ssmtp_close(handle)


def queue(options: argparse.Namespace) -> str:
    """Queue the message that ``options`` describe; return the name of its file. Raises :class:`CommandError`."""
    check_recipients(options)
    handle = ssmtp_open()
    try:
        describe_message(handle, options)
        name = ssmtp_do_queue(handle, options.directory)
        code, text = ssmtp_get_last_error_code(handle), ssmtp_get_last_error(handle)
    finally:
        ssmtp_close(handle)
    if code:
        raise CommandError(code, text, Exit.DIRECTORY if code == ErrorCode.CANNOT_OPEN_FILE else Exit.BAD_DATA)
    return name


def _deliver(handle: int, *, trace: bool) -> list[tuple[int, str]]:
    errors: list[tuple[int, str]] = []

    def on_error(parameters: dict[str, Any]) -> None:
        errors.append((parameters["errorcode"], parameters["description"]))

    ssmtp_register_callback(handle, EventID.Error, on_error)
    if trace:
        ssmtp_register_callback(handle, EventID.PITrail, lambda trail: say(sys.stderr, dialogue_line(trail)))
    code = ssmtp_do_send(handle)
    if code:
        text = ssmtp_get_last_error(handle)
        raise CommandError(code, text, delivery_status(code, text))
    return errors
