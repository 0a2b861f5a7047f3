"""Sending what waits in a directory: one session for all, each message on its way before the verdict on the last."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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
from ..net.deadline import Deadline
from ..smtp.options import DeliveryOptions
from ..smtp.replies import Reply
from ..smtp.session import SERVICE_CLOSING
from ..spool.directory import Claim, SpoolDirectory, UnsafeFileError, Waiting
from ..spool.format import FormatError
from ..spool.messages import OpenedMessage, open_message
from .connection import Connection
from .delivery import Delivery, Outgoing
from .exchange import refusal

__all__ = ["QueueOptions", "QueueRun"]

_PERMANENT: Final = 500
# With these the connection is of no more use; every other failure is one message's own.
_ENDS_THE_RUN: Final = (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    TLSError,
)


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How to go through a queue."""

    keep_sent: bool = False
    stop_at_failure: bool = False


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
        self._waiting = directory.waiting()
        self._total = len(self._waiting)
        self._done = 0
        self._next: tuple[Claim, OpenedMessage] | None = None
        self._in_flight: tuple[Claim, Delivery] | None = None
        self._say: Callable[[str], None] = lambda _: None

    @property
    def has_work(self) -> bool:
        """Whether there is a message to send; it is then claimed, so that no connection is made for nothing."""
        self._next = self._next or self._claim_next()
        return self._next is not None

    def send_all(self, connection: Connection, deadline: Deadline, watch: Callable[[Delivery], None]) -> None:
        """Send everything; ``watch`` is told the delivery that events are about.

        Raises what ends the run: the message in question, and one whose verdict is still to come, wait again then.
        """
        self._say = connection.exchange.remark
        try:
            while not self._stopped and self.has_work and self._next is not None:
                (claim, opened), self._next = self._next, None
                self._send(connection, claim, opened, deadline, watch)
            self._await_verdict(deadline)
        except BaseException:
            self._put_back_all()
            raise

    def release(self) -> None:
        """Give back what was claimed and not begun."""
        self._put_back_all()

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
                self._quietly(claim.put_back)
                raise
            self._settle_refused(claim, error)
        except _ENDS_THE_RUN:
            self._quietly(claim.put_back)
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
        self._quietly(lambda: claim.sent(keep=self._options.keep_sent))
        self._say(f"Queue: {claim.name} was sent ({self._done} of {self._total}).")

    def _settle_refused(self, claim: Claim, error: ReplyError) -> None:
        if error.reply_code >= _PERMANENT:
            self._settle_failed(claim, error)
            return
        self._done += 1
        self._note(error)
        self._quietly(claim.put_back)
        self._say(f"Queue: {claim.name} waits for another time ({self._done} of {self._total}).")

    def _settle_failed(self, claim: Claim, error: SSMTPError) -> None:
        self._done += 1
        self._note(error)
        self._quietly(lambda: claim.failed(str(error)))
        self._say(f"Queue: {claim.name} failed ({self._done} of {self._total}).")

    def _put_back_all(self) -> None:
        for held in (self._next, self._in_flight):
            if held is not None:
                self._quietly(held[0].put_back)
        self._next = self._in_flight = None

    def _quietly(self, settle: Callable[[], None]) -> None:
        """A file that cannot be renamed stays on its way and is taken up again; the run goes on."""
        try:
            settle()
        except SSMTPError as error:
            self._note(error)

    def _note(self, error: SSMTPError) -> None:
        self.failure = self.failure or error
        self._events.fire_error(error)

    # -- taking files out ---------------------------------------------------------------------------------------------

    def _claim_next(self) -> tuple[Claim, OpenedMessage] | None:
        while self._waiting and not self._stopped:
            opened = self._claim(self._waiting.pop(0))
            if opened is not None:
                return opened
        return None

    def _claim(self, waiting: Waiting) -> tuple[Claim, OpenedMessage] | None:
        try:
            claim = self._directory.claim(waiting)
        except UnsafeFileError as error:
            self._note(error)
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
            self._quietly(claim.put_back)
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
