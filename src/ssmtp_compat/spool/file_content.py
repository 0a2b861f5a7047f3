"""The octets of a file as a message's content, read where they are needed and never held as a whole."""

from __future__ import annotations

import os
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..octets import LazyOctets

__all__ = ["ContentLostError", "FileContent"]

_WINDOW: Final = 128 * 1024
"""Octets read at once: a piece of a message on its way, with room for what is looked for around it."""


class ContentLostError(SSMTPError):
    """A file cannot be read on, in the middle of a message perhaps, which then must not look like a whole one."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorCode.CANNOT_OPEN_FILE, detail)


class FileContent(LazyOctets):
    """``length`` octets of an open file from ``offset`` on.

    Raises :class:`ContentLostError` (302) where the file cannot be read or has become shorter.
    """

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self._descriptor = descriptor
        self._offset = offset
        self._length = length
        self._window = b""
        self._window_start = 0

    def __len__(self) -> int:
        return self._length

    def _octets(self, start: int, end: int) -> bytes:
        end = min(end, self._length)
        if start >= end:
            return b""
        first, last = self._window_start, self._window_start + len(self._window)
        if not (first <= start and end <= last):
            if end - start > _WINDOW:
                return self._read(start, end)
            self._window_start = first = start
            self._window = self._read(start, min(start + _WINDOW, self._length))
        return self._window[start - first : end - first]

    def _read(self, start: int, end: int) -> bytes:
        pieces = []
        while start < end:
            try:
                piece = os.pread(self._descriptor, end - start, self._offset + start)
            except OSError as error:
                raise ContentLostError(f"A queued message cannot be read: {error.strerror}.") from error
            if not piece:
                raise ContentLostError("A queued message became shorter while it was read.")
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)
