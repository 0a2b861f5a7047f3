"""Signals that ask this process to end, as something that a selector can wait for."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, Self

__all__ = ["END_SIGNALS", "EndSignals", "end_signals_blocked"]

END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def end_signals_blocked() -> Iterator[None]:
    """Have them wait until the block ends; in a process that is started in it they wait until that unblocks them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class EndSignals:
    """While its block lasts SIGINT, SIGTERM and SIGHUP interrupt nothing, and make ``fileno`` readable.

    One that was ignored before, as nohup has it for SIGHUP and a shell for SIGINT in the background, stays so.
    """

    def __init__(self) -> None:
        self.by_keyboard = False
        """Whether Ctrl-C was one of them."""
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._reader.setblocking(False)
        self._handlers: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def fileno(self) -> int:
        return self._reader.fileno()

    def read(self) -> int:
        """How many have come since the last time."""
        with suppress(BlockingIOError):
            return len(self._reader.recv(64))
        return 0

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in END_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._reader.close()
        self._writer.close()

    def _note(self, number: int, _: FrameType | None) -> None:
        self.by_keyboard = self.by_keyboard or number == signal.SIGINT
