"""Transparency (RFC 5321 section 4.5.2) and the pieces in which a message goes out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["content_pieces", "stuffed"]

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


def content_pieces(header: bytes, body: bytes, piece: int) -> Iterator[tuple[bytes | memoryview, int]]:
    """Cut a message into pieces for the wire; each comes with the octets of ``body`` sent up to its end.

    ``header`` ends with the empty line; both parts have CRLF line endings only. The first piece carries the header, the
    last one the end-of-content dot, so that a short message is a single piece. ``piece`` is the size in octets at which
    the body is cut, at least 2.
    """
    # A body that does not end a line gets the CRLF that the dot needs in front of it.
    tail = END_OF_CONTENT if body.endswith(b"\r\n") or not body else b"\r\n" + END_OF_CONTENT
    plain = not body.startswith(b".") and body.find(b"\r\n.") < 0
    view = memoryview(body)
    start = 0
    while True:
        end = min(start + piece, len(body))
        if end < len(body) and body[end - 1] == 0x0D:
            end -= 1  # never between a CR and its LF, see stuffed
        part: bytes | memoryview = view[start:end]
        if not plain:
            part = stuffed(body[start:end], line_start=body[max(start - 2, 0) : start] in (b"", b"\r\n"))
        first, last = start == 0, end == len(body)
        if first or last:
            part = b"".join((header if first else b"", part, tail if last else b""))
        yield part, end
        if last:
            return
        start = end
