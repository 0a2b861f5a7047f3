"""The pump: the only loop that joins the sans-IO session to a stream. It fires PITrail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn

from ..catalog.enums import EventID
from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, ProtocolError, ReplyError, TLSError
from ..events import EventHub
from ..net.deadline import Deadline
from ..net.stream import Stream
from ..smtp.auth.masking import Masking
from ..smtp.commands import MASK, Command, Verb
from ..smtp.replies import Reply
from ..smtp.session import MAX_IN_FLIGHT, SERVICE_CLOSING, Answer, Session

__all__ = ["REMARK", "Exchange", "refusal"]

# Octets asked for at once: the replies to a group of commands, usually; more costs an allocation for every reply.
_READ_SIZE: Final = 8192

# Commands left in flight when more are sent: by refilling only then, a long list of recipients goes out in large writes
# and the server still never runs out of work.
_REFILL_AT: Final = MAX_IN_FLIGHT // 2

_SENDING: Final = {verb: f"sending {verb.value}" for verb in Verb}
_AWAITING: Final = {verb: f"waiting for the reply to {verb.value}" for verb in Verb} | {
    Verb.GREETING: f"waiting for {Verb.GREETING.value}"
}

# What reading a server's last words can end with instead of a reply.
_NO_LAST_WORDS: Final = (ConnectionFailedError, ProtocolError, TLSError)

# Looked up once, see session.py.
_AUTH, _CONTENT, _TRAIL = Verb.AUTH, Verb.CONTENT, EventID.PITrail

FROM_CLIENT: Final = 0
FROM_SERVER: Final = 1
REMARK: Final = 2


def refusal(reply: Reply) -> ReplyError:
    """The error for a reply that is not the one hoped for."""
    return ReplyError(reply.text, reply.code)


class Exchange:
    """Sends commands and collects their answers.

    Every call works under the :class:`Deadline` it is given. What breaks the connection or the protocol raises, and so
    does a 421; any other refusal of a command is an ordinary answer.
    """

    def __init__(self, stream: Stream, session: Session, events: EventHub) -> None:
        self.stream = stream
        self.session = session
        self.last_reply: Reply | None = None
        self.masking = Masking()
        """What the replies of an AUTH exchange must not show; servers repeat what they do not understand."""
        self._events = events

    def greeting(self, deadline: Deadline) -> Reply:
        """Await the server's greeting."""
        return self._await(deadline).reply

    def command(self, command: Command, deadline: Deadline) -> Reply:
        """Send one command and await its reply."""
        self._hear_unasked(command.verb, deadline)
        self.session.send(command)
        if command.verb is Verb.AUTH:
            self.masking.sent(command.line.decode("ascii").partition(" ")[2].partition(" ")[2])
        self._trace(FROM_CLIENT, command.trace)
        self._flush(command.verb, deadline)
        return self._await(deadline).reply

    def raw_command(self, command: Command, deadline: Deadline) -> Reply:
        """Send a command in the caller's own words and await its reply."""
        self._hear_unasked(Verb.OTHER, deadline)
        self.session.send_raw(command)
        self._trace(FROM_CLIENT, command.trace)
        self._flush(Verb.OTHER, deadline)
        return self._await(deadline).reply

    def listen(self, seconds: float, deadline: Deadline) -> None:
        """Wait ``seconds`` at most for the server to say something although nothing was asked, and take it.

        Raises :class:`ReplyError` for a 421, :class:`ConnectionFailedError` or :class:`TLSError` when the connection
        has ended, and :class:`ProtocolError` for any other reply.
        """
        deadline.doing = "listening to the server"
        self._hear(seconds, deadline)

    def _hear(self, seconds: float, deadline: Deadline) -> None:
        answer = self.session.next_answer()  # it may have come behind the last reply
        if answer is None and self.stream.readable_within(seconds, deadline):
            self.session.receive(self._read(deadline))
            answer = self.session.next_answer()
        if answer is not None:
            self._take(answer)

    def _hear_unasked(self, verb: Verb, deadline: Deadline) -> None:
        # A reply that lies here since the last command would be taken for the answer to the next one, and every answer
        # after it for the one before. With a part of one in its buffer the session refuses to send.
        deadline.doing = _SENDING[verb]
        self._hear(0, deadline)

    def sasl_response(self, line: bytes, deadline: Deadline) -> Reply:
        """Send one line of an AUTH exchange, which no trace shows, and await its reply."""
        self._hear_unasked(Verb.AUTH, deadline)
        self.session.send_response(line)
        self.masking.sent(line.decode("ascii"))
        self._trace(FROM_CLIENT, "*" if line == b"*" else MASK)
        self._flush(Verb.AUTH, deadline)
        return self._await(deadline).reply

    def run(
        self, commands: Iterable[Command], deadline: Deadline, meanwhile: Callable[[], None] | None = None
    ) -> Iterator[Answer]:
        """Send ``commands`` as close together as the server allows and give out their answers in order.

        With PIPELINING a group goes out in one write, behind a message that is held. Whoever stops taking answers has
        to :meth:`drain` the session before using it again; commands that are not sent by then are never sent.
        ``meanwhile`` is called once, while the server works on the first of them.
        """
        session = self.session
        waiting = deque(commands)
        broken: ConnectionFailedError | None = None
        cut_short = False
        while (in_flight := session.in_flight) or waiting:
            if waiting and in_flight <= _REFILL_AT:
                if not in_flight:
                    self._hear_unasked(waiting[0].verb, deadline)
                held = session.has_output
                try:
                    self._send_group(waiting, deadline)
                except ConnectionFailedError as error:
                    # A server that closes has said why: what it refused is given out, and a 421 is the error.
                    broken, cut_short = error, held
                    waiting.clear()
            if meanwhile is not None and broken is None:
                meanwhile()
                meanwhile = None
            try:
                answer = self._await(deadline)
            except _NO_LAST_WORDS:
                if broken is None:
                    raise
                raise broken from None
            if cut_short and broken is not None and answer.reply.positive:
                raise broken  # not for a message that may never have come to its end
            cut_short = False
            yield answer
        if broken is not None:
            session.connection_lost()
            raise broken

    def _send_group(self, waiting: deque[Command], deadline: Deadline) -> None:
        group = self.session.send_group(waiting)
        if group and self._events.wants(_TRAIL):
            for command in group:
                self._trace(FROM_CLIENT, command.trace)
        if self.session.has_output:
            self._write(group[-1].verb if group else _CONTENT, deadline)

    def drain(self, deadline: Deadline) -> None:
        """Take the answers still outstanding, so that the session is in step again."""
        while self.session.in_flight:
            self._await(deadline)

    def content(self, pieces: Iterable[bytes | memoryview], deadline: Deadline) -> Reply:
        """Send the message, end-of-content dot included, and await the reply to it."""
        self.send_content(pieces, deadline)
        return self.content_reply(deadline)

    def content_reply(self, deadline: Deadline) -> Reply:
        """Await the reply to the message that was sent last."""
        if self.session.has_output:
            self._flush(_CONTENT, deadline)
        return self._await(deadline).reply

    def send_content(self, pieces: Iterable[bytes | memoryview], deadline: Deadline) -> None:
        """Send the message, end-of-content dot included. Its reply is the next one to be awaited."""
        self._hear_unasked(_CONTENT, deadline)
        self.session.content_begins()
        try:
            for piece in pieces:
                self.stream.write(piece, deadline)
        except ConnectionFailedError as error:
            self.session.content_sent()
            self._explain(error, deadline)
        self.session.content_sent()

    def hold_content(self, content: bytes | memoryview, deadline: Deadline) -> None:
        """As :meth:`send_content`, for a whole short message, which then goes out in one write with what follows it."""
        self._hear_unasked(_CONTENT, deadline)
        self.session.content_begins()
        self.session.content_sent(content)

    def chunks(self, chunks: Iterable[tuple[Command, Iterable[bytes | memoryview]]], deadline: Deadline) -> Reply:
        """Send the message chunk by chunk: each a BDAT, and the pieces that it does not carry itself.

        With PIPELINING a chunk goes out while the one before is answered. Returns the reply to the last chunk, or the
        first refusal: then no other chunk is sent (RFC 3030 section 2), and the session has to be drained.
        """
        session = self.session
        for command, pieces in chunks:
            # No more than one unanswered: a refusal should be heard before much is sent in vain.
            while session.in_flight > 1 or not session.may_send(command):
                reply = self._await(deadline).reply
                if not reply.positive:
                    return reply
            self._chunk(command, pieces, deadline)
        reply = self._await(deadline).reply
        while reply.positive and session.in_flight:
            reply = self._await(deadline).reply
        return reply

    def check_pairing(self) -> None:
        """Raise :class:`ProtocolError` where a refusal is left over behind the reply to a last chunk.

        With PIPELINING a reply too many moves all behind it on by one, and those to chunks look like any other. Behind
        DATA it is the 354 that shows it.
        """
        if self.session.refusal_left:
            raise ProtocolError("The server sent a refusal behind its last reply; it may be the one to the message.")

    def _chunk(self, command: Command, pieces: Iterable[bytes | memoryview], deadline: Deadline) -> None:
        self.session.send(command)
        self._trace(FROM_CLIENT, command.trace)
        deadline.doing = "sending the message"
        try:
            self.stream.write(self.session.data_to_send(), deadline)
            for piece in pieces:
                self.session.send_content(piece)
                self.stream.write(self.session.data_to_send(), deadline)
        except ConnectionFailedError as error:
            self._explain(error, deadline)

    def _explain(self, error: ConnectionFailedError, deadline: Deadline) -> NoReturn:
        # A server that closes says why before it does, often with a 421; that text is worth more than EPIPE.
        reply: Reply | None = None
        try:
            while self.session.in_flight and (reply is None or reply.positive):
                reply = self._await(deadline).reply
        except _NO_LAST_WORDS:
            raise error from None
        self.session.connection_lost()
        if reply is None or reply.positive or reply.intermediate:
            raise error  # not for a message that never came to its end
        raise refusal(reply) from error

    def _flush(self, verb: Verb, deadline: Deadline) -> None:
        try:
            self._write(verb, deadline)
        except ConnectionFailedError as error:
            self._explain(error, deadline)

    def _write(self, last: Verb, deadline: Deadline) -> None:
        deadline.doing = _SENDING[last]
        self.stream.write(self.session.data_to_send(), deadline)

    def _await(self, deadline: Deadline) -> Answer:
        session = self.session
        answer = session.next_answer()
        while answer is None:
            awaited = session.awaited
            if awaited is None:
                raise AssertionError("nothing is in flight")
            deadline.doing = _AWAITING[awaited]
            session.receive(self._read(deadline))
            answer = session.next_answer()
        if answer.verb is not _AUTH:
            self._take(answer)
            return answer
        shown = answer._replace(reply=self.masking.hide(answer.reply))
        self._take(shown)
        # A challenge has to reach the mechanism as it came.
        return answer if answer.reply.intermediate else shown

    def _read(self, deadline: Deadline) -> bytes:
        data = self.stream.read(_READ_SIZE, deadline)
        if not data:
            raise ConnectionFailedError(
                ErrorCode.CONNECTION_DROPPED, f"The server closed the connection while {deadline.doing}."
            )
        return data

    def _take(self, answer: Answer) -> None:
        self.last_reply = answer.reply
        if self._events.wants(_TRAIL):
            for line in answer.reply.lines:
                self._trace(FROM_SERVER, line)
        if answer.reply.code == SERVICE_CLOSING:
            raise refusal(answer.reply)

    def remark(self, text: str) -> None:
        """Tell the trace what the library does by itself."""
        self._trace(REMARK, text)

    def _trace(self, direction: int, message: str) -> None:
        if self._events.wants(_TRAIL):
            self._events.fire(_TRAIL, direction=direction, message=message)
