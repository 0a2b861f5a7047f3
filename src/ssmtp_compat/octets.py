"""Long runs of octets, wherever they are: in memory, in a text, in a file."""

from __future__ import annotations

from typing import Protocol, overload

__all__ = ["Sliceable", "sliceable"]


class Sliceable(Protocol):
    """What has to be known of a message to send it in pieces; ``bytes`` are one, and what is cut out is bytes."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, key: int, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def find(self, part: bytes, start: int, end: int, /) -> int: ...
    def rfind(self, part: bytes, start: int, end: int, /) -> int: ...
    def startswith(self, prefix: bytes, start: int, /) -> bool: ...
    def endswith(self, suffix: bytes, start: int, /) -> bool: ...


def sliceable(content: Sliceable) -> memoryview | Sliceable:
    """``content`` in the form whose slices copy least."""
    return memoryview(content) if isinstance(content, bytes) else content
