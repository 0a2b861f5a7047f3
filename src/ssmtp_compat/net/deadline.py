"""How long a method may wait, and how another thread makes it stop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import OperationInterruptedError, OperationTimeoutError

__all__ = ["CancelToken", "Deadline"]


class CancelToken:
    """A switch that one thread turns on to wake and end what another thread waits for."""

    def __init__(self) -> None:
        # Re-entrant, so that a signal handler may cancel while the interrupted thread is inside one of these methods.
        self._lock = threading.RLock()
        self.cancelled = False
        """Whether :meth:`cancel` was called since the last :meth:`reset`. To be read only."""
        self._pair: tuple[socket.socket, socket.socket] | None = None

    def cancel(self) -> None:
        """Turn the switch on. May be called from any thread, at any time and more than once."""
        with self._lock:
            if not self.cancelled:
                self.cancelled = True
                if self._pair is not None:
                    self._pair[1].send(b"!")

    def reset(self) -> None:
        """Turn the switch off again, before the next method begins."""
        with self._lock:
            if self.cancelled:
                self.cancelled = False
                if self._pair is not None:
                    self._pair[0].recv(16)  # one octet, two where a signal handler cancelled during fileno()

    def fileno(self) -> int:
        """Return a descriptor that is readable while the switch is on.

        It is a socket, because Windows can wait for nothing else, and made at the first call, because most methods
        never wait.
        """
        pair = self._pair
        if pair is None:
            with self._lock:
                pair = self._pair = self._pair or socket.socketpair()
                if self.cancelled:
                    pair[1].send(b"!")
        return pair[0].fileno()

    def close(self) -> None:
        """Give the descriptor back. The switch itself goes on working."""
        with self._lock:
            if self._pair is not None:
                for end in self._pair:
                    end.close()
                self._pair = None


class Deadline:
    """The time that is left to a method.

    ``seconds`` is a limit of inactivity: each octet moved starts it anew (:meth:`progress`). With ``absolute`` it is
    a limit of the whole method. 0 waits for ever. ``doing`` says what is being waited for, in words that follow
    "while"; it goes into the text of the time-out and may be changed at any time. ``clock`` answers seconds that
    never run backwards.
    """

    def __init__(
        self,
        seconds: float,
        *,
        doing: str = "",
        absolute: bool = False,
        cancel: CancelToken | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.doing = doing
        self._seconds = seconds
        self._absolute = absolute
        self.cancel = cancel
        """The switch that ends the wait before its time, for those who wait with a selector."""
        self._clock = clock
        self._started = clock()

    def remaining(self) -> float | None:
        """Return the seconds that are left, or None without a limit.

        Raises :class:`OperationInterruptedError` when the token was cancelled and :class:`OperationTimeoutError`
        when nothing is left.
        """
        if self.cancel is not None and self.cancel.cancelled:
            raise OperationInterruptedError
        if self._seconds <= 0:
            return None
        left = self._started + self._seconds - self._clock()
        if left <= 0:
            raise OperationTimeoutError(self._text())
        return left

    def progress(self) -> None:
        """Note that octets moved: a limit of inactivity starts anew."""
        if not self._absolute:
            self._started = self._clock()

    def part(self, seconds: float) -> Deadline:
        """A deadline for one step: ``seconds`` for all of it, or what is left here where that is less or ``seconds`` is
        0. The same switch ends it. Raises as :meth:`remaining` does.
        """
        limits = [limit for limit in (seconds, self.remaining()) if limit]
        return Deadline(min(limits, default=0), doing=self.doing, absolute=True, cancel=self.cancel, clock=self._clock)

    def check(self) -> None:
        """Raise as :meth:`remaining` does."""
        self.remaining()

    def resume(self) -> None:
        """Begin to wait for the peer: what the caller did since the last octet was not the peer's silence.

        Raises as :meth:`remaining` does.
        """
        self.progress()
        self.remaining()

    @contextmanager
    def during(self, doing: str) -> Iterator[None]:
        """Wait for ``doing`` inside the block, and for what it was before after it."""
        before, self.doing = self.doing, doing
        try:
            yield
        finally:
            self.doing = before

    def _text(self) -> str:
        limit = "not finished" if self._absolute else "no answer"
        doing = f" while {self.doing}" if self.doing else ""
        return f"Timeout: {limit} within {self._seconds:g} s{doing}."
