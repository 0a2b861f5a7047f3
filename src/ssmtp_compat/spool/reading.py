"""Opening the file of a queued message, and checking that it is fit to be sent as it is."""

from __future__ import annotations

import hashlib
import os
from typing import Final, NamedTuple

from ..message.canonical import has_long_line, is_canonical
from ..message.compose import Composed, without_blind_fields
from ..octets import Sliceable
from ..smtp.transparency import piece_end
from .claim import Claim
from .directory import failed, shown
from .file_content import FileContent
from .format import MAXIMUM_HEADER, FormatError, QueuedMessage, read_header

__all__ = ["OpenedMessage", "open_message"]

_CHUNK: Final = 1 << 17
"""Octets read at once. A file of no more is read once and held, a longer one once for each thing done with it."""
_BLOCK_ENDS: Final = (b"\r\n\r\n", b"\n\n")


class OpenedMessage(NamedTuple):
    """What stands in a claimed file. The content of a long one is read from the file while it is sent."""

    queued: QueuedMessage
    composed: Composed


def open_message(claim: Claim) -> OpenedMessage:
    """Read the file of ``claim``, and check that the message is what was queued and can be sent as it is.

    Raises :class:`FormatError` for what is no queued message, a damaged one, or one that is not fit for the wire, and
    :class:`SSMTPError` (302) where the file cannot be read.
    """
    try:
        beginning, block, start = _block(claim.descriptor)
    except OSError as error:
        raise failed(f"{shown(claim.name)} cannot be read", error) from error
    queued = read_header(block)
    length = claim.size - start
    if length != queued.length:
        raise FormatError(f"the message has {length} octets where its header says {queued.length}")
    content: Sliceable = (
        beginning[start:] if len(beginning) == claim.size else FileContent(claim.descriptor, start, length)
    )
    header, body_start = _split(content)
    _check(content, body_start, queued)
    try:
        header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError("the message's own header has octets above 127 that are not UTF-8") from error
    composed = Composed(
        without_blind_fields(header.removesuffix(b"\r\n")) if header else b"",
        content,
        queued.eight_bit,
        needs_smtputf8=not header.isascii(),
        body_start=body_start,
    )
    return OpenedMessage(queued, composed)


def _block(descriptor: int) -> tuple[bytes, bytes, int]:
    """The beginning of the file, the header block in it, and where the message begins."""
    data = b""
    while True:
        piece = os.pread(descriptor, _CHUNK, len(data))
        data += piece
        ends = [(at, at + len(end)) for end in _BLOCK_ENDS if (at := data.find(end)) >= 0]
        if ends:
            block_end, start = min(ends)
            return data, data[:block_end], start
        if not piece:
            raise FormatError("there is no empty line behind its header" if data else "it is empty")
        if len(data) > MAXIMUM_HEADER:
            raise FormatError(f"its header is longer than {MAXIMUM_HEADER} octets")


def _split(content: Sliceable) -> tuple[bytes, int]:
    """The message's header, which ends in CRLF if it is not empty, and where its body begins."""
    if content.startswith(b"\r\n", 0):
        return b"", 2
    data = b""
    while len(data) < len(content):
        data += content[len(data) : len(data) + _CHUNK]
        at = data.find(b"\r\n\r\n")
        if at >= 0:
            return data[: at + 2], at + 4
        if len(data) > MAXIMUM_HEADER:
            raise FormatError(f"the message's own header is longer than {MAXIMUM_HEADER} octets")
    return (data if data.endswith(b"\r\n") or not data else data + b"\r\n"), len(content)


def _check(content: Sliceable, body_start: int, queued: QueuedMessage) -> None:
    """What any other program may have written is not trusted to be fit for the wire: a lone LF could smuggle."""
    digest, fault, start = hashlib.sha256(), "", 0
    while start < len(content):
        end = piece_end(content, start, len(content), _CHUNK)
        chunk = content[start:end]
        digest.update(chunk)
        body = chunk if start >= body_start else chunk[body_start - start :]
        fault = fault or _fault(chunk, undeclared=not (queued.eight_bit or body.isascii()))
        start = end
    if digest.digest() != queued.sha256:
        raise FormatError("the message is not the one that was queued: its SHA-256 differs")
    if fault:
        raise FormatError(f"the message has {fault}")


def _fault(chunk: bytes, *, undeclared: bool) -> str:
    """What is wrong with some lines of a message, or nothing. ``undeclared``: octets above 127 stand in the body, and
    the header does not say so."""
    if not is_canonical(chunk):
        return "line ends other than CRLF"
    if b"\0" in chunk:
        return "a NUL, which mail cannot carry"
    if has_long_line(chunk):
        return "a line over 998 octets"
    return "octets above 127, and its header says Body: 7bit" if undeclared else ""
