"""Long runs of octets, wherever they are: in memory, in a text, in a file, or yet to be made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Protocol, overload

__all__ = ["Blocks", "LazyOctets", "Sliceable", "sliceable"]


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


class LazyOctets(ABC):
    """A :class:`Sliceable` of octets that are fetched or made where they are read, and never held as a whole."""

    _WINDOW: Final = 1 << 16

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def _octets(self, start: int, end: int) -> bytes:
        """Those from ``start`` on, as far as there are any before ``end``."""

    @overload
    def __getitem__(self, key: int, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def __getitem__(self, key: int | slice, /) -> int | bytes:
        if isinstance(key, slice):
            start, end, _ = key.indices(len(self))
            return self._octets(start, end)
        return self._octets(key, key + 1)[0]

    def find(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:
        end = len(self) if end is None else end
        while end - start >= len(part):
            found = self._octets(start, min(start + self._WINDOW, end)).find(part)
            if found >= 0:
                return start + found
            start += self._WINDOW - len(part) + 1
        return -1

    def rfind(self, part: bytes, start: int, end: int, /) -> int:
        found = self._octets(start, end).rfind(part)
        return found if found < 0 else start + found

    def startswith(self, prefix: bytes, start: int = 0, /) -> bool:
        return self._octets(start, start + len(prefix)) == prefix

    def endswith(self, suffix: bytes, start: int = 0, /) -> bool:
        begins = len(self) - len(suffix)
        return begins >= start and self._octets(begins, len(self)) == suffix


class Blocks(LazyOctets):
    """Octets that are made in blocks."""

    # A piece on its way lies in three blocks at the most, and what is looked at around it in a fourth.
    _KEPT: Final = 4

    def __init__(self, lengths: Iterable[int]) -> None:
        """Take the number of octets in each block, in order; none is empty."""
        self._ends = tuple(accumulate(lengths))
        self._recent: dict[int, bytes] = {}

    @abstractmethod
    def block(self, number: int) -> bytes:
        """Make block ``number``, counted from 0."""

    def blocks(self) -> Iterator[bytes]:
        """All octets, block by block."""
        return map(self.block, range(len(self._ends)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __bytes__(self) -> bytes:
        return b"".join(self.blocks())

    def _octets(self, start: int, end: int) -> bytes:
        end = min(end, len(self))
        parts = []
        number = bisect_right(self._ends, start)
        while start < end:
            block = self._kept(number)
            block_end = self._ends[number]
            before = block_end - len(block)
            parts.append(block[start - before : end - before])
            start = block_end
            number += 1
        return b"".join(parts)

    def _kept(self, number: int) -> bytes:
        block = self._recent.get(number)
        if block is None:
            if len(self._recent) == self._KEPT:
                del self._recent[next(iter(self._recent))]
            block = self._recent[number] = self.block(number)
        return block
