"""A limit of octets a second, kept by a token bucket."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Pacer"]


class Pacer:
    """Says how long to wait so that no more than ``rate`` octets pass in a second, in one direction.

    It never waits itself: the stream does, where deadline and interruption hold.
    """

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._at = clock()
        self.burst = max(1, rate // 50)
        """The most octets that may pass in one go, 20 ms worth: an even flow, and even in a single second, in which one
        burst comes on top and, reading, a second one, not a tenth more than ``rate``."""
        self._tokens = float(self.burst)

    def wait(self, octets: int) -> float:
        """Book ``octets`` and return the seconds to wait before they pass; 0 octets asks about those booked before."""
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self._rate) - octets
        self._at = now
        return max(0.0, -self._tokens / self._rate)
