"""One method of a client at a time: its deadline, its interrupt, its Error event, and the end of it all."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..events import CallbackError, EventHub
from ..net.deadline import CancelToken, Deadline
from ..net.timeouts import Timeouts

__all__ = ["MethodGate"]


class MethodGate:
    """The frame of every method: one at a time, the deadline for its waits, the Error event for its failure.

    A method is a ``with`` block of the gate. ``drop`` gives the client's connection up, without a word and without
    events.
    """

    def __init__(self, events: EventHub, timeouts: Callable[[], Timeouts], drop: Callable[[], None]) -> None:
        self._events = events
        self._timeouts = timeouts
        self._drop = drop
        self._busy = threading.Lock()
        self._ending = threading.RLock()
        """Held where a method ends and where it is interrupted, so that an interrupt meets the method it is for."""
        self._closing = False
        self.cancel = CancelToken()

    @property
    def idle(self) -> bool:
        """Whether no method runs."""
        return not self._busy.locked()

    def __enter__(self) -> Deadline:
        deadline = self._timeouts().deadline(self.cancel)
        if not self._busy.acquire(blocking=False):
            raise SSMTPError(ErrorCode.BUSY)
        return deadline

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            if isinstance(error, SSMTPError):
                self._events.fire_error(error)
        except CallbackError:
            self._drop()
            raise
        finally:
            with self._ending:
                # An interrupt was for this method; what close has cancelled stays so.
                if not self._closing:
                    self.cancel.reset()
                self._busy.release()
            # Looked at last: close either sees the lock free or is seen here.
            if self._closing:
                self._release_unless_busy()

    def interrupt(self) -> None:
        """Make the method that runs now fail with 301; nothing happens when none runs."""
        with self._ending:
            if not self.idle:
                self.cancel.cancel()

    def close(self) -> None:
        """Drop the connection now, or, where a method still runs, make it end with 301 and do so on its way out."""
        self._closing = True
        self.cancel.cancel()
        self._release_unless_busy()

    def _release_unless_busy(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._drop()
                self.cancel.close()
            finally:
                self._busy.release()
