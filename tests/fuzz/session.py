"""The session: any octets from the server, in any pieces, between commands in any order.

An input is what the server sends, a NUL, and what happens, one octet each: a letter of ``COMMANDS`` sends that command,
``r`` a SASL response, ``c`` the message, ``t`` says that TLS began, and every other octet is the number of octets that
arrive next.
"""

from __future__ import annotations

from collections import deque

from fuzz.error_text import check_error
from ssmtp_compat.errors import ProtocolError, ReplyError
from ssmtp_compat.smtp import commands
from ssmtp_compat.smtp.commands import Command
from ssmtp_compat.smtp.session import MAX_IN_FLIGHT, Session, State

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
    "Q": commands.QUIT,
}
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
        self._answers = 0
        self._line_ends = from_server.count(b"\n")

    @property
    def closed(self) -> bool:
        return self._session.state is State.CLOSED

    def happen(self, what: str) -> None:
        if what in COMMANDS:
            self._send(COMMANDS[what])
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
                assert answer.command is self._expected.popleft()
            else:
                assert answer.reply.code == 421
            if answer.reply.code == 421:
                assert self._session.state is State.CLOSED
                self._expected.clear()
        assert self._session.in_flight == len(self._expected) <= MAX_IN_FLIGHT
        assert self._answers <= self._line_ends

    def _send(self, command: Command) -> None:
        if self._may(lambda: self._session.send(command)):
            self._expected.append(command)
            assert self._session.data_to_send() == command.line + b"\r\n"

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
