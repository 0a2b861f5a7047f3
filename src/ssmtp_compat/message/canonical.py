"""Canonical line endings: on the wire only CRLF ends a line (RFC 5321 2.3.8), and nothing else may look like one."""

from __future__ import annotations

from functools import lru_cache

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .faults import code_point

__all__ = ["encode_text", "has_ascii_line_ends", "is_canonical", "to_crlf"]


def is_canonical(data: bytes) -> bool:
    """Whether every CR and every LF of ``data`` is part of a CRLF."""
    count = data.count(b"\n")
    return data.count(b"\r") == count and data.count(b"\r\n") == count


def to_crlf(data: bytes) -> bytes:
    """Return ``data`` with each CRLF, lone CR and lone LF as CRLF; the same object if nothing is to be changed.

    CR CR LF is a lone CR and a CRLF, so two line ends.
    """
    if is_canonical(data):
        return data
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.replace(b"\n", b"\r\n")


@lru_cache(maxsize=64)
def has_ascii_line_ends(charset: str) -> bool:
    """Whether a line ends in ``charset`` with the octets 13 and 10, as text in mail has to (RFC 2046 4.1.1)."""
    return "\r\n".encode(charset) == b"\r\n"


def encode_text(text: str, codec: str) -> bytes:
    """Return ``text`` in ``codec``.

    Raises :class:`InvalidValueError`: 434 naming the first character that ``codec`` lacks and its position (from 1),
    20005 for an unknown ``codec``.
    """
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        raise InvalidValueError(
            ErrorCode.CODE_PAGE,
            f"{code_point(text[error.start])} at position {error.start + 1} does not exist in {codec}.",
        ) from error
    except LookupError as error:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{codec} is no known character encoding.") from error
