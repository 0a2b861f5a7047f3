"""The one place that waits: for a socket and the cancel token together, no longer than the deadline allows."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Sequence
from typing import Final

from .deadline import CancelToken, Deadline

__all__ = ["Readiness", "pause"]

_LONGEST: Final = 86400.0
"""Seconds of one wait, after which the wait begins again: ``poll`` counts milliseconds in a C int."""


class Readiness:
    """Waits, as often as it is asked, for a socket to have something to read or for one of others to take something.

    Readable is a socket with octets, an end or an error to deliver; writable is one that takes octets, has connected or
    has failed. With neither there is nothing to wait for but the end of the time.
    """

    def __init__(self, readable: socket.socket | None = None, writable: Sequence[socket.socket] = ()) -> None:
        self._readable = readable
        self._writable = writable
        self._poller: select.poll | None = None
        self._watched: CancelToken | None = None

    def wait(self, deadline: Deadline, at_most: float = math.inf) -> bool:
        """Return True when the socket is ready, False when ``at_most`` seconds are over.

        Raises as ``deadline.remaining`` does.
        """
        end = math.inf if at_most == math.inf else time.monotonic() + at_most
        while True:
            left = deadline.remaining()
            seconds = _LONGEST if left is None or left > _LONGEST else left
            if end < math.inf:
                # Looked at once even when no time is left, so that 0 seconds ask what is there now.
                seconds = max(0.0, min(end - time.monotonic(), seconds))
            ready = self.poll(deadline.cancel, seconds)
            deadline.remaining()
            if ready or not seconds:
                return ready

    def now(self, deadline: Deadline) -> bool:
        """Whether the socket is ready; raises as ``deadline.remaining`` does."""
        ready = self.poll(deadline.cancel, 0)
        deadline.remaining()
        return ready

    def poll(self, cancel: CancelToken | None, seconds: float) -> bool:
        """Whether the socket becomes ready within ``seconds``, or ``cancel`` is called."""
        poller = self._poller
        if poller is None or cancel is not self._watched:
            if not hasattr(select, "poll"):
                return self._select(cancel, seconds)
            # Kept, because a session waits for the same two things thousands of times.
            poller = self._poller = self._registered(cancel)
            self._watched = cancel
        # Rounded up: a wait cut to 0 ms would spin until the last fraction of a millisecond is over.
        return bool(poller.poll(math.ceil(seconds * 1000)))

    def _registered(self, cancel: CancelToken | None) -> select.poll:
        poller = select.poll()
        if self._readable is not None:
            poller.register(self._readable, select.POLLIN)
        for sock in self._writable:
            poller.register(sock, select.POLLOUT)
        if cancel is not None:
            poller.register(cancel, select.POLLIN)
        return poller

    def _select(self, cancel: CancelToken | None, seconds: float) -> bool:
        reading = [source for source in (self._readable, cancel) if source is not None]
        if not reading and not self._writable:  # Windows refuses to wait for nothing
            time.sleep(seconds)
            return False
        # Windows reports a connection that failed only as an exceptional condition.
        return any(select.select(reading, self._writable, self._writable, seconds))


def pause(seconds: float, deadline: Deadline) -> None:
    """Let ``seconds`` pass without doing anything. It is our own wait, so it does not count as the peer's silence.

    Raises :class:`~ssmtp_compat.errors.OperationInterruptedError`, and
    :class:`~ssmtp_compat.errors.OperationTimeoutError` where the deadline is absolute.
    """
    nothing = Readiness()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        deadline.progress()
        allowed = deadline.remaining()
        nothing.poll(deadline.cancel, left if allowed is None else min(left, allowed))
    deadline.progress()
    deadline.check()
