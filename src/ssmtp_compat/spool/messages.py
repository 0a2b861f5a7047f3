"""Queued messages as a whole: writing one from its parts, and opening the file of one."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..message.addresses import Mailbox
from ..message.canonical import has_long_line
from ..message.compose import Composed, without_blind_fields
from ..octets import sliceable
from ..smtp.dsn import MessageDsn, RecipientDsn
from ..smtp.envelope import Role
from .directory import Claim, SpoolDirectory
from .file_content import FileContent
from .format import MAXIMUM_HEADER, FormatError, QueuedMessage, read_header, write_header

__all__ = ["OpenedMessage", "Submission", "open_message", "put_message"]

_CHUNK: Final = 1 << 18
_BLOCK_ENDS: Final = (b"\r\n\r\n", b"\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """For whom a message is, and from whom, whatever server will take it."""

    reverse_path: Mailbox | None
    recipients: tuple[tuple[Mailbox, Role, RecipientDsn], ...]
    dsn: MessageDsn


def put_message(
    directory: SpoolDirectory, envelope: Submission, composed: Composed, created: datetime, message_id: str
) -> str:
    """Queue a message and return the file's name. Raises :class:`SSMTPError` (302); then there is no file."""
    digest, length = hashlib.sha256(), 0
    for chunk in _message(composed):
        digest.update(chunk)
        length += len(chunk)
    queued = QueuedMessage(
        reverse_path=envelope.reverse_path,
        recipients=envelope.recipients,
        dsn=envelope.dsn,
        eight_bit=composed.eight_bit,
        length=length,
        sha256=digest.digest(),
        created=created.isoformat(timespec="seconds"),
        message_id=message_id,
    )
    return directory.put(_joined(write_header(queued), _message(composed)))


def _joined(first: bytes, others: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    yield first
    yield from others


def _message(composed: Composed) -> Iterator[bytes | memoryview]:
    yield composed.header + b"\r\n"
    view = sliceable(composed.content)
    for start in range(composed.body_start, len(view), _CHUNK):
        yield view[start : start + _CHUNK]


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """What stands in a claimed file. The content is read from the file while it is sent."""

    queued: QueuedMessage
    composed: Composed = field(repr=False)


def open_message(claim: Claim) -> OpenedMessage:
    """Read the file of ``claim``, and check that the message is what was queued and can be sent as it is.

    Raises :class:`FormatError` for what is no queued message, a damaged one, or one that is not fit for the wire, and
    :class:`SSMTPError` (302) where the file cannot be read.
    """
    try:
        block, offset = _block(claim.descriptor)
    except OSError as error:
        raise SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{claim.name} cannot be read: {error.strerror}.") from error
    queued = read_header(block)
    length = claim.size - offset
    if length != queued.length:
        raise FormatError(f"the message has {length} octets where its header says {queued.length}")
    content = FileContent(claim.descriptor, offset, length)
    _check(content, queued)
    header, body_start = _split(content)
    return OpenedMessage(
        queued,
        Composed(
            without_blind_fields(header.removesuffix(b"\r\n")) if header else b"",
            content,
            queued.eight_bit,
            needs_smtputf8=not header.isascii(),
            body_start=body_start,
        ),
    )


def _block(descriptor: int) -> tuple[bytes, int]:
    """The header block, and where the message begins."""
    data = b""
    while True:
        piece = os.pread(descriptor, _CHUNK, len(data))
        data += piece
        ends = [(at, at + len(end)) for end in _BLOCK_ENDS if (at := data.find(end)) >= 0]
        if ends:
            block_end, start = min(ends)
            return data[:block_end], start
        if not piece:
            raise FormatError("there is no empty line behind its header" if data else "it is empty")
        if len(data) > MAXIMUM_HEADER:
            raise FormatError(f"its header is longer than {MAXIMUM_HEADER} octets")


def _check(content: FileContent, queued: QueuedMessage) -> None:
    """What any other program may have written is not trusted to be fit for the wire: a lone LF could smuggle."""
    digest, eight_bit = hashlib.sha256(), False
    line_ends = io.IncrementalNewlineDecoder(None, translate=False)
    for start in range(0, len(content), _CHUNK):
        chunk = content[start : start + _CHUNK]
        digest.update(chunk)
        eight_bit = eight_bit or not chunk.isascii()
        line_ends.decode(str(chunk, "latin-1"))
        if b"\0" in chunk:
            raise FormatError("the message has a NUL, which mail cannot carry")
    line_ends.decode("", final=True)
    if digest.digest() != queued.sha256:
        raise FormatError("the message is not the one that was queued: its SHA-256 differs")
    if line_ends.newlines not in (None, "\r\n"):
        raise FormatError("the message has line ends other than CRLF")
    if has_long_line(content):
        raise FormatError("the message has a line over 998 octets")
    if eight_bit and not queued.eight_bit and not _header_only(content):
        raise FormatError("the message has octets above 127, and its header says Body: 7bit")


def _header_only(content: FileContent) -> bool:
    """Whether the octets above 127 stand in the header alone."""
    _, body_start = _split(content)
    return all(content[start : start + _CHUNK].isascii() for start in range(body_start, len(content), _CHUNK))


def _split(content: FileContent) -> tuple[bytes, int]:
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
