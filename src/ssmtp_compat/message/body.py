"""The body of a message, held in the way that takes least memory, and its canonical form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, overload

from ..octets import Blocks
from .ascii_text import AsciiText
from .canonical import encode_text, has_long_line, is_canonical, to_crlf

__all__ = ["LONG", "LineBlocks", "Octets", "canonical_form", "in_blocks", "too_wide"]

LONG: Final = 1 << 20
"""Octets. What is shorter is faster handled as a whole, and its copies take no memory to speak of."""

_BLOCK: Final = 1 << 16  # stays in the processor's cache, and its memory comes from what was freed before


class LineBlocks(Blocks):
    """A text, encoded and with canonical line endings, in blocks of whole lines.

    At a line end every codec that text in mail can be in begins anew, so that the blocks make up what encoding the
    whole would.
    """

    def __init__(self, source: str | bytes, codec: str = "") -> None:
        """``codec``: what a ``str`` is to be encoded with; one whose line ends are the octets 13 and 10.

        Raises :class:`~ssmtp_compat.errors.InvalidValueError` (434) for a character that it lacks.
        """
        self._source = source
        self._codec = codec
        self._starts = tuple(_line_starts(source))
        self._converts = True
        self._ascii = True
        self._has_nul = False
        self.has_long_line = False
        super().__init__(self._look_through())

    def isascii(self) -> bool:
        return self._ascii

    def __contains__(self, part: bytes) -> bool:
        return self._has_nul if part == b"\0" else self.find(part) >= 0

    def _look_through(self) -> Iterator[int]:
        converted = False
        for number in range(len(self._starts)):
            encoded = self._encoded(number)
            block = to_crlf(encoded)
            converted = converted or block is not encoded
            self._ascii = self._ascii and block.isascii()
            self._has_nul = self._has_nul or b"\0" in block
            self.has_long_line = self.has_long_line or has_long_line(block)
            yield len(block)
        self._converts = converted

    def block(self, number: int) -> bytes:
        encoded = self._encoded(number)
        return to_crlf(encoded) if self._converts else encoded

    def _encoded(self, number: int) -> bytes:
        start = self._starts[number]
        part = self._source[start : self._starts[number + 1] if number + 1 < len(self._starts) else None]
        return encode_text(part, self._codec, start) if isinstance(part, str) else part


Octets = bytes | AsciiText | LineBlocks
"""The body of a message."""


@overload
def canonical_form(data: bytes) -> bytes | LineBlocks: ...
@overload
def canonical_form(data: Octets) -> Octets: ...
def canonical_form(data: Octets) -> Octets:
    """``data`` with each CRLF, lone CR and lone LF as CRLF; the same object if nothing is to be changed."""
    if not isinstance(data, bytes | AsciiText) or is_canonical(data):
        return data
    data = in_blocks(data)
    return data if isinstance(data, LineBlocks) else to_crlf(data)


def in_blocks(data: Octets) -> bytes | LineBlocks:
    """``data`` as it is best handled by what makes something new of it: in canonical blocks where it is long."""
    if isinstance(data, LineBlocks):
        return data
    if len(data) <= LONG:
        return bytes(data)
    return LineBlocks(data) if isinstance(data, bytes) else LineBlocks(data.text, "ascii")


def too_wide(data: Octets) -> bool:
    """Whether a line of ``data``, which is canonical, is longer than the 998 octets of RFC 5322 2.1.1."""
    return has_long_line(data) if isinstance(data, bytes | AsciiText) else data.has_long_line


def _line_starts(source: str | bytes) -> Iterator[int]:
    """Where blocks begin: each has as many whole lines as fit, or one that is longer."""
    line_feed: Any = "\n" if isinstance(source, str) else b"\n"
    start = 0
    while start < len(source):
        yield start
        at = source.rfind(line_feed, start, start + _BLOCK)
        if at < 0:
            at = source.find(line_feed, start + _BLOCK)
        start = len(source) if at < 0 else at + 1
