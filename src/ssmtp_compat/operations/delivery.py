"""One mail transaction: MAIL, RCPT, the message, and the way out of each failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError, ReplyError, SSMTPError
from ..events import EventHub
from ..message.compose import Composed
from ..net.deadline import Deadline
from ..smtp import commands
from ..smtp.commands import Command, Verb
from ..smtp.envelope import Envelope
from ..smtp.options import DeliveryOptions
from ..smtp.replies import Reply
from ..smtp.transitions import State
from ..smtp.transparency import END_OF_CONTENT
from .choking import OUT_OF_ORDER, chokes
from .connection import Connection
from .content import BdatContent, Content, DataContent
from .exchange import refusal
from .outgoing import Outgoing, envelope_for

__all__ = ["Delivery", "Neighbours"]

# Looked up once, see session.py.
_IDLE, _CONTENT, _RCPT = State.IDLE, Verb.CONTENT, Verb.RCPT


class Neighbours(NamedTuple):
    """The messages before and after one, for a sender that never waits for one of them alone."""

    verdict: Callable[[Reply], None]
    """Told the reply to the message before, if it is still to come; what it raises ends the session."""
    prepare: Callable[[], bool]
    """Called while the server is busy, more than once perhaps; whether there is a next one, to be begun at once."""


class Delivery:
    """Delivers one message over an open session."""

    def __init__(self, connection: Connection, options: DeliveryOptions, events: EventHub) -> None:
        self._connection = connection
        self._exchange = connection.exchange
        self._options = options
        self._events = events
        self._content: Content | None = None
        self._untold: list[tuple[ReplyError, Reply]] = []
        """Refusals of recipients that do not stop the message, which still lack their Error event."""
        self._told = False
        """Whether one has had it."""

    @property
    def transfer_text(self) -> bytes | memoryview:
        """The piece of the body just sent, while the Transfer event fires."""
        return self._content.transfer_text if self._content is not None else b""

    def deliver(self, outgoing: Outgoing, composed: Composed, deadline: Deadline) -> None:
        """Deliver ``outgoing``; ``composed`` is what its :meth:`Outgoing.check` returned.

        A refusal raises :class:`ReplyError` and leaves the session ready for another transaction, or, with
        ``reset_after_failure`` off, in the middle of the one given up.
        """
        self.make_ready(deadline)
        self.begin(outgoing, composed, deadline)
        self.finish(deadline)

    def make_ready(self, deadline: Deadline) -> None:
        """End the transaction that the caller began with commands of its own, or that was given up without RSET.

        What this raises is no message's own.
        """
        session = self._exchange.session
        if session.in_flight or session.state is _IDLE:
            return
        if session.state is State.CLOSED:
            text = "The session could not go on behind the refusal of the message before."
            raise ConnectionFailedError(ErrorCode.CONNECTION_DROPPED, text)
        reply = self._exchange.command(commands.RSET, deadline)
        if not reply.positive:
            raise refusal(reply)

    def begin(
        self,
        outgoing: Outgoing,
        composed: Composed,
        deadline: Deadline,
        neighbours: Neighbours | None = None,
    ) -> None:
        """The second part of :meth:`deliver`: send the message, and do not wait for the server's verdict on it.

        Where the reply to the message before is still to come, this one's commands go out meanwhile if the server has
        PIPELINING. The end of a short message goes out in one write with the commands of the next one.

        A server that chokes on PIPELINING and stays in step gets everything once more, one command at a time.
        """
        extensions = self._exchange.session.extensions
        if composed.eight_bit and "8BITMIME" not in extensions:
            composed = outgoing.compose(False)
        envelope = envelope_for(outgoing, composed, extensions)
        way = BdatContent if self._options.use_chunking and "CHUNKING" in extensions else DataContent
        content = self._content = way(composed, self._exchange, self._events)
        try:
            try:
                self._open_transaction(envelope, content, deadline, neighbours)
            except SSMTPError as error:
                self._look_for_choking(error)
                raise
            content.send(deadline, hold=neighbours is not None and content.short and neighbours.prepare())
        except ReplyError as error:
            if not (self._give_up(deadline) and error.choked):
                raise
        else:
            return
        self.begin(outgoing, composed, deadline)

    def finish(self, deadline: Deadline) -> None:
        """The last part of :meth:`deliver`: the server's verdict."""
        if self._content is None:
            raise AssertionError("no message was sent")
        try:
            self._content.finish(deadline)
        except ReplyError:
            self._give_up(deadline)
            raise

    def _open_transaction(
        self,
        envelope: Envelope,
        content: Content,
        deadline: Deadline,
        neighbours: Neighbours | None,
    ) -> None:
        """MAIL and RCPT, and behind them DATA, or BDAT with the message, if it may go along."""
        stop_on = self._options.stop_on_refusal
        roles = [path.role for path in envelope.forward_paths]
        group: list[Command] = [commands.mail(envelope.reverse_path, envelope.mail_parameters, self._options.opening)]
        group += [commands.rcpt(path.address, path.rcpt_parameters) for path in envelope.forward_paths]
        # It rides behind the recipients unless a refusal could have to stop a message that others already wait for:
        # behind a 354 there is no way back but to drop the connection, and behind a last BDAT none at all.
        waits = len(roles) > 1 and any(role in stop_on for role in roles)
        if not waits and (closing := content.command) is not None:
            group.append(closing)

        pipelined = self._exchange.session.pipelines

        def meanwhile() -> None:
            content.prepare()
            # Not behind a long one, or the next would be kept from other senders while this one goes out.
            if neighbours is not None and content.short:
                neighbours.prepare()

        error: ReplyError | None = None
        telling: Reply | None = None  # the reply that the error is about
        answered = accepted = 0
        for answer in self._exchange.run(group, deadline, meanwhile):
            if answer.verb is _CONTENT:
                if neighbours is not None:
                    self._tell_verdict(neighbours, answer.reply)
                continue
            refused = refusal(answer.reply) if answer.reply.negative else None
            if answer.verb is _RCPT:
                role = roles[answered]
                answered += 1
                if refused is None:
                    accepted += 1
                    if self._untold:
                        self._tell()
                elif role in stop_on:
                    error, telling = refused, answer.reply
                    break
                else:
                    if error is None:
                        error, telling = refused, answer.reply
                    self._untold.append((refused, answer.reply))
                    # Of a server that chokes there is nothing to be told.
                    if accepted or not pipelined or error.reply_code not in OUT_OF_ORDER:
                        self._tell()
                if answered == len(roles) and not accepted:
                    break
            elif refused is not None:
                error, telling = refused, answer.reply
                break
        else:
            # Refused recipients that do not stop the message have had their Error event.
            error = None
        if error is not None:
            self._exchange.last_reply = telling
            raise error

    def _tell_verdict(self, neighbours: Neighbours, reply: Reply) -> None:
        try:
            neighbours.verdict(reply)
        except SSMTPError:
            # Behind a 354 even the empty message would be one for recipients that the server has accepted.
            self._exchange.session.connection_lost()
            raise

    def _tell(self) -> None:
        """Fire the Error events that are due; while each is fired, its reply is the last one."""
        now = self._exchange.last_reply
        while self._untold:
            self._told = True
            refused, self._exchange.last_reply = self._untold.pop(0)
            self._events.fire_error(refused)
        self._exchange.last_reply = now

    def _look_for_choking(self, error: SSMTPError) -> None:
        session = self._exchange.session
        if chokes(session, error):
            # Only what can be tried once more without doubling anything: a message or an event.
            error.choked = not (self._told or session.sends_content)
            self._connection.stop_pipelining()
        if error.choked:
            self._untold.clear()
        else:
            self._tell()

    def _give_up(self, deadline: Deadline) -> bool:
        # Nobody asked for the replies behind the refusal; the script wants to read why its message was refused.
        telling = self._exchange.last_reply
        try:
            return self._end_transaction(deadline)
        finally:
            self._exchange.last_reply = telling

    def _end_transaction(self, deadline: Deadline) -> bool:
        """End the transaction without a message; true where RSET did. Its own failure leaves the session out of step,
        which the owner of the connection sees and closes; the error to report stays the one that was there before."""
        try:
            self._exchange.drain(deadline)
        except OperationInterruptedError:
            raise
        except SSMTPError as error:
            # Whatever happens behind a refusal, a close say, ends the session; the message failed for the refusal.
            if isinstance(error, OperationTimeoutError) and chokes(self._exchange.session, error):
                self._connection.stop_pipelining()
            self._exchange.session.connection_lost()
            return False
        state = self._exchange.session.state
        try:
            if state is State.CONTENT:
                # RFC 2920 3.1: DATA was sent along and got 354 although no recipient was accepted.
                self._exchange.content((END_OF_CONTENT,), deadline)
            elif state in (State.MAIL, State.RCPT, State.FAILED) and self._options.reset_after_failure:
                return self._exchange.command(commands.RSET, deadline).positive
        except SSMTPError as error:
            self._exchange.session.connection_lost()
            self._exchange.remark(f"The transaction could not be ended: {error.message}")
        return False
