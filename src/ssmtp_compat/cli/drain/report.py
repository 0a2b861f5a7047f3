"""What the user sees of a queue being sent: a line for each outcome or a bar, the counts, and the exit status."""

from __future__ import annotations

import sys
from collections import Counter

from ...catalog.errors import ErrorCode
from ...operations.queueing import Outcome
from ..dialogue import printable
from ..outcomes import Exit, delivery_status
from ..reporting import complaint, say
from .bar import Bar, is_terminal

__all__ = ["Report", "stop_status"]


def stop_status(code: int, text: str) -> Exit:
    """The exit status for what ended a worker's run."""
    return Exit.DIRECTORY if code == ErrorCode.CANNOT_OPEN_FILE else delivery_status(code, text)


class Report:
    """Collects outcomes as they come. When nobody reads along any more, the mail goes out all the same."""

    def __init__(self, bar: Bar | None) -> None:
        self.gave_up = Exit.OK
        """Why --watch came to an end by itself."""
        self._bar = bar
        self._counts: Counter[Outcome] = Counter()
        self._stops: set[Exit] = set()
        self._troubled = False
        self._refused: set[str] = set()
        self._stop_texts: set[str] = set()

    def settled(self, name: str, outcome: Outcome, code: int, text: str, wait: float | None) -> None:
        """A file's outcome, and the seconds until its next turn if it has one."""
        self._counts[outcome] += 1
        if outcome is Outcome.SENT:
            # The bar shows how many; a file or a pipe gets the names all the same.
            if self._bar is None or not is_terminal(sys.stdout):
                say(sys.stdout, f"{printable(name)}: sent")
        elif outcome is not Outcome.REFUSED:
            self._complain(code, f"{name} {outcome.value}: {text}{_next(wait)}")
        elif text not in self._refused:  # --watch meets it again and again; the text says which file it is
            self._refused.add(text)
            self._complain(code, text)
        if self._bar is not None:
            self._bar.advance(self._said)

    def stopped(self, code: int, text: str, *, first: bool, wait: float | None) -> None:
        """Something ended a worker's run; told once for all workers, and again for the ``first`` after a wait."""
        self._stops.add(stop_status(code, text))
        if first and wait is not None:
            self._stop_texts.clear()
        if text not in self._stop_texts:
            self._stop_texts.add(text)
            self._complain(code, f"{text}{_next(wait)}")

    def trouble(self, code: int, text: str) -> None:
        """A file could not be made what its outcome says, so the next run meets it again."""
        self._troubled = True
        self._complain(code, text)

    def trail(self, line: str) -> None:
        """A line of the dialogue with the server."""
        self._tell(line)

    def close(self, left: int | None) -> None:
        """The counts; ``left`` files had no turn."""
        if self._bar is not None:
            self._bar.close()
        rest = "" if left is None else f", {left} not tried"
        say(sys.stdout, f"{self._said}{rest}")

    def status(self, left: int) -> Exit:
        """How the command ends when ``left`` files had no turn."""
        if self._troubled:
            return Exit.DIRECTORY
        waits = bool(left or self._counts[Outcome.PUT_BACK])
        if waits:
            for status in (Exit.BAD_DATA, Exit.DIRECTORY, Exit.NO_PERMISSION, Exit.UNAVAILABLE):
                if status in self._stops:
                    return status
        if self._counts[Outcome.FAILED] or self._counts[Outcome.REFUSED]:
            return Exit.UNAVAILABLE
        return Exit.TEMPORARY if waits else Exit.OK

    @property
    def _said(self) -> str:
        return ", ".join(f"{self._counts[outcome]} {outcome.value}" for outcome in Outcome)

    def _complain(self, code: int, text: str) -> None:
        self._tell(complaint(code, text))

    def _tell(self, line: str) -> None:
        if self._bar is not None:
            self._bar.tell(line)
        else:
            say(sys.stderr, line)


def _next(wait: float | None) -> str:
    if wait is None:
        return ""
    minutes, seconds = divmod(round(wait), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if number]
    return f" (next try in {' '.join(parts[:2]) or '0 s'})"
