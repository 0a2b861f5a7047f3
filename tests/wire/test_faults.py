"""Whatever a server does at whatever step: the right code in time, a text that helps, nothing left, a usable handle.

The matrix crosses every step of a delivery with every fault, with and without PIPELINING, in clear and inside TLS. Each
case lets the fault happen once and then sends again with the same handle.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import ssmtp_do_interrupt
from ssmtp_compat.operations import connection, content
from wire.channel import Channel, Ending, Hangup
from wire.faults import Reached
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import (
    EXTENSIONS,
    After,
    Close,
    Delay,
    EndlessLine,
    EndlessReply,
    Fault,
    Later,
    Reset,
    ScriptedServer,
    Send,
    Split,
    Stall,
    Step,
    Then,
)

pytestmark = pytest.mark.usefixtures("no_leaks")

REFUSED = "550 5.1.1 no such user"
CHUNKED = ("CHUNK", "BDAT")  # only these cases use CHUNKING
# Each of three recipients.
RECIPIENTS = ("RCPT", "RCPT 2", "RCPT 3")
PLAIN_STEPS = ("GREETING", "EHLO", "AUTH", "MAIL", *RECIPIENTS, "DATA", "BODY", "MESSAGE", *CHUNKED, "RSET", "QUIT")
# Inside TLS EHLO comes a second time; what stands before it is in clear.
TLS_STEPS = ("GREETING", "EHLO", "STARTTLS", "TLS", "EHLO 2", *PLAIN_STEPS[2:])
SILENT = ("TLS", "BODY", "CHUNK")  # no reply is due there

FAULTS: dict[str, Fault] = {
    "close": Close(),
    "reset": Reset(),
    "garbage": Send(b"\x00\xff what?\r\n"),
    "an unfinished line": Send(b"25\r\n"),
    "a changing code": Send(b"250-a\r\n550 b\r\n"),
    "a reply out of range": Send(b"650 ok\r\n"),
    "endless line": EndlessLine(),
    "endless reply": EndlessReply(),
    "extra reply": Then(b"250 2.0.0 extra\r\n"),
    "extra fragment": Then(b"25"),
    "split": Split(pause=0),
}
REPLIES = {
    "421": "421 4.3.2 closing",
    "450": "450 4.7.1 not now",
    "554": "554 5.7.1 never",
    "wrong kind": "354 2.0.0 go on",
}
OK, REPLY, PROTOCOL, DROPPED, RESET, HANDSHAKE, TRUNCATED, LACKING = 0, 161, 162, 1120, 10054, 276, 284, 20011

# What the text has to name, so that a person can tell where it went wrong.
NAMED = {
    "GREETING": "the greeting",
    "TLS": "TLS",
    "EHLO 2": "EHLO",
    "RCPT 2": "RCPT",
    "RCPT 3": "RCPT",
    "BODY": "the message",
    "MESSAGE": "the message",
    "CHUNK": "BDAT",
}


# Replies to a group leave together, so all of them are outstanding when one is.
GROUP = {"MAIL", *RECIPIENTS, "DATA", *CHUNKED}


@dataclass(frozen=True)
class Case:
    step: str
    fault: str
    pipelining: bool
    tls: bool

    def __str__(self) -> str:
        parts = (self.step, self.fault, "together" if self.pipelining else "one by one", "TLS" if self.tls else "clear")
        return " - ".join(parts)

    @property
    def inside_tls(self) -> bool:
        return self.tls and TLS_STEPS.index(self.step) > TLS_STEPS.index("TLS")

    @property
    def outcome(self) -> int:
        """The code that the method has to return."""
        if self.step == "RSET":
            return REPLY  # the refusal that RSET was sent for stays the error, whatever becomes of RSET
        if self.step == "QUIT" or self.fault == "split":
            return OK
        if self.step == "TLS" and self.fault != "reset":
            return HANDSHAKE
        if self.fault in ("extra reply", "extra fragment") and self.step in ("MESSAGE", *CHUNKED):
            return OK
        if self.fault in ("450", "554") and self.step.startswith("EHLO"):
            # HELO in its place: no STARTTLS then, or in the second EHLO no AUTH.
            return LACKING if self.tls else OK
        return {
            "close": TRUNCATED if self.inside_tls else DROPPED,
            "reset": RESET,
            "421": REPLY,
            "450": REPLY,
            "554": REPLY,
        }.get(self.fault, PROTOCOL)

    @property
    def names(self) -> set[str]:
        """One of these has to be in the text."""
        if self.outcome == REPLY:
            return {REFUSED if self.step == "RSET" else REPLIES[self.fault]}
        if self.outcome == LACKING:
            return {"STARTTLS", "AUTH"}
        if self.outcome == TRUNCATED:
            return {"truncated"}
        if self.outcome == PROTOCOL:
            return {"reply", "does not fit", "injection"}
        if self.pipelining and self.step in GROUP - {"MAIL"}:
            return GROUP
        if (self.step, self.fault) == ("GREETING", "reset"):
            return {"the greeting", "connecting"}  # whichever sees it first
        return {NAMED.get(self.step, self.step)}


def _cases() -> Iterator[Case]:
    for tls, pipelining in itertools.product((False, True), (True, False)):
        for step in TLS_STEPS if tls else PLAIN_STEPS:
            if not pipelining and step in ("GREETING", "STARTTLS", "TLS", "AUTH"):
                continue  # the same to the last octet
            for fault in FAULTS:
                if not (step in SILENT and fault in ("split", "extra fragment")):
                    yield Case(step, fault, pipelining, tls)
            if step not in SILENT:
                for fault in REPLIES:
                    # To AUTH and DATA the reply of the wrong kind would be a right one.
                    if not (fault == "wrong kind" and step in ("AUTH", "DATA")):
                        yield Case(step, fault, pipelining, tls)


@dataclass
class Setting:
    """The server and the handle for one case."""

    case: Case
    fault: Fault | None
    identity: LoopbackIdentity

    def server(self) -> ScriptedServer:
        case = self.case
        name, _, nth = case.step.partition(" ")
        replies: dict[str, Any] = {"RCPT": [REFUSED]} if case.step == "RSET" else {}
        faults: dict[str | Step, Fault] = {}
        if self.fault is not None:
            # At the handshake the client speaks first; before that the octets would belong to STARTTLS.
            faults[Step(name, int(nth or 1))] = After(1, self.fault) if name == "TLS" else self.fault
        elif case.fault in REPLIES:
            replies[name] = [REPLIES[case.fault]]
            if name == "RCPT" and nth:
                replies[name] = [*["250 2.1.5 ok"] * (int(nth) - 1), REPLIES[case.fault]]
            elif nth:
                ehlo = "\n".join(("250-x", "250-PIPELINING", "250 STARTTLS"))
                replies[name] = [ehlo, REPLIES[case.fault]]
        return ScriptedServer(
            replies=replies,
            faults=faults,
            extensions=[each for each in (*EXTENSIONS, "CHUNKING") if case.pipelining or each != "PIPELINING"],
            users={"alice": "secret"} if case.tls or case.step == "AUTH" else None,
            tls=self.identity.server_context() if case.tls else None,
        )

    def mailer(self, port: int, **properties: Any) -> Mailer:
        mailer = Mailer(port, **properties)
        mailer.config(UseChunking=self.case.step in CHUNKED)
        if self.case.step in RECIPIENTS:
            mailer.set(BCc="carol@example.test, dave@example.test")
            mailer.config(StopOnBccErrors=True)
        if self.case.tls:
            mailer.set(SSLStartMode=2)
            mailer.config(SSLCACertFilePaths=self.identity.ca_file)
        if self.case.tls or self.case.step == "AUTH":
            mailer.set(User="alice", Password="secret")
        return mailer


def _check_second_delivery(server: ScriptedServer, code: int) -> None:
    """The good message, behind the first one where that arrived too."""
    assert [message.content for message in server.connections[-1].messages] == [CONTENT]
    assert len(server.connections) == 2
    # Where the first one failed, nobody was told that it was there: only its reply may have been lost.
    assert len(server.connections[0].messages) <= 1
    if code == OK:
        assert len(server.connections[0].messages) == 1


@pytest.mark.parametrize("case", list(_cases()), ids=str)
def test_a_fault_is_told_and_the_handle_goes_on(case: Case, loopback_identity: LoopbackIdentity):
    setting = Setting(case, FAULTS.get(case.fault), loopback_identity)
    with setting.server() as server, setting.mailer(server.port) as mailer:
        began = time.monotonic()
        code = mailer.send()
        assert time.monotonic() - began < 3
        assert (code, mailer.error[0]) == (case.outcome, case.outcome), mailer.error
        if code:
            assert any(name in mailer.error[1] for name in case.names), mailer.error
        assert mailer.get("Connected") is False
        assert mailer.get("Idle") is True
        assert mailer.send() == 0, mailer.error
    _check_second_delivery(server, code)
    if case.fault.startswith("endless"):
        assert server.connections[0].octets_sent < 8 << 20


# -- waiting ----------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    code: int
    error: tuple[int, str]
    seconds: float
    connected: bool
    second: int
    server: ScriptedServer


def _run_timed(setting: Setting, properties: dict[str, Any], settings: dict[str, Any]) -> Outcome:
    with setting.server() as server, setting.mailer(server.port, Timeout=1, **properties) as mailer:
        mailer.config(**settings)
        began = time.monotonic()
        code = mailer.send()
        seconds = time.monotonic() - began
        error, connected = mailer.error, mailer.get("Connected")
        mailer.set(Timeout=10, MessageText="Hello Bob\r\n")
        return Outcome(code, error, seconds, connected, mailer.send(), server)


BIG = "x" * 70 + "\r\n"
STALLS = [
    Case(step, "stall", pipelining, tls)
    for tls, pipelining in ((False, True), (False, False), (True, True))
    for step in (TLS_STEPS if tls else PLAIN_STEPS)
    if pipelining or step in ("MAIL", *RECIPIENTS, "DATA", "BDAT", "RSET")
]
OTHERS: dict[str, tuple[Case, Fault, dict[str, Any], dict[str, Any]]] = {
    "a write that is not read": (
        Case("BODY", "stall", True, False),
        After(200_000, Stall(reading=False)),
        {"MessageText": BIG * 300_000},
        {},
    ),
    "a write that is not read, inside TLS": (
        Case("BODY", "stall", True, True),
        After(200_000, Stall(reading=False)),
        {"MessageText": BIG * 300_000},
        {},
    ),
    "a drip": (Case("GREETING", "drip", True, False), Split(pause=0.04), {}, {}),
    "a drip, absolutely": (Case("GREETING", "drip", True, False), Split(pause=0.04), {}, {"AbsoluteTimeout": True}),
}


@pytest.fixture(scope="module")
def waits(loopback_identity: LoopbackIdentity) -> dict[str, Outcome]:
    """Every case that has to wait, all at the same time: a second each would be a minute."""
    jobs = {str(case): (Setting(case, Stall(), loopback_identity), {}, {}) for case in STALLS}
    for name, (case, fault, properties, settings) in OTHERS.items():
        jobs[name] = (Setting(case, fault, loopback_identity), properties, settings)
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = {name: pool.submit(_run_timed, *job) for name, job in jobs.items()}
        return {name: future.result() for name, future in running.items()}


@pytest.mark.parametrize("case", STALLS, ids=str)
def test_a_server_that_says_nothing_is_given_up_in_time(waits: dict[str, Outcome], case: Case):
    outcome = waits[str(case)]
    assert 0.9 <= outcome.seconds < 4
    assert outcome.connected is False
    assert outcome.second == 0
    if case.step == "QUIT":
        assert outcome.code == 0
    elif case.step == "RSET":
        assert outcome.error == (161, REFUSED)
    else:
        assert outcome.code == 301
        text = outcome.error[1]
        assert text.startswith("Timeout: no answer within 1 s while ")
        held_back = GROUP if case.pipelining and case.step in GROUP else set()
        assert any(name in text for name in held_back or {NAMED.get(case.step, case.step)}), text
    _check_second_delivery(outcome.server, outcome.code)


def test_by_itself_a_wait_ends_within_a_second_of_its_limit(loopback_identity: LoopbackIdentity):
    """The cases above wait all at once, and for the processor too."""
    outcome = _run_timed(Setting(Case("MESSAGE", "stall", True, True), Stall(), loopback_identity), {}, {})
    assert outcome.code == 301
    assert 0.9 <= outcome.seconds < 2


@pytest.mark.parametrize("name", ["a write that is not read", "a write that is not read, inside TLS"])
def test_a_server_that_reads_nothing_is_given_up_in_time(waits: dict[str, Outcome], name: str):
    outcome = waits[name]
    assert outcome.error == (301, "Timeout: no answer within 1 s while sending the message.")
    assert 0.9 <= outcome.seconds < 5
    assert outcome.second == 0
    assert outcome.server.connections[0].messages == []


def test_every_octet_counts_as_activity_unless_the_limit_is_absolute(waits: dict[str, Outcome]):
    assert waits["a drip"].code == 0
    assert waits["a drip"].seconds > 1.2
    assert waits["a drip, absolutely"].error == (
        301,
        "Timeout: not finished within 1 s while waiting for the greeting.",
    )
    assert waits["a drip, absolutely"].second == 0


@pytest.mark.parametrize(
    ("tls", "step"), [*((False, step) for step in PLAIN_STEPS), *((True, step) for step in TLS_STEPS)]
)
def test_interrupt_from_another_thread_ends_any_wait(step: str, tls: bool, loopback_identity: LoopbackIdentity):
    fault = Reached(Stall())
    setting = Setting(Case(step, "stall", True, tls), fault, loopback_identity)
    with setting.server() as server, setting.mailer(server.port, Timeout=0) as mailer:
        # Not the handle's last error: that of the call of Interrupt may be the later one.
        mailer.record("Error")
        codes: list[int] = []
        thread = threading.Thread(target=lambda: codes.append(mailer.send()))
        thread.start()
        assert fault.begun.wait(5)
        began = time.monotonic()
        assert ssmtp_do_interrupt(mailer.handle) == 0
        thread.join(5)
        assert time.monotonic() - began < 2
        told = mailer.recorded("Error", "description")
        if step == "QUIT":
            assert (codes, told) == ([0], [])  # the message was accepted
        elif step == "RSET":
            assert (codes, told) == ([161], [REFUSED])
        else:
            assert (codes, told) == ([301], ["Operation interrupted."])
        assert mailer.get("Connected") is False
        mailer.set(Timeout=5)
        assert mailer.send() == 0, mailer.error
    _check_second_delivery(server, codes[0])


def test_interrupt_ends_a_name_look_up(monkeypatch: pytest.MonkeyPatch):
    looking, answer = threading.Event(), threading.Event()
    getaddrinfo = socket.getaddrinfo

    def slow(host: str, *arguments: Any, flags: int = 0, **options: Any) -> Any:
        if flags & socket.AI_NUMERICHOST:
            return getaddrinfo(host, *arguments, flags=flags, **options)
        looking.set()
        answer.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with ScriptedServer() as server, Mailer(server.port, MailServer="slow.example.test") as mailer:
        codes: list[int] = []
        thread = threading.Thread(target=lambda: codes.append(mailer.send()))
        thread.start()
        assert looking.wait(5)
        ssmtp_do_interrupt(mailer.handle)
        thread.join(5)
        answer.set()
        assert codes == [301]
        mailer.set(MailServer="127.0.0.1")
        assert mailer.send() == 0, mailer.error


def test_interrupt_without_a_method_does_nothing():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert ssmtp_do_interrupt(mailer.handle) == 0
        assert mailer.send() == 0
        assert mailer.connect() == 0
        assert ssmtp_do_interrupt(mailer.handle) == 0
        assert mailer.send() == 0


# -- in the middle of a message ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SayAndReset:
    """Say something and break the connection off, in the middle of what the client sends."""

    said: bytes
    pause: float = 0.02
    """Seconds in which the words get to the client before the RST."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(self.said)
        channel.flush()
        time.sleep(self.pause)
        channel.close()
        raise Hangup(Ending.SERVER_RESET)


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("step", ["BODY", "CHUNK"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Close(), (1120, "the message")),
        (Reset(), (10054, "the message")),
        (SayAndReset(b"552 5.3.4 too big\r\n"), (161, "552 5.3.4 too big")),
        (SayAndReset(b"421 4.3.2 closing\r\n"), (161, "421 4.3.2 closing")),
        (SayAndReset(b"250 2.0.0 ok\r\n"), (10054, "the message")),
        (SayAndReset(b"nonsense\r\n"), (10054, "the message")),
        (SayAndReset(b""), (10054, "the message")),
    ],
    ids=str,
)
def test_a_server_that_breaks_off_the_body(
    step: str, fault: Fault, error: tuple[int, str], connected: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(content, "_CHUNK", 1 << 30)  # one chunk, too large for any socket buffer: the write breaks
    with (
        ScriptedServer(faults={Step(step, 1): After(200_000, fault)}, extensions=[*EXTENSIONS, "CHUNKING"]) as server,
        Mailer(server.port, MessageText=BIG * 300_000) as mailer,
    ):
        mailer.config(UseChunking=step == "CHUNK")
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == error[0], mailer.error
        assert error[1] in mailer.error[1] or (step == "CHUNK" and "BDAT LAST" in mailer.error[1])
        # Half a body was sent: whatever came next would be more of it.
        assert mailer.get("Connected") is False
        mailer.set(MessageText="Hello Bob\r\n")
        assert mailer.send() == 0, mailer.error
    assert [message.content for message in server.messages] == [CONTENT]


def test_what_a_server_says_when_it_breaks_off_is_read_inside_tls_too(server_tls, loopback_identity):
    fault = After(200_000, SayAndReset(b"552 5.3.4 too big\r\n"))
    with (
        ScriptedServer(faults={Step("BODY", 1): fault}, tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, MessageText=BIG * 300_000, SSLStartMode=1) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.send() == 161, mailer.error
        assert "552 5.3.4 too big" in mailer.error[1]
        mailer.set(MessageText="Hello Bob\r\n")
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize("connected", [False, True])
def test_a_server_that_breaks_off_a_thousand_recipients(connected: bool):
    """Its 421 is there with the replies before it, when the commands behind those cannot be sent any more."""
    names = ", ".join(f"user{number}@example.test" for number in range(1000))
    fault = SayAndReset(b"421 4.5.3 too many\r\n", pause=0)
    with ScriptedServer(faults={Step("RCPT", 50): fault}) as server, Mailer(server.port, SendTo=names) as mailer:
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 161, mailer.error
        assert mailer.error == (161, "421 4.5.3 too many")
        assert mailer.get("LastReply") == "421 4.5.3 too many"
        assert mailer.get("Connected") is False
        mailer.set(SendTo="bob@example.test")
        assert mailer.send() == 0, mailer.error
    assert [message.content for message in server.messages] == [CONTENT]


# -- a session that stays open ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "code", "text"),
    [
        (b"421 4.4.2 idle for too long\r\n", 161, "421 4.4.2 idle for too long"),
        (b"", 1120, "MAIL"),
    ],
)
def test_a_session_that_ended_between_two_messages_is_told_once(later: bytes, code: int, text: str):
    faults = {Step("MESSAGE", 1): Later(later, Close(), pause=0)}
    with ScriptedServer(faults=faults) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
        assert mailer.get("Connected") is True
        assert mailer.send() == code, mailer.error
        assert text in mailer.error[1]
        assert mailer.get("LastReply").startswith("421" if later else "250")
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert [len(connection.messages) for connection in server.connections] == [1, 1]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("tls", [True, False])
def test_a_reply_too_many_is_noticed_before_the_next_message(
    pipelining: bool, tls: bool, loopback_identity: LoopbackIdentity
):
    """It would be taken for the answer to MAIL, and every answer after it for the one before."""
    fault = Reached(Later(b"250 2.0.0 who asked?\r\n"))
    setting = Setting(Case("MESSAGE", "late", pipelining, tls), fault, loopback_identity)
    with setting.server() as server, setting.mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
        assert fault.passed.wait(5)
        assert mailer.send() == 162, mailer.error
        assert "nothing asked for" in mailer.error[1]
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert [len(connection.messages) for connection in server.connections] == [1, 1]
    assert server.connections[0].commands[-1] == "DATA"


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_reply_too_many_that_comes_too_late_for_that_is_noticed_all_the_same(pipelining: bool):
    """Read as the answer to MAIL, it makes the 250 of RCPT the answer to DATA, which has to be a 354."""
    faults = {Step("MESSAGE", 1): Later(b"250 2.0.0 who asked?\r\n", pause=0)}
    extensions = EXTENSIONS if pipelining else ()
    with ScriptedServer(faults=faults, extensions=extensions) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
        assert mailer.send() == 162, mailer.error
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert [len(connection.messages) for connection in server.connections] == [1, 1]


def test_a_success_ahead_of_the_message_is_not_believed():
    """It would be taken for the answer to the message, which the server then refuses."""
    with (
        ScriptedServer(faults={"DATA": Then(b"250 2.0.0 queued\r\n")}, replies={"MESSAGE": "554 no"}) as server,
        Mailer(server.port) as mailer,
    ):
        assert mailer.send() == 162
        assert "250 2.0.0 queued" in mailer.error[1]
    assert server.messages == []


def test_replies_of_odd_octets_keep_their_meaning():
    """Neither UTF-8 nor printable, with bare LF, and cut into single octets: still replies with a code."""
    odd = "ünïcode \U0001f4a9".encode() + b" \xff\xfe\x80 \x00\x01\x1b[31m"
    replies = dict.fromkeys(("MAIL", "RCPT", "MESSAGE"), b"250 " + odd + b"\r\n")
    replies |= {"GREETING": b"220-" + odd + b"\n220 " + odd + b"\n", "QUIT": b"221 " + odd + b"\r\n"}
    steps = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "MESSAGE", "QUIT")
    with (
        ScriptedServer(replies=replies, faults=dict.fromkeys(steps, Split(pause=0))) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        assert "ünïcode \U0001f4a9" in mailer.get("LastReply")
    assert [message.content for message in server.messages] == [CONTENT]


def test_a_refused_connection(closed_port: int):
    with ScriptedServer() as server, Mailer(closed_port) as mailer:
        assert mailer.send() == 10061
        assert f"127.0.0.1 port {closed_port}" in mailer.error[1]
        mailer.set(MailPort=server.port)
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


def test_two_handles_do_not_wait_for_each_other():
    """One hangs in a callback, so to speak for ever, while the other one delivers."""
    inside, leave = threading.Event(), threading.Event()

    def hang(parameters: dict[str, Any]) -> None:
        inside.set()
        assert leave.wait(10)

    with ScriptedServer() as server, Mailer(server.port) as slow, Mailer(server.port) as quick:
        slow.on("StartTransfer", hang)
        thread = threading.Thread(target=slow.send)
        thread.start()
        assert inside.wait(5)
        assert quick.send() == 0
        assert slow.send() == 168
        leave.set()
        thread.join(5)
        assert slow.error[0] == 0
    assert len(server.messages) == 2


def test_a_callback_may_take_longer_than_the_timeout():
    """Inactivity is the server's. The only test that sleeps."""
    with ScriptedServer() as server, Mailer(server.port, Timeout=1) as mailer:
        mailer.on("StartTransfer", lambda parameters: time.sleep(1.1))
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize("timeout", [0, 60])
def test_a_server_that_is_slow_to_say_goodbye_is_not_waited_for(timeout: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "_QUIT_SECONDS", 0.2)
    with ScriptedServer(faults={"QUIT": Stall()}) as server, Mailer(server.port, Timeout=timeout) as mailer:
        began = time.monotonic()
        assert mailer.send() == 0, mailer.error
        assert time.monotonic() - began < 3


def test_an_absolute_limit_holds_for_quit_too():
    with (
        ScriptedServer(faults={"MESSAGE": Delay(0.6), "QUIT": Stall()}) as server,
        Mailer(server.port, Timeout=1) as mailer,
    ):
        mailer.config(AbsoluteTimeout=True)
        began = time.monotonic()
        assert mailer.send() == 0, mailer.error
        assert time.monotonic() - began < 1.5
