"""The session: any octets from the server, in any pieces, between commands in any order.

An input is what the server sends, a NUL, and what happens, one octet each: a letter of ``COMMANDS`` sends that command,
one of ``RAW`` a line in the caller's own words, ``r`` a SASL response, ``c`` the message, ``p`` a piece of the chunk
begun, ``t`` says that TLS began, ``l`` that the connection is lost, and every other octet is the number of octets that
arrive next.
"""

from __future__ import annotations

from collections import deque

from fuzz.error_text import check_error
from ssmtp_compat.errors import ProtocolError, ReplyError
from ssmtp_compat.smtp import commands
from ssmtp_compat.smtp.commands import Command, Verb
from ssmtp_compat.smtp.session import MAX_IN_FLIGHT, Answer, Session
from ssmtp_compat.smtp.transitions import State

COMMANDS = {
    "E": commands.ehlo("client.example.test"),
    "H": commands.helo("client.example.test"),
    "S": commands.STARTTLS,
    "A": commands.auth("PLAIN", b"\0user\0secret"),
    "M": commands.mail("alice@example.test"),
    "R": commands.rcpt("bob@example.test"),
    "D": commands.DATA,
    "X": commands.RSET,
    "N": commands.NOOP,
    "V": commands.vrfy("bob"),
    "P": commands.expn("team"),
    "T": commands.mail("alice@example.test", verb=Verb.SEND),
    "O": commands.mail("alice@example.test", verb=Verb.SOML),
    "U": commands.mail("alice@example.test", verb=Verb.SAML),
    "B": commands.bdat(3, b"abc", last=False),
    "C": commands.bdat(5, b"abc", last=False),
    "K": commands.bdat(5, b"", last=True),
    "L": commands.bdat(3, b"abc", last=True),
    "Z": commands.bdat(0, b"", last=True),
    "Q": commands.QUIT,
}
RAW = {
    "h": commands.raw("HELP"),
    "e": commands.raw("EHLO client.example.test"),
    "m": commands.raw("MAIL FROM:<alice@example.test>"),
    "x": commands.raw("RSET"),
    "q": commands.raw("QUIT"),
}
CHUNKS = (Verb.BDAT, Verb.BDAT_LAST)
OPEN = (State.IDLE, State.MAIL, State.RCPT)
MAX_LINE = 256


def fuzz(data: bytes) -> None:
    from_server, _, script = data.partition(b"\0")
    play(from_server, script)


def play(from_server: bytes, script: bytes) -> None:
    """Let it all happen, up to the first error that says that the connection has to be closed."""
    dialogue = Dialogue(from_server)
    try:
        for octet in script:
            dialogue.happen(chr(octet))
        dialogue.arrive(len(from_server))
    except ProtocolError as error:
        check_error(error)
    except ReplyError:  # its text is the server's own
        pass


class Dialogue:
    """A session, and what each reply has to be paired with."""

    def __init__(self, from_server: bytes) -> None:
        self._session = Session(MAX_LINE)
        self._coming = from_server
        self._expected: deque[Command | None] = deque([None])
        self._transaction = False
        self._chunk_left = 0
        self._chunk_refused = False
        self._answers = 0
        self._line_ends = from_server.count(b"\n")

    @property
    def closed(self) -> bool:
        return self._session.state is State.CLOSED

    def happen(self, what: str) -> None:
        if what in COMMANDS:
            self._send(COMMANDS[what])
        elif what in RAW:
            self._send_raw(RAW[what])
        elif what == "p":
            if self._may(lambda: self._session.send_content(b"d")):
                self._chunk_left -= 1
                assert self._session.data_to_send() == b"d"
        elif what == "l":
            self._session.connection_lost()
            self._expected.clear()
        elif what == "r":
            if self._may(lambda: self._session.send_response(b"c2VjcmV0")):
                self._expected.append(None)
                assert self._session.data_to_send() == b"c2VjcmV0\r\n"
        elif what == "c":
            if self._may(self._session.content_begins):
                self._session.content_sent()
                self._expected.append(None)
        elif what == "t":
            self._may(self._session.tls_started)
        else:
            self.arrive(ord(what))

    def arrive(self, octets: int) -> None:
        arrived, self._coming = self._coming[:octets], self._coming[octets:]
        self._session.receive(arrived)
        while (answer := self._session.next_answer()) is not None:
            self._answers += 1
            if self._expected:
                expected = self._expected.popleft()
                assert (answer.command and answer.command.line) == (expected and expected.line)
                self._follow(answer)
            else:
                assert answer.reply.code == 421
            if answer.reply.code == 421:
                assert self._session.state is State.CLOSED
                self._expected.clear()
        assert self._session.in_flight == len(self._expected) <= MAX_IN_FLIGHT
        assert self._answers <= self._line_ends

    def _follow(self, answer: Answer) -> None:
        if not answer.reply.positive:
            self._chunk_refused |= answer.verb in CHUNKS and self._transaction
        elif answer.verb in commands.OPENING:
            self._transaction = True
        elif answer.verb in (Verb.RSET, Verb.BDAT_LAST, Verb.CONTENT):
            self._transaction = False

    def _send(self, command: Command) -> None:
        if self._may(lambda: self._session.send(command)):
            self._sent(command)

    def _send_raw(self, command: Command) -> None:
        # Raw commands come one at a time, over an open session.
        if self._session.in_flight or self._session.state not in OPEN:
            return
        self._session.send_raw(command)
        self._sent(command)

    def _sent(self, command: Command) -> None:
        assert self._chunk_left >= 0, "a chunk has more octets than it announced"
        assert self._chunk_left == 0, "a command in the middle of a chunk"
        if command.verb in CHUNKS:
            assert not self._chunk_refused, "RFC 3030 2: only RSET may follow a chunk that was refused"
        elif command.verb is Verb.RSET:
            self._chunk_refused = False
        self._chunk_left = command.chunk_octets - len(command.content)
        self._expected.append(command)
        assert self._session.data_to_send() == command.line + b"\r\n" + bytes(command.content)

    def _may(self, action) -> bool:
        """Whether ``action`` fits the state. One that does not leaves no trace."""
        before = (self._session.state, self._session.in_flight)
        try:
            action()
        except AssertionError:
            assert (self._session.state, self._session.in_flight) == before
            assert self._session.data_to_send() == b""
            return False
        return True
