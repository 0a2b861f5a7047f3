"""What a worker and the process that started it say to each other: JSON, a list a line, its kind first.

To the worker: ``task`` first, then ``take`` files (none: the session is over), ``interrupt``, ``end``. From the worker:
it would ``want`` files, one is ``settled``, a run has ``stopped``, there is ``trouble``, a line of the ``trail``.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Final

__all__ = ["GRACE_SECONDS", "LAST_SECONDS", "Lines", "say"]

GRACE_SECONDS: Final = 10
"""For a message under way to come to its end, once nothing more is to be sent. systemd waits 90 seconds for a service
before it kills it, and Docker 10 or what --stop-timeout says."""
LAST_SECONDS: Final = 5
"""For an interrupted message to be put back; only a system that does not answer (a dead disk) takes longer."""
_CHUNK: Final = 65536


class Lines:
    """The messages that come in by a pipe. It reads the descriptor itself, because a thread that waits in a buffered
    file keeps Python from coming to its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def read(self) -> list[list[Any]] | None:
        """Wait for messages; None when the other side has gone."""
        data = b""
        with suppress(OSError):
            data = os.read(self._descriptor, _CHUNK)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]


def say(descriptor: int, *message: object) -> None:
    """Say something, to nobody if the other side has gone: reading is what notices that."""
    data = json.dumps(message).encode("ascii") + b"\n"
    with suppress(OSError):
        while data:
            data = data[os.write(descriptor, data) :]
