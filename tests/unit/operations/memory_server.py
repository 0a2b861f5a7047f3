"""An SMTP server without sockets: it answers inside the client's own writes, and badly where it is told to."""

from __future__ import annotations

from collections.abc import Mapping

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationTimeoutError
from ssmtp_compat.net.deadline import Deadline

ENDING = ("421", "close", "half a reply", "refuse and close", "reset")
UNASKED = ("a 250 too many", "a 354 too many")
FAULTS = ("450", "503", "530", "550", "354", "251", "garbage", *ENDING, *UNASKED)


class MemoryServer:
    """``faults`` says which of its replies, counted from 0 over all its connections, go wrong, and how."""

    def __init__(self, keywords: list[str], faults: Mapping[int, str]) -> None:
        self.keywords = keywords
        self.faults = faults
        self.answered: list[tuple[str, str]] = []
        """Every step and what became of its reply."""
        self.delivered: list[tuple[list[str], bytes]] = []
        """Recipients and content of the messages that were taken, in answers that the client could read."""
        self.refused: list[str] = []
        """Recipients that were refused inside the last transaction."""
        self.sessions: list[MemorySession] = []

    def connect(self, options: object, deadline: Deadline) -> MemorySession:
        """In place of ``net.tcp.connect``."""
        session = MemorySession(self)
        self.sessions.append(session)
        session.answer("GREETING", "220 hi")
        return session


class MemorySession:
    """One connection, seen from the client as its stream."""

    local_address = peer_address = "127.0.0.1"
    local_port = 1

    def __init__(self, server: MemoryServer) -> None:
        self.commands: list[str] = []
        self.outbox = b""
        self.ended = False
        self._server = server
        self._inbox = b""
        self._reset = False
        self._mail = False
        self._rcpts: list[str] = []
        self._content: bytes | None = None
        self._chunks = b""

    # The stream

    def read(self, limit: int, deadline: Deadline) -> bytes:
        if not self.outbox and self._reset:
            raise ConnectionFailedError(ErrorCode.WSAECONNRESET, deadline.doing)
        if not self.outbox and not self.ended:
            raise OperationTimeoutError(f"The client would wait for ever while {deadline.doing}.")
        data, self.outbox = self.outbox[:limit], self.outbox[limit:]
        return data

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return bool(self.outbox) or self.ended

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        if self._reset:
            raise ConnectionFailedError(ErrorCode.WSAECONNRESET, deadline.doing)
        self._reset = self.ended  # the first write behind a close goes out, and brings a reset
        self._inbox += bytes(data)
        while self._inbox and not self.ended and self._step():
            pass

    def close(self) -> None:
        self._reset = self.ended = True

    abort = close

    # The dialogue

    def answer(self, step: str, reply: str) -> bool:
        """Reply, or do what comes instead; whether the client is told yes, a 2yz or the 354 of DATA."""
        fault = self._server.faults.get(len(self._server.answered), "")
        self._server.answered.append((step, fault))
        if fault.isdigit():
            reply = f"{fault} {step}"
        elif fault == "refuse and close":
            reply = f"554 {step}"
        elif fault in UNASKED:
            reply += f"\r\n{fault[2:5]} who asked?"
        elif fault == "garbage":
            reply = "what?"
        self.ended = fault in ENDING
        self._reset = fault == "reset"
        if fault == "half a reply":
            self.outbox += b"25"
        elif fault not in ("close", "reset"):
            self.outbox += reply.encode() + b"\r\n"
            return reply.startswith("354" if step == "DATA" else "2")
        return False

    def _step(self) -> bool:
        """Take a command or a content; False while it is incomplete."""
        if self._content is not None:
            return self._take_content()
        line, end, rest = self._inbox.partition(b"\r\n")
        if not end:
            return False
        command = line.decode()
        verb, _, argument = command.partition(" ")
        if verb == "BDAT":
            return self._take_chunk(command, int(argument.split()[0]), rest)
        self._inbox = rest
        self.commands.append(command)
        if verb == "EHLO":
            self.answer("EHLO", "".join(f"250-{line}\r\n" for line in ("hi", *self._server.keywords)) + "250 HELP")
        elif verb == "MAIL":
            assert not self._mail, "a transaction inside another"
            self._mail = self.answer("MAIL", "250 ok")
            self._server.refused.clear()
        elif verb == "RCPT":
            address = argument.partition("<")[2].partition(">")[0]
            accepted = self.answer("RCPT", "250 ok" if self._mail else "503 MAIL first")
            if self._mail:
                (self._rcpts if accepted else self._server.refused).append(address)
        elif verb == "DATA":
            self._content = b"" if self.answer("DATA", "354 go" if self._rcpts else "554 nobody") else None
        elif verb == "RSET":
            if self.answer("RSET", "250 ok"):
                self._forget()
        elif verb == "QUIT":
            self.answer("QUIT", "221 bye")
            self.ended = True
        else:
            assert verb in ("HELO", "VRFY"), command
            self.answer(verb, "250 hi")
        return True

    def _take_content(self) -> bool:
        body, end, rest = (b"\r\n" + self._inbox).partition(b"\r\n.\r\n")
        if not end:
            return False
        self._inbox, self._content = rest, None
        self._finish("MESSAGE", (body + b"\r\n").replace(b"\r\n.", b"\r\n")[2:])
        return True

    def _take_chunk(self, command: str, octets: int, rest: bytes) -> bool:
        if len(rest) < octets:
            return False
        self.commands.append(command)
        self._inbox = rest[octets:]
        if not self._rcpts:
            self.answer("BDAT", "503 nobody")
            return True
        self._chunks += rest[:octets]
        if command.endswith("LAST"):
            self._finish("BDAT LAST", self._chunks)
        elif not self.answer("BDAT", "250 ok"):
            self._rcpts = []  # RFC 3030 2: what else is in the pipeline is for nobody
        return True

    def _finish(self, step: str, content: bytes) -> None:
        recipients = self._rcpts
        taken = self.answer(step, "250 queued" if recipients else "554 nobody")
        if taken and recipients:
            self._server.delivered.append((recipients, content))
        self._rcpts = []
        if taken or step == "MESSAGE":
            self._forget()

    def _forget(self) -> None:
        self._mail, self._rcpts, self._chunks = False, [], b""
