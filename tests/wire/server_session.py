"""What the scripted server says: the script, and the dialogue of one connection that follows it."""

from __future__ import annotations

import base64
import binascii
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wire.channel import Channel, Ending, Message
from wire.faults import Fault
from wire.server_auth import MECHANISMS, Exchange

STEPS = frozenset(
    {
        "GREETING",
        "TLS",
        "EHLO",
        "HELO",
        "STARTTLS",
        "AUTH",
        "MAIL",
        "RCPT",
        "DATA",
        "BODY",
        "MESSAGE",
        "BDAT",
        "CHUNK",
        "RSET",
    }
    | {"VRFY", "EXPN", "ETRN", "HELP", "NOOP", "QUIT", "OTHER"}
)
NAME = "scripted.example.test"

Answer = str | bytes | Callable[[str], str | bytes]
Replies = Mapping[str, Answer | Sequence[Answer]]


@dataclass(frozen=True)
class Step:
    """The ``nth`` time, counted from 1 over all connections, that the server has to answer at step ``name``."""

    name: str
    nth: int


Faults = Mapping[str | Step, Fault]


class Script:
    """Hands out, step by step, what to say and how. Shared by the connections of one server."""

    def __init__(self, replies: Replies, faults: Faults) -> None:
        names = {*replies, *(key.name if isinstance(key, Step) else key for key in faults)}
        assert names <= STEPS, f"no such steps: {sorted(names - STEPS)}"
        assert not {"TLS", "BODY", "CHUNK"} & set(replies), "no reply is due at TLS, BODY and CHUNK"
        self._replies = replies
        self._faults = faults
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def next(self, step: str, default: str, line: str) -> tuple[bytes, Fault | None]:
        """The reply due now, and the fault with which to deliver it. ``line`` is what the client said."""
        with self._lock:
            self._seen[step] += 1
            nth = self._seen[step]
        fault = self._faults.get(Step(step, nth)) or self._faults.get(step)
        answer: Answer | Sequence[Answer] = self._replies.get(step, default)
        if isinstance(answer, Sequence) and not isinstance(answer, str | bytes):
            answer = answer[nth - 1] if nth <= len(answer) else default
        said = answer(line) if callable(answer) else answer
        return (said if isinstance(said, bytes) else _wire_form(said)), fault


def _wire_form(text: str) -> bytes:
    return "".join(f"{line}\r\n" for line in text.split("\n")).encode() if text else b""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """All that decides what a server does; the parameters of ``ScriptedServer``."""

    script: Script
    extensions: tuple[str, ...]
    users: Mapping[str, str]
    mechanisms: tuple[str, ...]
    tls: ssl.SSLContext | None
    implicit_tls: bool


@dataclass
class _Transaction:
    mail: str
    rcpts: list[str] = field(default_factory=list)
    chunks: bytes = b""


class Session:
    """The dialogue with one client, RFC 5321 as far as a client's tests need it. Ends by raising Hangup."""

    def __init__(self, behaviour: Behaviour, channel: Channel) -> None:
        self._behaviour = behaviour
        self._channel = channel
        self._record = channel.record
        self._transaction: _Transaction | None = None

    def run(self) -> None:
        if self._behaviour.implicit_tls:
            self._handshake()
        self._answer("GREETING", f"220 {NAME} ESMTP scripted")
        while True:
            line = self._channel.read_line().decode("utf-8", "surrogateescape")
            self._record.commands.append(line)
            if not self._record.tls:
                self._record.commands_in_clear.append(line)
            handler = self._HANDLERS.get(line.partition(" ")[0].upper(), Session._other)
            handler(self, line)

    def _answer(self, step: str, default: str, line: str = "") -> str:
        """Send the reply of this step, or let its fault happen. Returns the reply code that the client was shown."""
        reply, fault = self._behaviour.script.next(step, default, line)
        if fault:
            reply = fault.apply(self._channel, reply)
        else:
            self._channel.send(reply)
        if reply.startswith(b"421"):
            self._channel.hang_up(Ending.SERVER_CLOSED)
        return reply[:3].decode("latin-1")

    def _handshake(self) -> None:
        assert self._behaviour.tls
        self._answer("TLS", "")
        self._channel.start_tls(self._behaviour.tls)

    # Commands, in the order of their use

    def _ehlo(self, line: str) -> None:
        keywords = list(self._behaviour.extensions)
        if self._behaviour.tls and not self._record.tls:
            keywords.append("STARTTLS")
        if self._behaviour.mechanisms:
            keywords.append(" ".join(("AUTH", *self._behaviour.mechanisms)))
        lines = [f"{NAME} at your service", *keywords]
        self._transaction = None
        self._answer("EHLO", "\n".join((*(f"250-{text}" for text in lines[:-1]), f"250 {lines[-1]}")), line)

    def _helo(self, line: str) -> None:
        self._transaction = None
        self._answer("HELO", f"250 {NAME}", line)

    def _starttls(self, line: str) -> None:
        ready = self._behaviour.tls and not self._record.tls
        code = self._answer("STARTTLS", "220 2.0.0 ready to start TLS" if ready else "503 5.5.1 not now", line)
        if code == "220":
            self._channel.flush()
            self._channel.discard_input()
            self._transaction = None
            self._handshake()

    def _auth(self, line: str) -> None:
        _, _, argument = line.partition(" ")
        mechanism, _, initial = argument.partition(" ")
        exchange = None
        if mechanism.upper() in self._behaviour.mechanisms:
            exchange = MECHANISMS[mechanism.upper()](self._behaviour.users)
        computed = self._challenge(exchange, None)
        # Only an empty challenge may be answered before it is put (RFC 4954 4); LOGIN has always been more lenient.
        if initial and (computed == "334 " or mechanism.upper() == "LOGIN"):
            computed = self._challenge(exchange, initial)
        elif initial and exchange:
            computed = "501 5.7.0 this mechanism has no initial response"
        while self._answer("AUTH", computed, line) == "334":
            line = self._channel.read_line().decode("latin-1")
            self._record.auth_responses.append(line)
            computed = self._challenge(exchange, line)

    def _challenge(self, exchange: Exchange | None, response: str | None) -> str:
        """The reply to ``response``, base64 as it came; None begins the exchange."""
        if exchange is None:
            return "504 5.5.4 unknown mechanism"
        if response == "*":
            return "501 5.7.0 cancelled"
        try:
            if response is None:
                challenge = next(exchange)
            else:
                challenge = exchange.send(b"" if response == "=" else base64.b64decode(response, validate=True))
        except binascii.Error:
            return "501 5.5.2 not base64"
        except StopIteration as done:
            if done.value is None:
                return "535 5.7.8 wrong user or password"
            self._record.user = done.value
            return "235 2.7.0 authenticated"
        return f"334 {base64.b64encode(challenge).decode()}"

    def _mail(self, line: str) -> None:
        nested = self._transaction is not None
        if self._answer("MAIL", "503 5.5.1 nested MAIL" if nested else "250 2.1.0 ok", line).startswith("2"):
            self._transaction = _Transaction(line)

    def _rcpt(self, line: str) -> None:
        code = self._answer("RCPT", "250 2.1.5 ok" if self._transaction else "503 5.5.1 MAIL first", line)
        if self._transaction and code.startswith("2"):
            self._transaction.rcpts.append(line)

    def _data(self, line: str) -> None:
        answer = "354 end with a lone dot"
        if not self._transaction:
            answer = "503 5.5.1 MAIL first"
        elif not self._transaction.rcpts:
            answer = "554 5.5.1 no valid recipients"
        if self._answer("DATA", answer, line) != "354":
            return
        self._answer("BODY", "")
        raw = self._channel.read_content()
        content = (b"\r\n" + raw[:-3]).replace(b"\r\n.", b"\r\n")[2:]
        self._finish(raw, content, "MESSAGE", line)

    def _bdat(self, line: str) -> None:
        _, size, *last = line.upper().split()
        self._answer("CHUNK", "")
        chunk = self._channel.read_octets(int(size))
        if not (self._transaction and self._transaction.rcpts):
            self._answer("BDAT", "503 5.5.1 no valid recipients", line)
            return
        self._transaction.chunks += chunk
        if last == ["LAST"]:
            self._finish(self._transaction.chunks, self._transaction.chunks, "BDAT", line)
        elif not self._answer("BDAT", f"250 2.0.0 {size} octets", line).startswith("2"):
            self._transaction.rcpts.clear()  # RFC 3030 2: what else is in the pipeline is for nobody

    def _finish(self, raw: bytes, content: bytes, step: str, line: str) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction and transaction.rcpts:
            self._record.messages.append(Message(transaction.mail, transaction.rcpts, raw, content))
            self._answer(step, f"250 2.0.0 message {len(self._record.messages)}", line)
        else:  # a scripted 354 let content come that nobody is to get
            self._answer(step, "554 5.5.1 no valid recipients", line)

    def _rset(self, line: str) -> None:
        self._transaction = None
        self._answer("RSET", "250 2.0.0 ok", line)

    def _quit(self, line: str) -> None:
        self._answer("QUIT", f"221 2.0.0 {NAME} closing", line)
        self._channel.hang_up(Ending.QUIT, close_notify=True)

    def _other(self, line: str) -> None:
        verb = line.partition(" ")[0].upper()
        defaults = {
            "VRFY": "252 2.5.2 send some mail",
            "EXPN": "502 5.5.1 not implemented",
            "ETRN": "250 2.0.0 queuing started",
            "HELP": "214-Help\n214 yourself",
            "NOOP": "250 2.0.0 ok",
        }
        self._answer(verb if verb in defaults else "OTHER", defaults.get(verb, "500 5.5.2 unknown command"), line)

    _HANDLERS: Mapping[str, Callable[[Session, str], None]] = {
        "EHLO": _ehlo,
        "HELO": _helo,
        "STARTTLS": _starttls,
        "AUTH": _auth,
        "MAIL": _mail,
        "SEND": _mail,
        "SOML": _mail,
        "SAML": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "BDAT": _bdat,
        "RSET": _rset,
        "QUIT": _quit,
    }
