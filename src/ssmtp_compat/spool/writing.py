"""Queueing a message: the file of one, written from its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..message.addresses import Mailbox
from ..message.compose import Composed
from ..octets import sliceable
from ..smtp.dsn import MessageDsn, RecipientDsn
from ..smtp.envelope import Role
from .directory import SpoolDirectory
from .format import MAXIMUM_HEADER, QueuedMessage, write_header

__all__ = ["Submission", "put_message"]

_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """For whom a message is, and from whom, whatever server will take it."""

    reverse_path: Mailbox | None
    recipients: tuple[tuple[Mailbox, Role, RecipientDsn], ...]
    dsn: MessageDsn


def put_message(
    directory: SpoolDirectory, envelope: Submission, composed: Composed, created: datetime, message_id: str
) -> str:
    """Queue a message and return the file's name.

    Raises :class:`SSMTPError`: 302, and 20005 for what :func:`open_message` would refuse; then there is no file.
    """
    _check_length("The header of the message", len(composed.header))
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
    block = write_header(queued)
    _check_length("The list of the recipients", len(block))
    return directory.put(_joined(block, _message(composed)))


def _check_length(what: str, octets: int) -> None:
    if octets > MAXIMUM_HEADER:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{what} has {octets} octets, and a queued message {MAXIMUM_HEADER} at most; queue it to fewer at once.",
        )


def _joined(first: bytes, others: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    yield first
    yield from others


def _message(composed: Composed) -> Iterator[bytes | memoryview]:
    yield composed.header + b"\r\n"
    view = sliceable(composed.content)
    for start in range(composed.body_start, len(view), _CHUNK):
        yield view[start : start + _CHUNK]
