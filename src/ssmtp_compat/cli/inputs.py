"""What a command is given besides its options: files, the standard input, passwords."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from pathlib import Path
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .outcomes import CommandError, Exit

__all__ = ["STANDARD", "password", "read_file", "read_input"]

STANDARD: Final = "-"
"""In place of a file's name: the standard input, or output."""


def read_input(path: str, option: str) -> bytes:
    """The content of a file, or of the standard input. Raises :class:`CommandError` naming ``option``."""
    return _standard_input(option) if path == STANDARD else read_file(path, option)


def read_file(path: str, option: str) -> bytes:
    """The content of a file. Raises :class:`CommandError` naming ``option``."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        unreadable = SSMTPError(ErrorCode.CANNOT_OPEN_FILE, reason or str(error))
        raise CommandError(unreadable.code, f"{option} {path}: {unreadable.message}", Exit.BAD_DATA) from error


def password(variable: str, prompt: str) -> str:
    """The value of the environment ``variable``, or what is typed at the terminal. Raises :class:`CommandError`."""
    value = os.environ.get(variable)
    if value is not None:
        return value
    with warnings.catch_warnings():
        # Without a terminal getpass would warn and take a line of the message, from the standard input, for it.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, EOFError) as error:
            text = f"No password: there is no terminal to ask at; set the environment variable {variable}."
            raise CommandError(ErrorCode.INVALID_VALUE, text, Exit.USAGE) from error


def _standard_input(option: str) -> bytes:
    if sys.stdin is None:  # closed, as a daemon's may be
        closed = SSMTPError(ErrorCode.CANNOT_OPEN_FILE, "Standard input is closed; name a file.")
        raise CommandError(closed.code, f"{option}: {closed.message}", Exit.BAD_DATA)
    return sys.stdin.buffer.read()
