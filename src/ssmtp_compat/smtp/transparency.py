"""Transparency (RFC 5321 section 4.5.2) and the pieces in which a message goes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..octets import Sliceable, sliceable

__all__ = ["content_pieces", "piece_end", "stuffed"]

END_OF_CONTENT: Final = b".\r\n"


def stuffed(text: bytes, *, line_start: bool = True) -> bytes:
    """Double every dot that begins a line of ``text``; the same object comes back when there is none.

    ``text`` has CRLF line endings only and does not begin between a CR and its LF; ``line_start`` says whether its
    first octet begins a line.
    """
    # find stops at the first hit and copies nothing, so that a text without such dots costs one pass and no copy.
    if text.find(b"\r\n.") >= 0:
        text = text.replace(b"\r\n.", b"\r\n..")
    return b"." + text if line_start and text.startswith(b".") else text


def piece_end(content: Sliceable, start: int, total: int, piece: int) -> int:
    """Where a piece of ``content`` ends that begins at ``start`` and has ``piece`` octets (2 or more) at most.

    ``content`` is regarded up to ``total``; it has CRLF line endings only.
    """
    end = min(start + piece, total)
    if end < total:
        # Behind a line end, so that no character is cut in two, whatever the character set. Mail has lines of 998
        # octets at most; where one is longer than a piece, only a CR and its LF stay together, see stuffed.
        line_end = content.rfind(b"\r\n", start, end) + 2
        if line_end > start + 1:
            return line_end
        if content[end - 1] == 0x0D:
            return end - 1
    return end


def content_pieces(
    header: bytes, content: Sliceable, piece: int, body_start: int = 0
) -> Iterator[tuple[bytes | memoryview, int]]:
    """Cut a message into pieces for the wire; each comes with the octets of the body sent up to its end.

    ``header`` ends with the empty line; ``content`` holds the body from ``body_start`` to its end. Both have CRLF line
    endings only. Pieces are whole lines, at most ``piece`` octets of the body (2 or more) where no line is longer. The
    first piece carries the header, the last one the end-of-content dot, so that a short message is a single piece.
    """
    # A body that does not end a line gets the CRLF that the dot needs in front of it.
    ended = body_start == len(content) or content.endswith(b"\r\n", body_start)
    tail = END_OF_CONTENT if ended else b"\r\n" + END_OF_CONTENT
    view = sliceable(content)
    start, total = body_start, len(content)
    while True:
        end = piece_end(content, start, total, piece)
        part: bytes | memoryview = view[start:end]
        # Looked for piece by piece, while the network is busy with the piece before.
        line_start = start == body_start or content[start - 2 : start] == b"\r\n"
        if (line_start and content.startswith(b".", start)) or content.find(b"\r\n.", start, end) >= 0:
            part = stuffed(content[start:end], line_start=line_start)
        first, last = start == body_start, end == total
        if first or last:
            # A field name may begin with a dot (RFC 5322 3.6.8), and a message of the caller's own with anything.
            part = b"".join((stuffed(header) if first else b"", part, tail if last else b""))
        yield part, end - body_start
        if last:
            return
        start = end
