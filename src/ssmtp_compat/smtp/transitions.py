"""The states of an SMTP session (RFC 5321), and where each reply to each command leads from them."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from .commands import OPENING, Verb

__all__ = ["HOPED_FOR", "KINDS", "SENDABLE", "TRANSITIONS", "Kind", "State"]


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


class Kind(Enum):
    """What a reply says by its first digit."""

    __hash__ = object.__hash__  # as in Verb

    POSITIVE = auto()
    INTERMEDIATE = auto()
    NEGATIVE = auto()


_P, _I, _N = Kind.POSITIVE, Kind.INTERMEDIATE, Kind.NEGATIVE
KINDS: Final = {2: _P, 3: _I, 4: _N, 5: _N}
"""By the first digit of a reply's code."""
_S, _V = State, Verb

TRANSITIONS: Final[dict[tuple[State, Verb, Kind], State]] = {
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
"""From the state, what was asked and the kind of reply to the next state. What is missing here is a breach of the
protocol by the server."""

SENDABLE: Final[dict[State, frozenset[Verb]]] = {
    state: frozenset(verb for (at, verb, _) in TRANSITIONS if at is state) for state in State
}
"""What may be sent once all that is in flight has gone well. AUTH, TLS and CLOSED take no command."""
# There a chunk may be answered that was sent before the refusal was here, but none may be sent.
SENDABLE[State.FAILED] -= {Verb.BDAT, Verb.BDAT_LAST}
HOPED_FOR: Final[dict[Verb, State]] = {
    **dict.fromkeys(OPENING, State.MAIL),
    Verb.RCPT: State.RCPT,
    Verb.BDAT: State.CHUNKS,
    Verb.BDAT_LAST: State.IDLE,
    Verb.RSET: State.IDLE,
}
"""The state behind a command, once all has gone well, where it is another one."""
