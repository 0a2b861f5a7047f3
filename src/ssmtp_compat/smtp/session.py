"""The client's side of an SMTP session (RFC 5321) as a state machine without I/O.

Everything that decides what may be sent and what a reply means lives in this file and in the table of
:mod:`~ssmtp_compat.smtp.transitions`, and nothing else does: no socket, no clock, no thread. Bytes that arrive go into
:meth:`Session.receive`, answers come out of :meth:`Session.next_answer`; commands go into :meth:`Session.send`, bytes
come out of :meth:`Session.data_to_send`.

With PIPELINING (RFC 2920) several commands are in flight, and each reply is paired with the oldest of them. A reply
that nothing asked for, or that no command of its kind can have, raises :class:`ProtocolError`: from then on replies may
be out of step and the connection has to be closed.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from ..errors import ProtocolError, ReplyError
from .auth.exchange import MAX_CHALLENGE_LINE
from .commands import OPENING, Command, Verb
from .extensions import Extensions
from .replies import Reply, ReplyParser
from .transitions import HOPED_FOR, KINDS, SENDABLE, TRANSITIONS, Kind, State

__all__ = ["Answer", "Session"]

# Commands in flight at once. The replies to so many commands (at most 512 octets each, usually 30) fit into any
# socket's receive buffer, so that the server never blocks on writing replies while this side blocks on writing.
MAX_IN_FLIGHT: Final = 100

SERVICE_CLOSING: Final = 421

# Looked up once: in the class, as Python 3.11 has enumerations, it takes ten times as long, and every reply needs them.
_FAILED, _TLS, _CONTENT_STATE, _IDLE = State.FAILED, State.TLS, State.CONTENT, State.IDLE
_AUTH, _CONTENT = Verb.AUTH, Verb.CONTENT
_POSITIVE: Final = Kind.POSITIVE
_GREETINGS: Final = (Verb.EHLO, Verb.HELO)


class Answer(NamedTuple):
    """A reply, paired with what it answers. ``command`` is None for the greeting and for the end of the message."""

    verb: Verb
    command: Command | None
    reply: Reply


class Session:
    """One session, from the server's greeting to the reply to QUIT.

    ``max_line`` is the longest reply line accepted, in octets; a challenge may be as long as RFC 4954 lets it be.
    Without ``use_pipelining`` an offer of PIPELINING is not taken up.
    """

    def __init__(self, max_line: int = 2048, *, use_pipelining: bool = True) -> None:
        self._max_line = max_line
        self.state = State.GREETING
        self.extensions = Extensions()
        self._parser = ReplyParser(max_line)
        self._use_pipelining = use_pipelining
        self.pipelines = False
        """Whether several commands may be in flight: the server offers PIPELINING, and it is to be used. To be read."""
        self._in_flight: deque[tuple[Verb, Command | None]] = deque([(Verb.GREETING, None)])
        self._hoped = State.GREETING
        self._output: list[bytes | memoryview] = []
        self._chunk_left = 0
        """Octets of the chunk begun that are still to be sent; until then nothing else may be."""

    @property
    def in_flight(self) -> int:
        """How many replies are outstanding, the greeting and the reply to the message included."""
        return len(self._in_flight)

    @property
    def awaited(self) -> Verb | None:
        """What the next reply will answer; None when nothing is in flight."""
        return self._in_flight[0][0] if self._in_flight else None

    @property
    def sends_content(self) -> bool:
        """Whether a message, or a chunk of one, has been sent whose reply is outstanding."""
        return any(verb in (Verb.CONTENT, Verb.BDAT, Verb.BDAT_LAST) for verb, _ in self._in_flight)

    @property
    def refusal_left(self) -> bool:
        """Whether a refusal is here that answers nothing: the replies before it may answer other commands."""
        return not self._in_flight and self._parser.begins_refusal

    def stop_pipelining(self) -> None:
        """Take up no offer of PIPELINING any more; what is in flight stays so."""
        self._use_pipelining = self.pipelines = False

    def may_send(self, command: Command) -> bool:
        """Whether ``command`` may be sent now without awaiting a reply first."""
        if self._chunk_left:
            return False
        in_flight = self._in_flight
        if not in_flight:
            return True
        if not self.pipelines or len(in_flight) >= MAX_IN_FLIGHT:
            return False
        verb, last = in_flight[-1]
        if verb is _CONTENT:
            # RFC 2920 3.1: behind a message a new group may begin at once.
            return command.verb in OPENING
        return last is not None and not last.ends_group

    def send_raw(self, command: Command) -> None:
        """Queue a command in the caller's own words. Whether it fits the state is for the server to say."""
        if command.verb not in SENDABLE[self.state]:
            command = command._replace(verb=Verb.OTHER)
        self.send(command)

    def send(self, command: Command) -> None:
        """Queue ``command`` for sending. A command that does not fit the state is a defect of the caller."""
        self._refuse_early_reply()
        if not self.may_send(command):
            raise AssertionError(f"{command.verb.name} has to wait for a reply")
        self._queue(command)

    def send_group(self, waiting: deque[Command]) -> list[Command]:
        """Queue those of ``waiting`` that may be sent now, take them out of there, and return them."""
        self._refuse_early_reply()
        group: list[Command] = []
        while waiting and self.may_send(waiting[0]):
            command = waiting.popleft()
            self._queue(command)
            group.append(command)
        return group

    def _queue(self, command: Command) -> None:
        verb = command.verb
        planned = self._hoped if self._in_flight else self.state
        if verb not in SENDABLE[planned]:
            raise AssertionError(f"{verb.name} does not fit {planned.name}")
        self._hoped = HOPED_FOR.get(verb, planned)
        self._in_flight.append((verb, command))
        self._output.append(command.line + b"\r\n")
        if command.chunk_octets:
            self._chunk_left = command.chunk_octets
            self.send_content(command.content)

    def send_content(self, piece: bytes | memoryview) -> None:
        """Queue octets of the chunk that the last BDAT began. More than it announced is a defect of the caller."""
        if len(piece) > self._chunk_left:
            raise AssertionError(f"{len(piece)} octets do not fit a chunk that lacks {self._chunk_left}")
        self._chunk_left -= len(piece)
        self._output.append(piece)

    def send_response(self, line: bytes) -> None:
        """Queue one line of an AUTH exchange: a base64 response, or ``*`` to cancel (RFC 4954 section 4)."""
        if self.state is not State.AUTH or self._in_flight:
            raise AssertionError(f"a SASL response does not fit {self.state.name}")
        self._refuse_early_reply()
        self._in_flight.append((Verb.AUTH, None))
        self._output.append(line + b"\r\n")

    def content_begins(self) -> None:
        """Say that the message is about to be sent. A reply to it that is here already answers nothing."""
        if self.state is not _CONTENT_STATE or self._in_flight:
            raise AssertionError(f"a message does not fit {self.state.name}")
        self._refuse_early_reply()

    def content_sent(self, held: bytes | memoryview = b"") -> None:
        """Say that the message with its end-of-content dot is on its way, so that its reply is awaited.

        ``held`` is what of it is not: it goes out with what is sent next.
        """
        if self.state is not _CONTENT_STATE or self._in_flight:
            raise AssertionError(f"a message does not fit {self.state.name}")
        self._in_flight.append((_CONTENT, None))
        self._hoped = _IDLE
        if held:
            self._output.append(held)

    def connection_lost(self) -> None:
        """Say that nothing can be sent any more, although the server's last words made sense."""
        self.state = State.CLOSED
        self._in_flight.clear()
        self._output.clear()

    def _refuse_early_reply(self) -> None:
        # What is here before anything is asked would be taken for the answer to the next command.
        if self._in_flight or self._parser.empty:
            return
        answer = self.next_answer()
        if answer is None:
            raise ProtocolError("The server sent octets behind its last reply that nothing asked for.")
        raise ReplyError(answer.reply.text, answer.reply.code)

    @property
    def has_output(self) -> bool:
        """Whether octets wait for :meth:`data_to_send`."""
        return bool(self._output)

    def data_to_send(self) -> bytes:
        """Take the octets that are to be sent now, in one write."""
        data = b"".join(self._output)
        self._output.clear()
        return data

    def receive(self, data: bytes) -> None:
        """Take octets from the server."""
        self._parser.feed(data)

    def next_answer(self) -> Answer | None:
        """The next answer that the octets received so far complete, or None while more are needed."""
        parser = self._parser
        if not parser.data:
            return None
        in_flight = self._in_flight
        sasl = bool(in_flight) and in_flight[0][0] is _AUTH
        if sasl is parser.quotes:
            parser.quotes = not sasl  # what it repeats of an exchange may be a password
            parser.max_line = max(self._max_line, MAX_CHALLENGE_LINE) if sasl else self._max_line
        reply = parser.next_reply()
        return None if reply is None else self._pair(reply)

    def tls_started(self) -> None:
        """Forget what was learned in the clear (RFC 3207 section 4.2); EHLO has to be sent again."""
        if self.state is not State.TLS:
            raise AssertionError(f"TLS does not fit {self.state.name}")
        self.state = State.GREETED
        self._learn(Extensions())

    def _learn(self, extensions: Extensions) -> None:
        self.extensions = extensions
        self.pipelines = self._use_pipelining and "PIPELINING" in extensions

    def _pair(self, reply: Reply) -> Answer:
        if not self._in_flight:
            if reply.code == SERVICE_CLOSING:
                self.state = State.CLOSED
                return Answer(Verb.NOOP, None, reply)
            raise ProtocolError(f"The server sent a reply that nothing asked for: {reply.excerpt}")
        verb, command = self._in_flight.popleft()
        if reply.code == SERVICE_CLOSING:
            # RFC 5321 3.8: may answer any command, and the connection ends behind it.
            self.state = State.CLOSED
            self._in_flight.clear()
            return Answer(verb, command, reply)
        kind = KINDS[reply.code // 100]
        following = TRANSITIONS.get((self.state, verb, kind))
        if following is None:
            raise ProtocolError(f"The server answered {verb.value} with {reply.excerpt}, which does not fit.")
        self.state = following
        if following is _FAILED and all(other is not Verb.RSET for other, _ in self._in_flight):
            self._hoped = following  # whatever else is in flight
        if verb in _GREETINGS and kind is _POSITIVE:
            self._learn(Extensions.from_ehlo(reply) if verb is Verb.EHLO else Extensions())
        elif following is _TLS and not self._parser.empty:
            # RFC 3207 4.2 and the CVE-2011-0411 class: whatever stands behind the 220 came in the clear.
            raise ProtocolError("The server sent more behind its answer to STARTTLS; that may be an injection.")
        return Answer(verb, command, reply)
