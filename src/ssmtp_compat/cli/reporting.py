"""What a command says, and in which form: nothing that it does may depend on whether somebody reads it."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from .dialogue import one_line

__all__ = ["PROGRAM", "complain", "complaint", "say", "silence"]

PROGRAM: Final = "ssmtp-compat"


def complaint(code: int, text: str) -> str:
    """The line for a failure, whatever its text holds."""
    return f"{PROGRAM}: {int(code)}: {one_line(text)}"


def complain(code: int, text: str) -> None:
    """Say it on standard error."""
    say(sys.stderr, complaint(code, text))


def say(stream: TextIO | None, line: str) -> None:
    """Write a line at once: to nobody where the stream was closed, as a daemon's may be, or can take no more."""
    if stream is None:
        return
    try:
        stream.write(line + "\n")
        stream.flush()
    except OSError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Have everything go nowhere. What is in the buffer would fail again when Python ends, and be the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
