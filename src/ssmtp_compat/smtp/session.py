"""The client's side of an SMTP session (RFC 5321) as a state machine without I/O.

Everything that decides what may be sent and what a reply means lives in this file, and nothing else does: no socket, no
clock, no thread. Bytes that arrive go into :meth:`Session.receive`, answers come out of :meth:`Session.next_answer`;
commands go into :meth:`Session.send`, bytes come out of :meth:`Session.data_to_send`.

With PIPELINING (RFC 2920) several commands are in flight, and each reply is paired with the oldest of them. A reply
that nothing asked for, or that no command of its kind can have, raises :class:`ProtocolError`: from then on replies may
be out of step and the connection has to be closed.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final, NamedTuple

from ..errors import ProtocolError, ReplyError
from .auth.exchange import MAX_CHALLENGE_LINE
from .commands import OPENING, Command, Verb
from .extensions import Extensions
from .replies import Reply, ReplyParser

__all__ = ["Answer", "Session", "State"]

# Commands in flight at once. The replies to so many commands (at most 512 octets each, usually 30) fit into any
# socket's receive buffer, so that the server never blocks on writing replies while this side blocks on writing.
MAX_IN_FLIGHT: Final = 100

SERVICE_CLOSING: Final = 421


class State(Enum):
    """Where the session stands, as far as replies have confirmed it."""

    __hash__ = object.__hash__  # as in Verb

    GREETING = auto()
    """Connected; the server speaks first."""
    GREETED = auto()
    """Neither EHLO nor HELO has been accepted yet, or TLS has begun since."""
    IDLE = auto()
    """Ready for a transaction."""
    MAIL = auto()
    """MAIL, or another of ``OPENING``, is accepted, no recipient is."""
    RCPT = auto()
    """At least one recipient is accepted."""
    CONTENT = auto()
    """The server waits for the message."""
    CHUNKS = auto()
    """A part of the message is accepted; what is missing follows with BDAT (RFC 3030)."""
    FAILED = auto()
    """A chunk is refused; no other may follow, and RSET has to clear the transaction (RFC 3030 section 2)."""
    AUTH = auto()
    """The server waits for the answer to a challenge."""
    TLS = auto()
    """STARTTLS is accepted; the next octet belongs to the TLS handshake."""
    CLOSED = auto()
    """QUIT is answered, or the server is closing (421)."""


class _Kind(Enum):
    __hash__ = object.__hash__  # as in Verb

    POSITIVE = auto()
    INTERMEDIATE = auto()
    NEGATIVE = auto()


_P, _I, _N = _Kind.POSITIVE, _Kind.INTERMEDIATE, _Kind.NEGATIVE
_KINDS: Final = {2: _P, 3: _I, 4: _N, 5: _N}
_S, _V = State, Verb
# Looked up once: in the class, as Python 3.11 has enumerations, it takes ten times as long, and every reply needs them.
_FAILED, _TLS, _CONTENT_STATE, _IDLE = State.FAILED, State.TLS, State.CONTENT, State.IDLE
_AUTH, _CONTENT = Verb.AUTH, Verb.CONTENT
_GREETINGS: Final = (Verb.EHLO, Verb.HELO)

# (state, what was asked, kind of reply) -> next state. What is missing here is a breach of the protocol by the server.
TRANSITIONS: Final[dict[tuple[State, Verb, _Kind], State]] = {
    (_S.GREETING, _V.GREETING, _P): _S.GREETED,
    (_S.GREETING, _V.GREETING, _N): _S.GREETED,  # RFC 5321 3.1: 554, after which only QUIT makes sense
    **{
        (state, verb, kind): _S.IDLE if kind is _P else state
        for state in (_S.GREETED, _S.IDLE)
        for verb in (_V.EHLO, _V.HELO)
        for kind in (_P, _N)
    },
    (_S.IDLE, _V.STARTTLS, _P): _S.TLS,
    (_S.IDLE, _V.STARTTLS, _N): _S.IDLE,
    (_S.IDLE, _V.AUTH, _P): _S.IDLE,
    (_S.IDLE, _V.AUTH, _I): _S.AUTH,
    (_S.IDLE, _V.AUTH, _N): _S.IDLE,
    (_S.AUTH, _V.AUTH, _P): _S.IDLE,
    (_S.AUTH, _V.AUTH, _I): _S.AUTH,
    (_S.AUTH, _V.AUTH, _N): _S.IDLE,
    **{(_S.IDLE, verb, _P): _S.MAIL for verb in OPENING},
    **{(_S.IDLE, verb, _N): _S.IDLE for verb in OPENING},
    (_S.IDLE, _V.RCPT, _N): _S.IDLE,  # sent behind a MAIL that was refused
    (_S.MAIL, _V.RCPT, _P): _S.RCPT,
    (_S.MAIL, _V.RCPT, _N): _S.MAIL,
    (_S.RCPT, _V.RCPT, _P): _S.RCPT,
    (_S.RCPT, _V.RCPT, _N): _S.RCPT,
    (_S.IDLE, _V.DATA, _N): _S.IDLE,
    (_S.MAIL, _V.DATA, _N): _S.MAIL,
    (_S.MAIL, _V.DATA, _I): _S.CONTENT,  # no recipient, and yet 354: RFC 2920 3.1 wants the empty message then
    (_S.RCPT, _V.DATA, _N): _S.RCPT,
    (_S.RCPT, _V.DATA, _I): _S.CONTENT,
    (_S.CONTENT, _V.CONTENT, _P): _S.IDLE,
    (_S.CONTENT, _V.CONTENT, _N): _S.IDLE,
    **{(state, _V.BDAT, _P): _S.CHUNKS for state in (_S.RCPT, _S.CHUNKS)},
    **{(state, _V.BDAT_LAST, _P): _S.IDLE for state in (_S.RCPT, _S.CHUNKS)},
    (_S.MAIL, _V.BDAT_LAST, _P): _S.FAILED,  # sent behind recipients that were all refused: a message for nobody
    **{
        (state, verb, _N): _S.IDLE if state is _S.IDLE else _S.FAILED
        for state in (_S.IDLE, _S.MAIL, _S.RCPT, _S.CHUNKS, _S.FAILED)
        for verb in (_V.BDAT, _V.BDAT_LAST)
    },
    **{(state, _V.RSET, _P): _S.IDLE for state in (_S.IDLE, _S.MAIL, _S.RCPT, _S.FAILED)},
    **{(state, _V.RSET, _N): state for state in (_S.IDLE, _S.MAIL, _S.RCPT, _S.FAILED)},
    (_S.GREETED, _V.RSET, _P): _S.GREETED,
    (_S.GREETED, _V.RSET, _N): _S.GREETED,
    **{(state, _V.NOOP, kind): state for state in (_S.GREETED, _S.IDLE, _S.MAIL, _S.RCPT) for kind in (_P, _N)},
    # RFC 5321 4.1.4: these may come at any time, and do not touch a transaction. Of OTHER nobody can know.
    **{
        (state, verb, kind): state
        for state in (_S.IDLE, _S.MAIL, _S.RCPT)
        for verb in (_V.VRFY, _V.EXPN, _V.OTHER)
        for kind in (_P, _N)
    },
    **{
        (state, _V.QUIT, kind): _S.CLOSED
        for state in (_S.GREETED, _S.IDLE, _S.MAIL, _S.RCPT, _S.FAILED)
        for kind in (_P, _N)
    },
}

# What may be sent once all that is in flight has gone well. State.AUTH, TLS and CLOSED take no command.
_SENDABLE: Final[dict[State, frozenset[Verb]]] = {
    state: frozenset(verb for (at, verb, _) in TRANSITIONS if at is state) for state in State
}
# There a chunk may be answered that was sent before the refusal was here, but none may be sent.
_SENDABLE[State.FAILED] -= {Verb.BDAT, Verb.BDAT_LAST}
_HOPED_FOR: Final[dict[Verb, State]] = {
    **dict.fromkeys(OPENING, State.MAIL),
    Verb.RCPT: State.RCPT,
    Verb.BDAT: State.CHUNKS,
    Verb.BDAT_LAST: State.IDLE,
    Verb.RSET: State.IDLE,
}


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
        if command.verb not in _SENDABLE[self.state]:
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
        if verb not in _SENDABLE[planned]:
            raise AssertionError(f"{verb.name} does not fit {planned.name}")
        self._hoped = _HOPED_FOR.get(verb, planned)
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
        kind = _KINDS[reply.code // 100]
        following = TRANSITIONS.get((self.state, verb, kind))
        if following is None:
            raise ProtocolError(f"The server answered {verb.value} with {reply.excerpt}, which does not fit.")
        self.state = following
        if following is _FAILED and all(other is not Verb.RSET for other, _ in self._in_flight):
            self._hoped = following  # whatever else is in flight
        if verb in _GREETINGS and kind is _P:
            self._learn(Extensions.from_ehlo(reply) if verb is Verb.EHLO else Extensions())
        elif following is _TLS and not self._parser.empty:
            # RFC 3207 4.2 and the CVE-2011-0411 class: whatever stands behind the 220 came in the clear.
            raise ProtocolError("The server sent more behind its answer to STARTTLS; that may be an injection.")
        return Answer(verb, command, reply)
