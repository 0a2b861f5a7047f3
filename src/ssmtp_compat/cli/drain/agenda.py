"""What is to be sent next, and when: which files wait, who has them, and how long what failed has to wait.

No file keeps any of it. A process that starts anew tries everything at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from ...operations.queueing import Outcome
from ...spool.directory import SENDING, Waiting

__all__ = ["FIRST_WAIT", "HELD_WAIT", "LONGEST_WAIT", "Agenda"]

FIRST_WAIT: Final = 60
LONGEST_WAIT: Final = 4 * 60 * 60
"""Seconds. RFC 5321 4.5.4.1 wants 30 minutes between tries in general and lets the first ones follow sooner, as
greylisting (RFC 6647) asks for. Postfix has 5 to 67 minutes."""
HELD_WAIT: Final = 10
"""Seconds until a file that somebody else has is looked at again: to look is cheap, and he may have died over it."""
_DOUBLINGS: Final = (LONGEST_WAIT // FIRST_WAIT).bit_length()

Uniform = Callable[[float, float], float]


class Agenda:
    """The files of one directory.

    With ``again``, what was not sent is given out again after a wait that doubles each time; without it, each file is
    given out once. ``clock`` counts seconds, ``uniform`` draws a number between two, so that what failed together
    does not come back together.
    """

    def __init__(self, *, again: bool, clock: Callable[[], float], uniform: Uniform) -> None:
        self._again = again
        self._clock = clock
        self._uniform = uniform
        self._pending: deque[Waiting] = deque()
        self._given: set[str] = set()
        self._behind: dict[str, Waiting] = {}
        """Queued files whose name, but for the ending, another has that is on its way and has to be settled first."""
        self._tries: dict[str, tuple[int, float]] = {}
        """For a file that was not sent: how often, and when its next turn is."""
        self._stops = 0
        """Runs in a row that something else than a message ended."""
        self._closed_until = 0.0

    def found(self, waiting: Iterable[Waiting]) -> None:
        """Take over what is in the directory now, oldest first.

        What was tried more often comes later, so that a message that breaks every connection keeps no other one.
        """
        now = self._clock()
        files: dict[str, Waiting] = {}
        self._behind = {}
        for one in waiting:
            other = files.setdefault(one.stem, one)
            if other is not one:
                on_its_way, queued = (one, other) if one.name.endswith(SENDING) else (other, one)
                files[one.stem], self._behind[one.stem] = on_its_way, queued
        self._tries = {stem: tries for stem, tries in self._tries.items() if stem in files or stem in self._given}
        due = [
            one
            for stem, one in files.items()
            if stem not in self._given and (stem not in self._tries or self._tries[stem][1] <= now)
        ]
        self._pending = deque(sorted(due, key=lambda one: self._tries.get(one.stem, (0, 0.0))[0]))

    @property
    def left(self) -> int:
        """How many files could be given out."""
        return len(self._pending)

    def open(self, sessions: int) -> bool:
        """Whether one more session may begin besides the ``sessions`` there are.

        While the server is out of reach one at a time tries whether it is back.
        """
        return self._clock() >= self._closed_until and not (self._stops and sessions)

    def take(self, most: int = 1) -> list[Waiting]:
        """The next files."""
        taken = [self._pending.popleft() for _ in range(min(most, len(self._pending)))]
        self._given.update(waiting.stem for waiting in taken)
        return taken

    def settled(self, stem: str, outcome: Outcome, *, gone: bool = True) -> float | None:
        """Note what became of a file; returns the seconds until its next turn, None if it has none.

        A file that was sent and is not ``gone`` has none either.
        """
        self._taken_back(stem)
        if outcome is Outcome.SENT:
            self._stops = 0
            self._tries.pop(stem, None)
            if not gone:
                self._tries[stem] = (0, math.inf)
            return None
        tries = self._tries.get(stem, (0, 0.0))[0] + 1
        wait = self._wait(tries)
        self._tries[stem] = (tries, self._clock() + wait)
        return wait if self._again and outcome is not Outcome.FAILED else None

    def not_tried(self, files: Iterable[Waiting]) -> None:
        """These were given out and can be given out again."""
        for waiting in reversed(list(files)):
            self._given.discard(waiting.stem)
            self._pending.appendleft(waiting)

    def later(self, waiting: Waiting) -> None:
        """This one was given out, and has its turn behind all that wait now."""
        self._given.discard(waiting.stem)
        self._pending.append(waiting)

    def not_found(self, files: Iterable[Waiting]) -> None:
        """These were given out, and somebody else has them, or they are gone: see again in a while."""
        for waiting in files:
            self._taken_back(waiting.stem)
            self._tries[waiting.stem] = (0, self._clock() + HELD_WAIT)

    def stopped(self) -> tuple[bool, float | None]:
        """Note that a run was ended, by the server or on the way to it.

        Returns whether it is the first since the last wait, for runs that end about the same time count as one, and the
        seconds until the next may begin, None for never.
        """
        now = self._clock()
        first = now >= self._closed_until
        if not self._again:
            self._closed_until = math.inf
            return first, None
        if first:
            self._stops += 1
            self._closed_until = now + self._wait(self._stops)
        return first, self._closed_until - now

    def _taken_back(self, stem: str) -> None:
        self._given.discard(stem)
        if stem in self._behind:
            self._pending.append(self._behind.pop(stem))

    def _wait(self, times: int) -> float:
        longest = min(LONGEST_WAIT, 2 * FIRST_WAIT * 2 ** min(times - 1, _DOUBLINGS))
        return self._uniform(longest / 2, longest)
