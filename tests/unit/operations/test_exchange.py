"""The pump between session and stream: what a server said before it broke off, and what it said unasked. Bytes only."""

from __future__ import annotations

import pytest

from ssmtp_compat.catalog.enums import EventID
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, ProtocolError, ReplyError, SSMTPError, TLSError
from ssmtp_compat.events import EventHub
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.operations.exchange import Exchange
from ssmtp_compat.smtp import commands
from ssmtp_compat.smtp.session import Session
from ssmtp_compat.smtp.transitions import State

MAIL = commands.mail("alice@example.test")
RCPT = [commands.rcpt(f"user{number}@example.test") for number in range(300)]
OK = b"250 ok\r\n"


class Server:
    """A stream to a server that answers the nth write with the nth of ``answers``, and whose end is gone at ``broken``.

    What it said before it went can still be read, as a socket's buffer can.
    """

    local_address = peer_address = ""

    def __init__(self, *answers: bytes, broken: int | None = None, end: SSMTPError | None = None) -> None:
        self.written: list[bytes] = []
        self.inbox = b""
        self._answers = list(answers)
        self._broken = broken
        self._end = end

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        nth = len(self.written)
        self.written.append(bytes(data))
        self.inbox += self._answers[nth] if nth < len(self._answers) else b""
        if self._broken is not None and nth >= self._broken:
            raise ConnectionFailedError(ErrorCode.WSAECONNRESET, f"While {deadline.doing}.")

    def read(self, limit: int, deadline: Deadline) -> bytes:
        if self._end is not None and not self.inbox:
            raise self._end
        data, self.inbox = self.inbox[:limit], self.inbox[limit:]
        return data

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return bool(self.inbox)

    def close(self) -> None:
        pass

    abort = close


def begun(server: Server, *keywords: str) -> Exchange:
    """An exchange behind its EHLO; that write does not count."""
    session = Session()
    session.receive(b"220 hi\r\n")
    session.next_answer()
    session.send(commands.ehlo("client.example.test"))
    session.data_to_send()
    session.receive("".join(f"250-{line}\r\n" for line in ("hi", *keywords)).encode() + b"250 HELP\r\n")
    session.next_answer()
    exchange = Exchange(server, session, EventHub())
    assert session.state is State.IDLE
    return exchange


def deadline() -> Deadline:
    return Deadline(5)


# -- the server breaks off while commands are sent --------------------------------------------------------------------


def test_the_refusal_that_came_before_the_connection_broke_is_the_reason():
    exchange = begun(Server(b"554 5.7.1 blocked\r\n", broken=0))
    with pytest.raises(ReplyError, match=r"554 5\.7\.1 blocked"):
        exchange.command(commands.vrfy("bob"), deadline())
    assert exchange.session.state is State.CLOSED
    assert exchange.last_reply is not None
    assert exchange.last_reply.text == "554 5.7.1 blocked"


@pytest.mark.parametrize("said", [b"", OK, b"354 go on\r\n", b"nonsense\r\n", b"25"])
def test_what_is_no_refusal_is_no_reason(said: bytes):
    exchange = begun(Server(said, broken=0))
    with pytest.raises(ConnectionFailedError, match="sending VRFY"):
        exchange.command(commands.vrfy("bob"), deadline())


@pytest.mark.parametrize(
    "end",
    [
        ConnectionFailedError(ErrorCode.WSAECONNRESET),
        TLSError(ErrorCode.TLS_DECRYPT, "The stream was truncated."),
    ],
)
def test_the_end_that_is_read_behind_it_hides_neither_refusal_nor_failure(end: SSMTPError):
    exchange = begun(Server(b"", broken=0, end=end))
    with pytest.raises(ConnectionFailedError, match="sending VRFY"):
        exchange.command(commands.vrfy("bob"), deadline())
    exchange = begun(Server(OK, broken=0, end=end), "PIPELINING")
    with pytest.raises(ConnectionFailedError, match="sending RCPT"):
        list(exchange.run([MAIL, RCPT[0]], deadline()))
    exchange = begun(Server(b"554 no\r\n", broken=0, end=end))
    with pytest.raises(ReplyError, match="554 no"):
        exchange.command(commands.vrfy("bob"), deadline())


def test_a_raw_command_and_a_sasl_response_tell_the_refusal_too():
    exchange = begun(Server(b"554 no\r\n", broken=0))
    with pytest.raises(ReplyError, match="554 no"):
        exchange.raw_command(commands.raw("XYZZY"), deadline())
    exchange = begun(Server(b"334 \r\n", b"535 no\r\n", broken=1), "AUTH LOGIN")
    assert exchange.command(commands.auth("LOGIN", None), deadline()).intermediate
    with pytest.raises(ReplyError, match="535 no"):
        exchange.sasl_response(b"YWxpY2U=", deadline())


def test_replies_in_a_group_are_given_out_although_the_rest_cannot_be_sent():
    """A refused recipient has to be told as one; then the connection's end is the error."""
    first = OK * 20 + b"550 5.1.1 no\r\n" + OK * 40
    exchange = begun(Server(first, b"452 4.5.3 too many\r\n", broken=1), "PIPELINING")
    codes: list[int] = []
    with pytest.raises(ConnectionFailedError, match="sending RCPT"):
        codes.extend(answer.reply.code for answer in exchange.run([MAIL, *RCPT], deadline()))
    assert codes == [250] * 20 + [550] + [250] * 40 + [452]
    assert len(exchange.stream.written) == 2  # type: ignore[attr-defined]  # nothing is sent behind


def test_a_421_in_a_group_that_cannot_be_sent_is_the_reason():
    exchange = begun(Server(OK * 60 + b"421 4.3.2 closing\r\n", broken=0), "PIPELINING")
    with pytest.raises(ReplyError, match=r"421 4\.3\.2 closing"):
        list(exchange.run([MAIL, *RCPT], deadline()))
    assert exchange.session.state is State.CLOSED


def test_a_group_whose_every_reply_is_there_fails_all_the_same_where_it_could_not_be_sent():
    exchange = begun(Server(OK * 2, broken=0), "PIPELINING")
    with pytest.raises(ConnectionFailedError, match="sending RCPT"):
        list(exchange.run([MAIL, RCPT[0]], deadline()))
    assert exchange.session.state is State.CLOSED


# -- a message that is held to go out with what follows ---------------------------------------------------------------


def holding(server: Server, *keywords: str) -> Exchange:
    exchange = begun(server, *keywords)
    assert len(list(exchange.run([MAIL, RCPT[0], commands.DATA], deadline()))) == 3
    server.written.clear()
    server._answers.pop(0)
    exchange.hold_content(b"x\r\n.\r\n", deadline())
    assert server.written == []
    return exchange


def test_a_held_message_goes_out_in_one_write_with_what_follows():
    server = Server(OK * 2 + b"354 go on\r\n", OK * 3)
    exchange = holding(server, "PIPELINING")
    at: list[int] = []
    answers = list(exchange.run([MAIL, RCPT[0]], deadline(), lambda: at.append(len(server.inbox))))
    assert [answer.verb.name for answer in answers] == ["CONTENT", "MAIL", "RCPT"]
    (write,) = server.written
    assert write.startswith(b"x\r\n.\r\nMAIL FROM:")
    assert at == [len(OK * 3)]  # once, when the server has it and before anything is read


def test_a_held_message_goes_out_where_nothing_follows_or_nothing_may():
    one_by_one = [OK, OK, b"354 go on\r\n"]
    server = Server(OK * 2 + b"354 go on\r\n", OK)
    assert holding(server, "PIPELINING").content_reply(deadline()).positive
    assert server.written == [b"x\r\n.\r\n"]
    server = Server(*one_by_one, OK, OK)
    exchange = begun(server)
    list(exchange.run([MAIL, RCPT[0], commands.DATA], deadline()))
    exchange.hold_content(b"x\r\n.\r\n", deadline())
    assert [answer.verb.name for answer in exchange.run([MAIL], deadline())] == ["CONTENT", "MAIL"]
    assert server.written[-2] == b"x\r\n.\r\n"


def test_a_held_message_that_could_not_be_sent_whole_was_not_accepted_whatever_lies_there():
    server = Server(OK * 2 + b"354 go on\r\n", OK * 3, broken=None)
    exchange = holding(server, "PIPELINING")
    server._broken = 0
    with pytest.raises(ConnectionFailedError, match="sending RCPT"):
        next(exchange.run([MAIL, RCPT[0]], deadline()))
    server = Server(OK * 2 + b"354 go on\r\n", b"552 5.3.4 too large\r\n")
    exchange = holding(server, "PIPELINING")
    server._broken = 0
    answers = exchange.run([MAIL, RCPT[0]], deadline())
    assert next(answers).reply.code == 552
    with pytest.raises(ConnectionFailedError):
        next(answers)


# -- the server speaks unasked ----------------------------------------------------------------------------------------


def traced(exchange: Exchange) -> list[str]:
    lines: list[str] = []
    exchange._events.register(EventID.PITrail, lambda event: lines.append(event["message"]))
    return lines


UNASKED = [
    lambda exchange: exchange.command(commands.vrfy("bob"), deadline()),
    lambda exchange: exchange.raw_command(commands.raw("NOOP"), deadline()),
    lambda exchange: list(exchange.run([MAIL], deadline())),
]


@pytest.mark.parametrize("ask", UNASKED)
@pytest.mark.parametrize("parsed", [False, True])
def test_a_reply_that_lies_there_is_not_taken_for_the_answer(ask, parsed: bool):
    server = Server(OK)
    exchange = begun(server)
    if parsed:
        exchange.session.receive(OK)
    else:
        server.inbox = OK
    with pytest.raises(ProtocolError, match="nothing asked for"):
        ask(exchange)
    assert server.written == []


@pytest.mark.parametrize("ask", UNASKED)
@pytest.mark.parametrize("parsed", [False, True])
def test_a_goodbye_that_lies_there_is_traced_and_is_the_last_reply(ask, parsed: bool):
    server = Server(OK)
    exchange = begun(server)
    trace = traced(exchange)
    goodbye = b"421 4.4.2 idle for too long\r\n"
    if parsed:
        exchange.session.receive(goodbye)
    else:
        server.inbox = goodbye
    with pytest.raises(ReplyError, match=r"421 4\.4\.2 idle"):
        ask(exchange)
    assert server.written == []
    assert trace == ["421 4.4.2 idle for too long"]
    assert exchange.last_reply is not None
    assert exchange.last_reply.code == 421


@pytest.mark.parametrize("ask", UNASKED)
def test_half_a_reply_that_lies_there_is_not_taken_for_the_beginning_of_the_answer(ask):
    server = Server(b"0 ok\r\n")
    exchange = begun(server)
    server.inbox = b"25"
    with pytest.raises(ProtocolError, match="nothing asked for"):
        ask(exchange)
    assert server.written == []


def test_without_pipelining_every_command_of_a_group_listens_first():
    server = Server(OK, OK)
    exchange = begun(server)
    answers = exchange.run([MAIL, RCPT[0], RCPT[1]], deadline())
    next(answers)
    server.inbox = OK
    with pytest.raises(ProtocolError, match="nothing asked for"):
        next(answers)
    assert len(server.written) == 1


@pytest.mark.parametrize("said", [b"421 4.3.2 closing\r\n", b"250 queued\r\n"])
def test_what_is_said_ahead_of_the_message_keeps_it_from_being_sent(said: bytes):
    server = Server(OK + OK + b"354 go on\r\n")
    exchange = begun(server, "PIPELINING")
    trace = traced(exchange)
    list(exchange.run([MAIL, RCPT[0], commands.DATA], deadline()))
    server.inbox = said
    with pytest.raises(ReplyError if said.startswith(b"421") else ProtocolError):
        exchange.content([b"the message\r\n.\r\n"], deadline())
    assert len(server.written) == 1
    if said.startswith(b"421"):
        assert trace[-1] == exchange.last_reply.text == "421 4.3.2 closing"  # type: ignore[union-attr]


# -- what is done while the server works ------------------------------------------------------------------------------


def test_the_servers_turn_is_used_once_behind_the_first_write_and_before_the_first_reply():
    server = Server(OK, OK)
    exchange = begun(server)  # without PIPELINING each command has a turn of the server's
    seen: list[tuple[int, object]] = []
    answers = exchange.run([MAIL, RCPT[0]], deadline(), lambda: seen.append((len(server.written), exchange.last_reply)))
    assert len(list(answers)) == 2
    assert seen == [(1, None)]
