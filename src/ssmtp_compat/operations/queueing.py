"""Messages that wait in a directory: putting one in, and sending all in one session, without a wait in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    ReplyError,
    SSMTPError,
    TLSError,
    UnsupportedError,
)
from ..events import EventHub
from ..message.compose import Composed
from ..message.headers import read_fields
from ..net.deadline import Deadline
from ..smtp.options import DeliveryOptions
from ..smtp.replies import Reply
from ..smtp.session import SERVICE_CLOSING
from ..spool.directory import Claim, SpoolDirectory, UnsafeFileError, Waiting
from ..spool.format import FormatError
from ..spool.messages import OpenedMessage, Submission, open_message, put_message
from .connection import Connection
from .delivery import Delivery, Outgoing
from .exchange import refusal

__all__ = ["Outcome", "QueueOptions", "QueueRun", "queue_message"]


_PERMANENT: Final = 500
# With these the connection is of no more use; every other failure is one message's own.
_ENDS_THE_RUN: Final = (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    TLSError,
)


class Outcome(Enum):
    """What became of one file of a queue."""

    SENT = "sent"
    PUT_BACK = "put back"
    FAILED = "failed"
    REFUSED = "refused"
    """It is nothing that may be touched, and was left alone."""


Settled = Callable[[str, Outcome, SSMTPError | None, SSMTPError | None], None]
"""Told a file's name, what became of it, why (None: it was sent, or put back because the run ends), and what kept the
file itself from becoming that. A file that somebody else has is not told of."""


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How to go through a queue."""

    keep_sent: bool = False
    stop_at_failure: bool = False
    waiting: Iterable[Waiting] | None = None
    """What to send in place of everything that waits; the next is asked for when it is needed."""
    settled: Settled = lambda *_: None


def queue_message(path: str, outgoing: Outgoing, delivery: DeliveryOptions, created: datetime) -> str:
    """Put a message into the directory ``path`` and return the name of its file.

    Raises :class:`SSMTPError`: 302 for a directory that cannot be used, and what :meth:`Outgoing.check` raises.
    """
    directory = SpoolDirectory(path)
    composed = outgoing.check(delivery)
    if composed.eight_bit:
        # Nobody knows yet what the server takes. What may not be encoded stays as it is.
        with suppress(UnsupportedError):
            composed = outgoing.compose(False)
    submission = Submission(reverse_path=outgoing.reverse_path, recipients=outgoing.recipients, dsn=outgoing.dsn)
    fields = read_fields(composed.header.decode("utf-8"))
    message_id = next((field.value for field in fields if field.name.lower() == "message-id"), "")
    return put_message(directory, submission, composed, created, message_id)


class QueueRun:
    """One pass through a directory. Messages that come in meanwhile are for the next."""

    def __init__(
        self, directory: SpoolDirectory, delivery: DeliveryOptions, options: QueueOptions, events: EventHub
    ) -> None:
        self.failure: SSMTPError | None = None
        """The first one; the others have had their Error event."""
        self._directory = directory
        self._delivery_options = delivery
        self._options = options
        self._events = events
        waiting = directory.waiting() if options.waiting is None else options.waiting
        self._waiting = iter(waiting)
        self._total = f" of {len(waiting)}" if isinstance(waiting, list) else ""
        self._done = 0
        self._next: tuple[Claim, OpenedMessage] | None = None
        self._in_flight: tuple[Claim, Delivery] | None = None
        self._say: Callable[[str], None] = lambda _: None

    def claim(self) -> bool:
        """Claim the next message to send; False where there is none, so that no connection is made for nothing."""
        self._next = self._next or self._claim_next()
        return self._next is not None

    def send_all(self, connection: Connection, deadline: Deadline, watch: Callable[[Delivery], None]) -> None:
        """Send everything; ``watch`` is told the delivery that events are about.

        Raises what ends the run: the message in question, and one whose verdict is still to come, wait again then.
        """
        self._say = connection.exchange.remark
        try:
            while not self._stopped and self.claim() and self._next is not None:
                (claim, opened), self._next = self._next, None
                self._send(connection, claim, opened, deadline, watch)
            self._await_verdict(deadline)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let what was claimed and has no verdict wait again."""
        if self._next is not None:
            self._quietly(self._next[0].put_back)
        if self._in_flight is not None:
            self._put_back(self._in_flight[0], None)
        self._next = self._in_flight = None

    @property
    def _stopped(self) -> bool:
        return self._options.stop_at_failure and self.failure is not None

    def _send(
        self,
        connection: Connection,
        claim: Claim,
        opened: OpenedMessage,
        deadline: Deadline,
        watch: Callable[[Delivery], None],
    ) -> None:
        delivery = Delivery(connection, self._delivery_options, self._events)
        watch(delivery)
        outgoing = _outgoing(opened)
        try:
            deadline.check()
            composed = outgoing.check(self._delivery_options)
            delivery.begin(outgoing, composed, deadline, self._verdict)
        except ReplyError as error:
            if error.reply_code == SERVICE_CLOSING:
                self._put_back(claim, None)
                raise
            self._settle_refused(claim, error)
        except _ENDS_THE_RUN:
            self._put_back(claim, None)
            raise
        except SSMTPError as error:
            # Said without the server, or before it was asked: it would be said again the next time.
            self._settle_failed(claim, error)
        except BaseException:
            self._quietly(claim.put_back)
            raise
        else:
            self._in_flight = (claim, delivery)
            if not connection.exchange.session.in_flight:
                # A last chunk was answered already.
                self._await_verdict(deadline)

    def _await_verdict(self, deadline: Deadline) -> None:
        """The verdict on the last message, which nothing goes out behind."""
        if self._in_flight is None:
            return
        claim, delivery = self._in_flight
        try:
            delivery.finish(deadline)
        except ReplyError as error:
            if error.reply_code == SERVICE_CLOSING:
                raise
            self._in_flight = None
            self._settle_refused(claim, error)
        else:
            self._in_flight = None
            self._settle_sent(claim)

    def _verdict(self, reply: Reply) -> None:
        """The verdict on the message before, while the next one's commands are answered."""
        if self._in_flight is None:
            raise AssertionError("a verdict on nothing")
        (claim, _), self._in_flight = self._in_flight, None
        if reply.positive:
            self._settle_sent(claim)
        else:
            self._settle_refused(claim, refusal(reply))

    # -- what becomes of a file ---------------------------------------------------------------------------------------

    def _settle_sent(self, claim: Claim) -> None:
        self._done += 1
        trouble = self._quietly(lambda: claim.sent(keep=self._options.keep_sent))
        self._options.settled(claim.name, Outcome.SENT, None, trouble)
        self._say(f"Queue: {claim.name} was sent ({self._done}{self._total}).")

    def _settle_refused(self, claim: Claim, error: ReplyError) -> None:
        if error.reply_code >= _PERMANENT:
            self._settle_failed(claim, error)
            return
        self._done += 1
        self._note(error)
        self._put_back(claim, error)
        self._say(f"Queue: {claim.name} waits for another time ({self._done}{self._total}).")

    def _settle_failed(self, claim: Claim, error: SSMTPError) -> None:
        self._done += 1
        self._note(error)
        trouble = self._quietly(lambda: claim.failed(str(error)))
        self._options.settled(claim.name, Outcome.FAILED, error, trouble)
        self._say(f"Queue: {claim.name} failed ({self._done}{self._total}).")

    def _put_back(self, claim: Claim, error: SSMTPError | None) -> None:
        trouble = self._quietly(claim.put_back)
        self._options.settled(claim.name, Outcome.PUT_BACK, error, trouble)

    def _quietly(self, settle: Callable[[], None]) -> SSMTPError | None:
        """A file that cannot be renamed stays on its way and is taken up again; the run goes on."""
        try:
            settle()
        except SSMTPError as error:
            self._note(error)
            return error
        return None

    def _note(self, error: SSMTPError) -> None:
        self.failure = self.failure or error
        self._events.fire_error(error)

    # -- taking files out ---------------------------------------------------------------------------------------------

    def _claim_next(self) -> tuple[Claim, OpenedMessage] | None:
        while not self._stopped and (waiting := next(self._waiting, None)) is not None:
            opened = self._open(waiting)
            if opened is not None:
                return opened
        return None

    def _open(self, waiting: Waiting) -> tuple[Claim, OpenedMessage] | None:
        try:
            claim = self._directory.claim(waiting)
        except UnsafeFileError as error:
            self._note(error)
            self._options.settled(waiting.name, Outcome.REFUSED, error, None)
            return None
        if claim is None:
            return None
        try:
            return claim, open_message(claim)
        except FormatError as error:
            self._settle_failed(
                claim, SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{waiting.name} is no queued message: {error}.")
            )
        except SSMTPError as error:
            self._note(error)
            self._put_back(claim, error)
        except BaseException:
            with suppress(SSMTPError):
                claim.put_back()
            raise
        return None


def _outgoing(opened: OpenedMessage) -> Outgoing:
    composed = opened.composed

    def compose_for(eight_bit: bool) -> Composed:
        if composed.eight_bit and not eight_bit:
            raise UnsupportedError(
                ErrorCode.EXTENSION_MISSING,
                "8BITMIME is not offered, and the queued message has octets above 127 that may not be changed.",
            )
        return composed

    queued = opened.queued
    return Outgoing(queued.reverse_path, queued.recipients, compose_for, queued.dsn)
