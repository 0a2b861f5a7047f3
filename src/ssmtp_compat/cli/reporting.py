"""The form of what a command says on standard error."""

from __future__ import annotations

import sys
from typing import Final

from .dialogue import one_line

__all__ = ["PROGRAM", "complain", "complaint"]

PROGRAM: Final = "ssmtp-compat"


def complaint(code: int, text: str) -> str:
    """The line for a failure, whatever its text holds."""
    return f"{PROGRAM}: {int(code)}: {one_line(text)}"


def complain(code: int, text: str) -> None:
    """Say it on standard error, where a daemon has one."""
    if sys.stderr is not None:
        sys.stderr.write(complaint(code, text) + "\n")
