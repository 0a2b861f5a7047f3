"""The seconds that a method is allowed, before they become the deadline of one call."""

from __future__ import annotations

from typing import NamedTuple

from .deadline import CancelToken, Deadline

__all__ = ["Timeouts"]


class Timeouts(NamedTuple):
    """Seconds; 0 waits for ever."""

    inactivity: float
    """Between two signs of life, or for the whole method when ``absolute``."""
    connecting: float
    """For the look-up, the TCP connection and implicit TLS; 0 means ``inactivity`` holds for these too."""
    absolute: bool

    def deadline(self, cancel: CancelToken) -> Deadline:
        """A deadline for one method."""
        return Deadline(self.inactivity, absolute=self.absolute, cancel=cancel)

    def connect_deadline(self, whole: Deadline, cancel: CancelToken) -> Deadline:
        """The deadline for making the connection, inside the method that has the deadline ``whole``."""
        if not self.connecting or (self.absolute and 0 < self.inactivity <= self.connecting):
            return whole
        return Deadline(self.connecting, absolute=True, cancel=cancel)
