"""How a command ends: exit statuses after sysexits.h, and the failure that carries one with its line for the user."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from ..catalog.errors import ErrorCode

__all__ = ["CommandError", "Exit", "delivery_status"]


class Exit(IntEnum):
    """Exit statuses, with the numbers that mail programs have used since sendmail."""

    OK = 0
    NOT_VERIFIED = 1
    USAGE = 64
    BAD_DATA = 65
    UNAVAILABLE = 69
    DIRECTORY = 73
    """sysexits.h calls it EX_CANTCREAT."""
    TEMPORARY = 75
    NO_PERMISSION = 77
    INTERRUPTED = 130
    """What a shell reports for a program that Ctrl-C ended."""


class CommandError(Exception):
    """The command cannot do what it was asked for. ``code`` is a row of the error table, ``status`` the exit status."""

    def __init__(self, code: int, text: str, status: Exit) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status


_BAD_DATA: Final = frozenset(
    {
        ErrorCode.NO_SENDER,
        ErrorCode.NO_RECIPIENT,
        ErrorCode.CANNOT_OPEN_STORE,  # while delivering, the only store that is opened is the file of CA certificates
        ErrorCode.CODE_PAGE,
        ErrorCode.INVALID_VALUE,
        ErrorCode.INVALID_ADDRESS,
    }
)
_TEMPORARY: Final = frozenset(
    {
        ErrorCode.COMMUNICATION,
        ErrorCode.TLS_ENCRYPT,
        ErrorCode.TLS_DECRYPT,
        ErrorCode.INTERRUPTED_OR_TIMEOUT,
        ErrorCode.CONNECTION_DROPPED,
        ErrorCode.WSATRY_AGAIN,
    }
)
# RFC 4954 6: authentication required, mechanism too weak, credentials invalid, encryption required.
_PERMISSION_REPLIES: Final = frozenset({"530", "534", "535", "538"})
# RFC 3463 3.8: security or policy status.
_PERMISSION_STATUS: Final = re.compile(r"5\d\d[ -]5\.7\.\d")


def delivery_status(code: int, text: str) -> Exit:
    """The exit status for what Send returned; ``text`` is the text of the error."""
    if code == 0:
        return Exit.OK
    if code == ErrorCode.SMTP_PROTOCOL:
        if text.startswith("4"):
            return Exit.TEMPORARY
        permission = text[:3] in _PERMISSION_REPLIES or _PERMISSION_STATUS.match(text)
        return Exit.NO_PERMISSION if permission else Exit.UNAVAILABLE
    if code in _BAD_DATA:
        return Exit.BAD_DATA
    if code in _TEMPORARY or ErrorCode.WSAEINTR <= code <= ErrorCode.WSAEREMOTE:
        return Exit.TEMPORARY
    return Exit.UNAVAILABLE
