"""How late this machine is, so that a limit of time holds a program to account and not the load beside it."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

__all__ = ["Lag"]

_STEP = 0.01
# Shorter ones are everyday; and many of them, on a busy machine, would excuse what is late by itself.
_SHORTEST = 0.1


class Lag:
    """A thread that does nothing but wake up, in the ``with`` block, and notes when it could not."""

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []
        """When it should have woken, and when it did."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lag")

    def within(self, start: float, end: float) -> float:
        """For how many seconds between two moments (``time.monotonic``) nobody could run."""
        return sum(max(0.0, min(woke, end) - max(due, start)) for due, woke in self._late)

    def _watch(self) -> None:
        due = time.monotonic() + _STEP
        while not self._stop.wait(_STEP):
            woke = time.monotonic()
            if woke - due > _SHORTEST:
                self._late.append((due, woke))
            due = woke + _STEP

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
