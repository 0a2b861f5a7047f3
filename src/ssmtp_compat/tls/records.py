"""A stream that tells of every TLS record that passes through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ..net.deadline import Deadline
from ..net.stream import Stream, StreamAround

__all__ = ["RecordLog"]

_HEADER: Final = 5
"""Octets: type, version, length (RFC 8446 5.1)."""
_TYPES: Final = {20: "change cipher spec", 21: "alert", 22: "handshake", 23: "application data", 24: "heartbeat"}


class RecordLog(StreamAround):
    """A :class:`~ssmtp_compat.net.stream.Stream` around the transport. ``tell`` gets one line for each record, with its
    direction, type and length; never its content, which may be a secret when it is not encrypted."""

    def __init__(self, inner: Stream, tell: Callable[[str], None]) -> None:
        super().__init__(inner)
        self._received = _Cutter(lambda record: tell(f"Record received: {record}"))
        self._sent = _Cutter(lambda record: tell(f"Record sent: {record}"))

    def read(self, limit: int, deadline: Deadline) -> bytes:
        data = self._inner.read(limit, deadline)
        self._received.pass_on(data)
        return data

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        self._inner.write(data, deadline)
        self._sent.pass_on(bytes(data))


class _Cutter:
    """Finds the records in one direction, however they are cut."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._header = b""
        self._left = 0
        """Octets of the record begun that are still to come."""

    def pass_on(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            taken = data[at : at + _HEADER - len(self._header)]
            self._header += taken
            at += len(taken)
            if len(self._header) == _HEADER:
                self._left = int.from_bytes(self._header[3:], "big")
                kind = _TYPES.get(self._header[0], f"type {self._header[0]}")
                self._header = b""
                self._tell(f"{kind}, {self._left} octets")
