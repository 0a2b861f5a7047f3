"""Canonical line endings: on the wire only CRLF ends a line (RFC 5321 2.3.8), and nothing else may look like one."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..octets import Sliceable, sliceable
from .faults import code_point

__all__ = ["encode_text", "has_ascii_line_ends", "has_long_line", "is_canonical", "to_crlf"]

MAX_LINE: Final = 998
"""Octets of a line without its CRLF; RFC 5322 2.1.1."""

_BLOCK: Final = 1 << 16


def is_canonical(data: Sliceable) -> bool:
    """Whether every CR and every LF of ``data`` is part of a CRLF."""
    # The reader of text files notes in one pass which kinds of line ends it meets, in a third of the time that it takes
    # to count CR, LF and CRLF. Latin-1 gives it each octet as a character.
    reader = io.IncrementalNewlineDecoder(None, translate=False)
    octets = sliceable(data)
    for start in range(0, len(octets), _BLOCK):
        reader.decode(str(octets[start : start + _BLOCK], "latin-1"))
    reader.decode("", final=True)  # a CR at the end is one by itself
    return reader.newlines is None or reader.newlines == "\r\n"


def to_crlf(data: bytes) -> bytes:
    """Return ``data`` with each CRLF, lone CR and lone LF as CRLF; the same object if nothing is to be changed.

    CR CR LF is a lone CR and a CRLF, so two line ends.
    """
    if is_canonical(data):
        return data
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.replace(b"\n", b"\r\n")


def has_long_line(data: Sliceable) -> bool:
    """Whether a line of ``data``, which has canonical line endings, is longer than 998 octets."""
    start = 0
    # A line of 998 octets ends, LF included, within 1000. Jump to the last line end in reach: a step for each kilobyte.
    while len(data) - start > MAX_LINE:
        line_end = data.rfind(b"\n", start, start + MAX_LINE + 2)
        if line_end < 0:
            return True
        start = line_end + 1
    return False


@lru_cache(maxsize=64)
def has_ascii_line_ends(charset: str) -> bool:
    """Whether a line ends in ``charset`` with the octets 13 and 10, as text in mail has to (RFC 2046 4.1.1)."""
    return "\r\n".encode(charset) == b"\r\n"


def encode_text(text: str, codec: str, before: int = 0) -> bytes:
    """Return ``text`` in ``codec``; so many characters stand ``before`` it.

    Raises :class:`InvalidValueError`: 434 naming the first character that ``codec`` lacks and its position (from 1),
    20005 for an unknown ``codec``.
    """
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise InvalidValueError(
            ErrorCode.CODE_PAGE,
            f"{code_point(text[error.start])} at position {before + error.start + 1} does not exist in {codec}.",
        ) from error
    except LookupError as error:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{codec} is no known character encoding.") from error
