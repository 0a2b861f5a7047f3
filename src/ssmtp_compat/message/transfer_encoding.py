"""Content transfer encodings (RFC 2045 6): which one a body needs, and carrying it out fast.

No function here looks at a body with a regular expression or takes a step a line where a step a kilobyte does.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..octets import Blocks, Sliceable
from .ascii_text import AsciiText
from .body import LineBlocks, Octets, in_blocks, too_wide

__all__ = ["choose", "encode", "fold_base64", "folded_base64_length", "quoted_printable_pieces"]

_CODED_WIDTH: Final = 76  # RFC 2045 6.7 (5) and 6.8
_OCTETS_A_LINE: Final = _CODED_WIDTH // 4 * 3
_LINES_A_BLOCK: Final = 1024  # 58 368 octets in, 79 872 out: a block stays in the processor's second-level cache
_BLOCK: Final = _OCTETS_A_LINE * _LINES_A_BLOCK
_LINES: Final = struct.Struct(f"{_CODED_WIDTH}s" * _LINES_A_BLOCK)
_COUNTING_BLOCK: Final = 1 << 16
_QP_PIECE: Final = 1 << 20
# Printable ASCII but "=", tab and the line ends go through quoted-printable as they are.
_QP_BARE: Final = bytes(octet for octet in (*b"\t\r\n", *range(0x20, 0x7F)) if octet != ord("="))


def choose(data: Octets, *, eight_bit: bool) -> str:
    """Return the transfer encoding that ``data`` needs: "7bit", "8bit", "quoted-printable" or "base64".

    ``data`` has canonical line endings; ``eight_bit`` tells that the way to the recipient is 8-bit clean. Data with a
    NUL is no text and takes base64. Otherwise the shorter of the last two is taken.
    """
    if b"\0" in data:
        return "base64"
    ascii_only = data.isascii()
    if (ascii_only or eight_bit) and not too_wide(data):
        return "7bit" if ascii_only else "8bit"
    return "quoted-printable" if _quoted_printable_length(data) <= folded_base64_length(len(data)) else "base64"


def encode(data: Octets, encoding: str) -> Sliceable:
    """Return ``data`` in ``encoding``, with lines of at most 76 octets ended by CRLF for the two real encodings.

    Quoted-printable needs canonical line endings; it also guards lines that relays change: trailing blanks, "From "
    and lone dots. Raises :class:`InvalidValueError` (20005) for an encoding not named by :func:`choose`.
    """
    if encoding in ("7bit", "8bit"):
        return data
    data = in_blocks(data)
    if encoding == "base64":
        return _Base64Blocks(data) if isinstance(data, LineBlocks) else b"".join(fold_base64((data,)))
    if encoding == "quoted-printable":
        return _QuotedPrintableBlocks(data) if isinstance(data, LineBlocks) else b"".join(quoted_printable_pieces(data))
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


class _Base64Blocks(Blocks):
    def __init__(self, data: LineBlocks) -> None:
        self._data = data
        starts = range(0, len(data), _BLOCK)
        super().__init__(folded_base64_length(min(_BLOCK, len(data) - start)) for start in starts)

    def block(self, number: int) -> bytes:
        start = number * _BLOCK
        return b"".join(fold_base64((self._data[start : start + _BLOCK],)))


class _QuotedPrintableBlocks(Blocks):
    def __init__(self, data: LineBlocks) -> None:
        self._data = data
        super().__init__(map(len, quoted_printable_pieces(data)))

    def block(self, number: int) -> bytes:
        return _quoted_printable(self._data.block(number))


def quoted_printable_pieces(data: Octets) -> Iterator[bytes]:
    """Yield what :func:`encode` makes of ``data`` in quoted-printable, in whole lines, about 1 MB at the most."""
    if isinstance(data, LineBlocks):
        yield from map(_quoted_printable, data.blocks())
        return
    data = bytes(data)
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


def _quoted_printable_length(data: Octets) -> int:
    coded = lines = 0
    for piece in data.blocks() if isinstance(data, LineBlocks) else _counting_blocks(data):
        coded += len(piece.translate(None, _QP_BARE))
        lines += piece.count(b"\n")
    length = len(data) + 2 * coded
    # A soft break ("=" CRLF) for each 75 octets, as far as the text's own line ends do not make it needless.
    return length + 3 * max(length // (_CODED_WIDTH - 1) - lines, 0)


def _counting_blocks(data: bytes | AsciiText) -> Iterator[bytes]:
    return (data[start : start + _COUNTING_BLOCK] for start in range(0, len(data), _COUNTING_BLOCK))


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
