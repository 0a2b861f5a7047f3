"""A worker as the process that started it sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final

from ...spool.directory import Waiting
from ..server import PASSWORD_VARIABLE
from .pipe import LAST_SECONDS, Lines, say
from .signals import end_signals_blocked

__all__ = ["State", "WorkerProcess"]

# With -P and the path of this very process, whatever directory this runs in: nobody can put a module in the way.
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ssmtp_compat.cli.drain.worker import main; main()"
)


class State(Enum):
    STARTING = auto()
    IDLE = auto()
    SESSION = auto()
    """It has files, and asks for more while it has a connection."""
    ENDING = auto()


class WorkerProcess:
    """Starts a worker; ``task`` says what for. It has the password in it, so it goes by the pipe and no other way."""

    def __init__(self, number: int, task: dict[str, Any]) -> None:
        self.number: Final = number
        self.state = State.STARTING
        self.has: list[Waiting] = []
        """The files that it was given and has not told the end of."""
        self.sent = 0
        """How many of them in this run."""
        self.stopped = False
        """Whether something has ended the run that it is about to come back from."""
        # A group of its own, because a terminal sends Ctrl-C to all of one. systemd sends SIGTERM to all of a service,
        # and must not find a worker that has not come to ignoring it.
        with end_signals_blocked():
            self._process = subprocess.Popen(  # noqa: S603  this very Python
                [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                process_group=0,
                env={name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE},
            )
        assert self._process.stdin is not None  # noqa: S101  for the type checker, as below
        assert self._process.stdout is not None  # noqa: S101
        self._orders, self._answers = self._process.stdin, self._process.stdout
        self._lines = Lines(self.fileno())
        self.say("task", task)

    def fileno(self) -> int:
        return self._answers.fileno()

    def say(self, *message: object) -> None:
        say(self._orders.fileno(), *message)

    def give(self, files: Sequence[Waiting]) -> None:
        """Give it files to send, or with none of them let it end its session."""
        self.has.extend(files)
        self.state = State.SESSION
        self.say("take", *files)

    def dismiss(self) -> None:
        """Let it send what is under way, and nothing else, and end."""
        self.state = State.ENDING
        self.say("end")

    def read(self) -> list[list[Any]] | None:
        """What it has said; None when it has ended."""
        return self._lines.read()

    def end(self, seconds: float = LAST_SECONDS) -> int:
        """See it to its end, by force after ``seconds``; returns its exit status, negative for a signal."""
        self._orders.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._answers.close()
        return self._process.wait()
