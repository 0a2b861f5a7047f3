"""CHUNKING (RFC 3030): the chunks in which a message goes out with BDAT, without transparency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..octets import Sliceable, sliceable
from .transparency import piece_end

__all__ = ["Chunk", "message_chunks"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a message."""

    octets: int
    last: bool
    body_sent: int
    """Octets of the body sent up to its end."""
    pieces: Iterator[tuple[bytes | memoryview, int]]
    """The chunk in pieces, each with the octets of the body sent up to its end; at least one."""


def message_chunks(header: bytes, content: Sliceable, chunk: int, piece: int, body_start: int = 0) -> Iterator[Chunk]:
    """Cut a message into chunks of ``chunk`` octets of the body at most, and these into pieces of ``piece`` octets.

    ``header`` ends with the empty line; ``content`` holds the body from ``body_start`` to its end. Both have CRLF line
    endings only. The header goes into the first chunk. A body that does not end a line gets a CRLF at its end, as it
    has to in front of the dot behind DATA, so that both ways deliver the same message.
    """
    total = len(content)
    tail = b"" if body_start == total or content.endswith(b"\r\n", body_start) else b"\r\n"
    before, start = header, body_start
    while True:
        end = piece_end(content, start, total, chunk)
        last = end == total
        behind = tail if last else b""
        pieces = ((part, at - body_start) for part, at in _pieces(before, content, start, end, behind, piece))
        yield Chunk(len(before) + end - start + len(behind), last, end - body_start, pieces)
        if last:
            return
        before, start = b"", end


def _pieces(
    before: bytes, content: Sliceable, start: int, end: int, behind: bytes, piece: int
) -> Iterator[tuple[bytes | memoryview, int]]:
    view = sliceable(content)
    while True:
        at = piece_end(content, start, end, piece)
        last = at == end
        part: bytes | memoryview = view[start:at]
        if before or (last and behind):
            part = b"".join((before, part, behind if last else b""))
        yield part, at
        if last:
            return
        before, start = b"", at
