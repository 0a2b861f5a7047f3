"""Messages that wait in a directory: sending all of them in one session, without a wait in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Final, Self

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
from ..net.deadline import Deadline
from ..smtp.options import DeliveryOptions
from ..smtp.replies import Reply
from ..smtp.session import SERVICE_CLOSING
from ..spool.claim import Claim, StuckFileError, UnsafeFileError, claim_file
from ..spool.directory import SpoolDirectory, Waiting, shown
from ..spool.file_content import ContentLostError
from ..spool.format import FormatError
from ..spool.reading import OpenedMessage, open_message
from .connection import Connection
from .delivery import Delivery, Neighbours
from .exchange import refusal
from .outgoing import Outgoing

__all__ = ["Outcome", "QueueOptions", "QueueRun"]

_PERMANENT: Final = 500
# With these it is not this message that is refused: the server closes, or it wants a log-in, another one, or TLS first
# (RFC 4954 section 6, RFC 3207 section 4), and would say so to each.
_OF_THE_SESSION: Final = frozenset((SERVICE_CLOSING, 530, 534, 535, 538))
# With these the connection is of no more use, or nothing more may be sent; every other failure is one message's own.
_ENDS_THE_RUN: Final = (
    ConnectionFailedError,
    ContentLostError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    StuckFileError,
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
    ending: Callable[[], bool] = lambda: False
    """Once it says so no message is begun any more."""
    settled: Settled = lambda *_: None


class QueueRun:
    """One pass through a directory, as a context manager. Messages that come in meanwhile are for the next.

    Raises :class:`SSMTPError` (302) for a directory that cannot be used. What was claimed and has no verdict when the
    block ends waits again.
    """

    def __init__(self, path: str, delivery: DeliveryOptions, options: QueueOptions, events: EventHub) -> None:
        self.failure: SSMTPError | None = None
        """The first one; each has had its Error event."""
        self._delivery_options = delivery
        self._options = options
        self._events = events
        self._held: list[Claim] = []
        self._settled: list[Claim] = []
        self._next: tuple[Claim, OpenedMessage] | None = None
        self._in_flight: tuple[Claim, Delivery] | None = None
        self._done = 0
        self._given_up = False
        self._say: Callable[[str], None] = lambda _: None
        self._neighbours = Neighbours(self._verdict, self._prepare)
        self._directory = SpoolDirectory(path)
        try:
            waiting = self._directory.waiting() if options.waiting is None else options.waiting
        except BaseException:
            self._directory.close()
            raise
        self._waiting = iter(waiting)
        self._total = f" of {len(waiting)}" if isinstance(waiting, list) else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        troubles = []
        if self._next is not None:
            # It had no turn, which is nothing to be told of.
            claim, self._next = self._next[0], None
            self._held.remove(claim)
            self._settled.append(claim)
            troubles += self._trouble(claim.put_back)
        while self._held:
            troubles += self._let_go(self._held[-1], Outcome.PUT_BACK, None)
        self._close_settled()
        with self._directory:
            troubles += self._trouble(self._directory.flush)
        for trouble in troubles:
            self._note(trouble)

    def claim(self) -> bool:
        """Claim the next message to send; False where there is none, so that no connection is made for nothing."""
        while self._next is None and not self._stopped and (waiting := next(self._waiting, None)) is not None:
            self._next = self._claim(waiting)
        return self._next is not None and not self._stopped

    def send_all(self, connection: Connection, deadline: Deadline, watch: Callable[[Delivery], None]) -> None:
        """Send everything; ``watch`` is told the delivery that events are about. Raises what ends the run."""
        self._say = connection.exchange.remark
        while self.claim() and self._next is not None:
            (claim, opened), self._next = self._next, None
            delivery = Delivery(connection, self._delivery_options, self._events)
            watch(delivery)
            self._send(delivery, claim, opened, deadline)
            if self._options.stop_at_failure or not connection.exchange.session.in_flight:
                # Nothing may go out behind what could be the last, and the reply to a last chunk is here already.
                self._await_verdict(deadline)
        self._await_verdict(deadline)

    def _prepare(self) -> bool:
        return not self._options.stop_at_failure and self.claim()

    @property
    def _stopped(self) -> bool:
        return self._given_up or self._options.ending() or (self._options.stop_at_failure and self.failure is not None)

    def _send(self, delivery: Delivery, claim: Claim, opened: OpenedMessage, deadline: Deadline) -> None:
        deadline.check()
        delivery.make_ready(deadline)
        try:
            delivery.begin(_outgoing(opened), opened.composed, deadline, self._neighbours)
        except ReplyError as error:
            self._settle_refused(claim, error)
        except _ENDS_THE_RUN:
            raise
        except SSMTPError as error:
            # Said before the server was asked, and it would be said again the next time.
            self._settle_failed(claim, error)
            self._await_verdict(deadline)  # for the message before may have been held to go out with this one
        else:
            self._in_flight = (claim, delivery)

    def _await_verdict(self, deadline: Deadline) -> None:
        """The verdict on the last message, which nothing goes out behind."""
        if self._in_flight is None:
            return
        claim, delivery = self._in_flight
        try:
            delivery.finish(deadline)
        except ReplyError as error:
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
        troubles = self._let_go(claim, Outcome.SENT, None)
        self._tell(claim, "was sent", troubles)
        for trouble in troubles:
            if isinstance(trouble, StuckFileError):
                # The next run will send it once more, and so it would whatever else is sent now.
                raise trouble

    def _settle_refused(self, claim: Claim, error: ReplyError) -> None:
        if error.reply_code in _OF_THE_SESSION:
            raise error
        if error.reply_code >= _PERMANENT:
            self._settle_failed(claim, error)
        else:
            self._settle_later(claim, error)

    def _settle_later(self, claim: Claim, error: SSMTPError) -> None:
        self._tell(claim, "waits for another time", [error, *self._let_go(claim, Outcome.PUT_BACK, error)])

    def _settle_failed(self, claim: Claim, error: SSMTPError) -> None:
        self._tell(claim, "failed", [error, *self._let_go(claim, Outcome.FAILED, error)])

    def _let_go(self, claim: Claim, outcome: Outcome, error: SSMTPError | None) -> list[SSMTPError]:
        """Settle a file before any event tells of it, for a callback may raise. Where that is not possible, the file
        stays on its way and is taken up again."""
        self._held.remove(claim)
        self._settled.append(claim)
        troubles = self._trouble(lambda: self._settle(claim, outcome, error))
        self._options.settled(claim.name, outcome, error, troubles[0] if troubles else None)
        return troubles

    def _settle(self, claim: Claim, outcome: Outcome, error: SSMTPError | None) -> None:
        if outcome is Outcome.SENT:
            claim.sent(keep=self._options.keep_sent)
        elif outcome is Outcome.FAILED:
            claim.failed(str(error))
        else:
            claim.put_back()

    def _close_settled(self) -> None:
        """Close the files of settled messages. That frees what a deleted one took of the disk, which lasts, so it is
        done while the server is busy."""
        while self._settled:
            self._settled.pop().close()

    def _tell(self, claim: Claim, what: str, troubles: list[SSMTPError]) -> None:
        self._done += 1
        for trouble in [*troubles, *self._trouble(self._directory.flush_when_due)]:
            self._note(trouble)
        self._say(f"Queue: {shown(claim.name)} {what} ({self._done}{self._total}).")

    def _trouble(self, change: Callable[[], None]) -> list[SSMTPError]:
        try:
            change()
        except SSMTPError as error:
            return [error]
        return []

    def _note(self, error: SSMTPError) -> None:
        self.failure = self.failure or error
        self._events.fire_error(error)

    # -- taking files out ---------------------------------------------------------------------------------------------

    def _claim(self, waiting: Waiting) -> tuple[Claim, OpenedMessage] | None:
        self._close_settled()
        try:
            claim = claim_file(self._directory, waiting)
        except SSMTPError as error:
            if isinstance(error, UnsafeFileError):
                self._options.settled(waiting.name, Outcome.REFUSED, error, None)
            else:
                self._given_up = True
            self._note(error)
            return None
        if claim is None:
            return None
        self._held.append(claim)
        try:
            return claim, open_message(claim)
        except FormatError as error:
            text = f"{shown(claim.name)} is no queued message: {error}."
            self._settle_failed(claim, SSMTPError(ErrorCode.CANNOT_OPEN_FILE, text))
        except SSMTPError as error:
            self._settle_later(claim, error)
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
