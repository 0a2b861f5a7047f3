"""Content transfer encodings (RFC 2045 6): which one a body needs, and carrying it out fast.

No function here looks at a body with a regular expression or takes a step a line where a step a kilobyte does.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable, Iterator
from typing import Final, overload

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..octets import Sliceable
from .ascii_text import Octets

__all__ = ["choose", "encode", "fold_base64", "folded_base64_length", "has_long_line", "quoted_printable_pieces"]

MAX_LINE: Final = 998
"""Octets of a line without its CRLF; RFC 5322 2.1.1."""

_CODED_WIDTH: Final = 76  # RFC 2045 6.7 (5) and 6.8
_OCTETS_A_LINE: Final = _CODED_WIDTH // 4 * 3
_LINES_A_BLOCK: Final = 1024  # 58 368 octets in, 79 872 out: a block stays in the processor's second-level cache
_BLOCK: Final = _OCTETS_A_LINE * _LINES_A_BLOCK
_LINES: Final = struct.Struct(f"{_CODED_WIDTH}s" * _LINES_A_BLOCK)
_COUNTING_BLOCK: Final = 1 << 20
_QP_PIECE: Final = 1 << 20
# Printable ASCII but "=", tab and the line ends go through quoted-printable as they are.
_QP_BARE: Final = bytes(octet for octet in (*b"\t\r\n", *range(0x20, 0x7F)) if octet != ord("="))


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


def choose(data: Octets, *, eight_bit: bool) -> str:
    """Return the transfer encoding that ``data`` needs: "7bit", "8bit", "quoted-printable" or "base64".

    ``data`` has canonical line endings; ``eight_bit`` tells that the way to the recipient is 8-bit clean. Data with a
    NUL is no text and takes base64. Otherwise the shorter of the last two is taken.
    """
    if b"\0" in data:
        return "base64"
    ascii_only = data.isascii()
    if (ascii_only or eight_bit) and not has_long_line(data):
        return "7bit" if ascii_only else "8bit"
    data = bytes(data)
    return "quoted-printable" if _quoted_printable_length(data) <= folded_base64_length(len(data)) else "base64"


@overload
def encode(data: bytes, encoding: str) -> bytes: ...
@overload
def encode(data: Octets, encoding: str) -> Octets: ...
def encode(data: Octets, encoding: str) -> Octets:
    """Return ``data`` in ``encoding``, with lines of at most 76 octets ended by CRLF for the two real encodings.

    Quoted-printable needs canonical line endings; it also guards lines that relays change: trailing blanks, "From "
    and lone dots. Raises :class:`InvalidValueError` (20005) for an encoding not named by :func:`choose`.
    """
    if encoding in ("7bit", "8bit"):
        return data
    if encoding == "base64":
        return b"".join(fold_base64((bytes(data),)))
    if encoding == "quoted-printable":
        return b"".join(quoted_printable_pieces(bytes(data)))
    raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{encoding} is no transfer encoding that can be carried out.")


def fold_base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the base64 text of ``chunks`` joined, in lines of 76 octets that all end in CRLF.

    ``chunks`` may have any size. Every block but the last is 1024 full lines, so memory stays constant.
    """
    pending = bytearray()
    for chunk in chunks:
        if len(pending) + len(chunk) < _BLOCK:
            pending += chunk
            continue
        view = memoryview(chunk)
        if pending:
            missing = _BLOCK - len(pending)
            pending += view[:missing]
            view = view[missing:]
            yield _folded(pending)
            pending.clear()
        whole = len(view) - len(view) % _BLOCK
        for start in range(0, whole, _BLOCK):
            yield _folded(view[start : start + _BLOCK])
        pending += view[whole:]
    if pending:
        text = binascii.b2a_base64(pending, newline=False)
        yield (
            b"\r\n".join([text[start : start + _CODED_WIDTH] for start in range(0, len(text), _CODED_WIDTH)]) + b"\r\n"
        )


def folded_base64_length(octets: int) -> int:
    """The length of what :func:`fold_base64` makes of so many ``octets``."""
    text = (octets + 2) // 3 * 4
    return text + -(-text // _CODED_WIDTH) * 2


def quoted_printable_pieces(data: bytes) -> Iterator[bytes]:
    """Yield what :func:`encode` makes of ``data`` in quoted-printable, in pieces of about 1 MB that are whole lines."""
    start = 0
    # A line is encoded by itself, so the pieces may be too. A line longer than a piece stays in one.
    while len(data) - start > _QP_PIECE:
        end = data.find(b"\r\n", start + _QP_PIECE - len(b"\r\n"))
        if end < 0:
            break
        end += len(b"\r\n")
        yield _quoted_printable(data[start:end])
        start = end
    yield _quoted_printable(data[start:] if start else data)


def _folded(block: bytes | bytearray | memoryview) -> bytes:
    # Taken apart and put together by two functions that are written in C: a third of the time that slices would take.
    return b"\r\n".join((*_LINES.unpack(binascii.b2a_base64(block, newline=False)), b""))


def _quoted_printable_length(data: bytes) -> int:
    view = memoryview(data)
    coded = sum(
        len(bytes(view[start : start + _COUNTING_BLOCK]).translate(None, _QP_BARE))
        for start in range(0, len(data), _COUNTING_BLOCK)
    )
    length = len(data) + 2 * coded
    # A soft break ("=" CRLF) for each 75 octets, as far as the text's own line ends do not make it needless.
    return length + 3 * max(length // (_CODED_WIDTH - 1) - data.count(b"\n"), 0)


def _within_width(coded: bytes) -> bytes:
    # b2a_qp breaks lines before it encodes the blank at their end, whose two further octets may be too many.
    kept: list[bytes] = []
    start = 0
    for end in _coded_blanks(coded):
        if end - coded.rfind(b"\n", 0, end) - 1 > _CODED_WIDTH:
            kept.append(coded[start : end - len(b"=20")])
            start = end - len(b"=20")
    return b"=\r\n".join((*kept, coded[start:]))


def _coded_blanks(coded: bytes) -> Iterator[int]:
    """The ends of the blanks that stand encoded at the end of a line, in order."""
    ends = set()
    for blank in (b"=20", b"=09"):
        at = coded.find(blank + b"\r\n")
        while at >= 0:
            ends.add(at + len(blank))
            at = coded.find(blank + b"\r\n", at + 1)
        if coded.endswith(blank):
            ends.add(len(coded))
    return iter(sorted(ends))


def _quoted_printable(data: bytes) -> bytes:
    coded = binascii.b2a_qp(data, istext=True)
    if b"\r\n" not in data:
        # b2a_qp takes its line end from the data and falls back to LF, here only in soft breaks.
        coded = coded.replace(b"=\n", b"=\r\n")
    coded = _within_width(coded)
    # mbox stores put ">" before a line that begins "From ". The soft break keeps the line within its width; what
    # follows it may again begin "From ", but a line of 76 has no more than fifteen of these.
    guarded = b"=46rom =\r\n"
    if coded.startswith(b"From "):
        coded = guarded + coded[len(b"From ") :]
    while b"\r\nFrom " in coded:
        coded = coded.replace(b"\r\nFrom ", b"\r\n" + guarded)
    if coded.endswith(b"=\r\n."):
        coded = coded[:-1] + b"=2E"
    return coded.replace(b"=\r\n.\r\n", b"=\r\n=2E\r\n")
