"""A stream that begins with octets which were read before."""

from __future__ import annotations

from ..net.deadline import Deadline
from ..net.stream import Stream, StreamAround

__all__ = ["Replayed"]


class Replayed(StreamAround):
    """A stream whose first octets were read already."""

    def __init__(self, inner: Stream, beginning: bytes) -> None:
        super().__init__(inner)
        self._beginning = beginning

    def read(self, limit: int, deadline: Deadline) -> bytes:
        if self._beginning:
            piece, self._beginning = self._beginning[:limit], self._beginning[limit:]
            return piece
        return self._inner.read(limit, deadline)

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return bool(self._beginning) or self._inner.readable_within(seconds, deadline)
