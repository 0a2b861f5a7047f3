"""Servers that offer PIPELINING and cannot do it: the message arrives all the same, and once.

Where the connection is lost that the script opened, or nothing comes any more, the method fails and the next one works.
"""

from __future__ import annotations

import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import ssmtp_do_interrupt, ssmtp_do_processqueue, ssmtp_do_reset
from wire.channel import Connection
from wire.choking import Disorder, DropTheRest, HangUp, TakeAsOneLine
from wire.faults import Fault, Reached
from wire.mailer import CONTENT, Mailer
from wire.queue_runs import endings, queue
from wire.scripted_server import EXTENSIONS, Close, Later, ScriptedServer, Send, Split, Stall, Step, Then

pytestmark = pytest.mark.usefixtures("no_leaks")

REMARK = "The server offers PIPELINING and seems to choke on it; from now on each command awaits its reply."
CLOSES = [HangUp(), HangUp(answering=False), HangUp(reset=True)]
DISORDER = [b"503 5.5.1 MAIL first\r\n", b"500 5.5.2 what?\r\n"]
CHUNKING = (*EXTENSIONS, "CHUNKING")
ADDRESSES = [f"{name}@example.test" for name in ("bob", "carol", "dave")]
TO = ADDRESSES[0]
BCC = {"SendTo": "", "BCc": ", ".join(ADDRESSES)}


def one_by_one(connection: Connection) -> bool:
    return not any(segment.count(b"\r\n") > 1 for segment in connection.segments if segment.startswith(b"MAIL"))


def verbs(connection: Connection) -> list[str]:
    return [command.split()[0] for command in connection.commands]


def remarks(mailer: Mailer) -> list[str]:
    return [each["message"] for name, each in mailer.events if name == "PITrail" and each["direction"] == 2]


def disordered(refusal: bytes, *steps: str) -> ScriptedServer:
    return ScriptedServer(faults={step: Disorder(refusal) for step in steps})


# -- the connection is lost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "fault"),
    [(step, fault) for step in ("MAIL", "RCPT") for fault in CLOSES] + [("DATA", HangUp(answering=False))],
    ids=str,
)
def test_a_session_of_the_methods_own_is_opened_once_more(step: str, fault: Fault):
    with ScriptedServer(faults={step: fault}) as server, Mailer(server.port) as mailer:
        mailer.record()
        assert mailer.send() == 0, mailer.error
        assert mailer.error == (0, "")
        assert mailer.get("LastReply") == "250 2.0.0 message 1"
        assert remarks(mailer) == [REMARK]
        assert mailer.recorded("Error", "errorcode") == []
        told = mailer.recorded("ConnectionStatus", "connectionevent")
        assert told == ["Remote host connection complete", "Remote host disconnected"] * 2
        assert len(mailer.recorded("StartTransfer", "direction")) == 1
        assert mailer.send() == 0, mailer.error
        assert remarks(mailer) == [REMARK]
    first, second, third = server.connections
    assert first.messages == []
    assert [message.content for message in second.messages] == [message.content for message in third.messages]
    assert [message.content for message in second.messages] == [CONTENT]
    assert verbs(second) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert one_by_one(second)
    assert one_by_one(third)


@pytest.mark.parametrize("fault", CLOSES, ids=str)
def test_a_session_of_the_scripts_is_not_and_the_next_one_works(fault: HangUp):
    with ScriptedServer(faults={"MAIL": fault}) as server, Mailer(server.port) as mailer:
        mailer.record("Error", "PITrail")
        assert mailer.connect() == 0
        code = 10054 if fault.reset else 1120
        assert mailer.send() == code
        assert mailer.get("Connected") is False
        assert mailer.recorded("Error", "errorcode") == [code]
        assert remarks(mailer) == [REMARK]
        assert len(server.connections) == 1
        assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == 2
    assert one_by_one(server.connections[1])
    assert [message.content for message in server.messages] == [CONTENT]


def test_the_second_session_is_as_safe_as_the_first(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    with (
        ScriptedServer(faults={"MAIL": HangUp(reset=True)}, tls=server_tls, users={"alice": "secret"}) as server,
        Mailer(server.port, SSLStartMode=2, User="alice", Password="secret") as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.send() == 0, mailer.error
    assert [(each.tls, each.user) for each in server.connections] == [(True, "alice")] * 2
    assert server.connections[1].commands_in_clear == server.connections[0].commands_in_clear
    assert len(server.messages) == 1


def test_a_second_session_that_fails_is_the_outcome():
    refusal = "550 5.1.1 no such user"
    with (
        ScriptedServer(faults={"MAIL": HangUp()}, replies={"RCPT": refusal}) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.record("Error")
        assert mailer.send() == 161
        assert mailer.get("LastReply") == refusal
        assert mailer.recorded("Error", "description") == [refusal]
    assert len(server.connections) == 2


def test_a_server_that_closes_without_pipelining_too_gets_no_third_attempt():
    with ScriptedServer(faults={"RCPT": Close()}) as server, Mailer(server.port) as mailer:
        mailer.record("Error")
        assert mailer.send() == 1120
        assert mailer.recorded("Error", "errorcode") == [1120]
        assert mailer.send() == 1120
    assert len(server.connections) == 3


def test_both_sessions_have_the_same_absolute_limit():
    with (
        ScriptedServer(faults={"MAIL": HangUp(seconds=0.6), "DATA": Split(pause=0.05)}) as server,
        Mailer(server.port, Timeout=1) as mailer,
    ):
        mailer.config(AbsoluteTimeout=True)
        began = time.monotonic()
        assert mailer.send() == 301
        assert 0.9 <= time.monotonic() - began < 2
        assert mailer.error[1].startswith("Timeout: not finished within 1 s")
    assert len(server.connections) == 2
    assert server.messages == []


# -- silence ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_silence_fails_in_time_and_the_next_send_works(step: str, connected: bool):
    with ScriptedServer(faults={step: DropTheRest()}) as server, Mailer(server.port, Timeout=1) as mailer:
        mailer.record("PITrail")
        if connected:
            assert mailer.connect() == 0
        began = time.monotonic()
        assert mailer.send() == 301
        assert 0.9 <= time.monotonic() - began < 2
        assert "waiting for the reply to" in mailer.error[1]
        assert mailer.get("Connected") is False
        assert remarks(mailer) == [REMARK]
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == 2
    assert one_by_one(server.connections[1])
    assert [message.content for message in server.messages] == [CONTENT]


def test_silence_behind_one_refusal_for_all_makes_the_next_send_work():
    with ScriptedServer(faults={"MAIL": TakeAsOneLine()}) as server, Mailer(server.port, Timeout=1) as mailer:
        assert mailer.send() == 161
        assert mailer.error[1] == "501 5.5.4 syntax"
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == 2


# -- a refusal that contradicts the reply to MAIL ---------------------------------------------------------------------


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("refusal", DISORDER)
@pytest.mark.parametrize("steps", [("RCPT", "DATA"), ("DATA",)])
def test_the_same_session_gets_the_transaction_once_more(steps: tuple[str, ...], refusal: bytes, connected: bool):
    with disordered(refusal, *steps) as server, Mailer(server.port) as mailer:
        mailer.record()
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 0, mailer.error
        assert mailer.get("LastReply") == "250 2.0.0 message 1"
        assert remarks(mailer) == [REMARK]
        assert mailer.recorded("Error", "errorcode") == []
        assert mailer.get("Connected") is connected
        assert mailer.send() == 0, mailer.error
        assert remarks(mailer) == [REMARK]
    transaction = ["MAIL", "RCPT", "DATA"]
    told = [verb for connection in server.connections for verb in verbs(connection)]
    assert told == [
        "EHLO",
        *transaction,
        "RSET",
        *transaction,
        *([] if connected else ["QUIT", "EHLO"]),
        *transaction,
    ] + ([] if connected else ["QUIT"])
    assert [message.content for message in server.messages] == [CONTENT, CONTENT]


@pytest.mark.parametrize("refusal", DISORDER)
@pytest.mark.parametrize("properties", [{"BCc": ADDRESSES[1]}, {"SendTo": ", ".join(ADDRESSES[:2])}, BCC], ids=str)
def test_no_recipient_is_told_of_that_gets_the_message(refusal: bytes, properties: dict[str, str]):
    with disordered(refusal, "RCPT", "DATA") as server, Mailer(server.port, **properties) as mailer:
        mailer.config(AllowEmptyTo=True)
        mailer.record("Error")
        assert mailer.send() == 0, mailer.error
        assert mailer.events == []
    (message,) = server.messages
    assert message.recipients == [address for address in ADDRESSES if address in str({"SendTo": TO, **properties})]


def test_a_line_cut_in_the_middle_of_a_long_list_costs_nobody_the_message():
    names = [f"user{number}@example.test" for number in range(300)]
    with (
        ScriptedServer(faults={Step("RCPT", 150): Disorder(DISORDER[1])}) as server,
        Mailer(server.port, SendTo=", ".join(names)) as mailer,
    ):
        mailer.record("Error")
        assert mailer.send() == 0, mailer.error
        assert mailer.events == []
    (message,) = server.messages
    assert message.recipients == names
    assert verbs(server.connection).count("RSET") == 1


@pytest.mark.parametrize("properties", [{}, BCC], ids=str)
def test_a_policy_that_answers_503_is_asked_twice_and_then_once(properties: dict[str, str]):
    with (
        ScriptedServer(replies={"RCPT": "503 5.7.0 log in first"}) as server,
        Mailer(server.port, **properties) as mailer,
    ):
        mailer.config(AllowEmptyTo=True)
        mailer.record("Error")
        recipients = 3 if properties else 1
        for _ in range(2):
            assert mailer.send() == 161
            assert mailer.error[1] == mailer.get("LastReply") == "503 5.7.0 log in first"
            assert len(mailer.events) == recipients
            mailer.events.clear()
    first, second = server.connections
    assert verbs(first).count("MAIL") == 2
    assert verbs(second).count("MAIL") == 1


def test_a_503_for_some_stops_nobody_else():
    replies = {"RCPT": ["503 5.5.1 too many", "250 2.1.5 ok", "503 5.5.1 too many"]}
    with ScriptedServer(replies=replies) as server, Mailer(server.port, **BCC) as mailer:
        mailer.config(AllowEmptyTo=True)
        seen: list[tuple[str, str]] = []
        mailer.on("Error", lambda each: seen.append((each["description"], mailer.get("LastReply"))))
        assert mailer.send() == 0, mailer.error
    assert seen == [("503 5.5.1 too many", "503 5.5.1 too many")] * 2
    (message,) = server.messages
    assert message.recipients == ["carol@example.test"]


def test_a_503_that_is_not_the_error_is_told_of_before_it():
    replies = {"RCPT": ["503 5.5.1 too many", "550 5.1.1 no such user"]}
    with ScriptedServer(replies=replies) as server, Mailer(server.port, Cc=ADDRESSES[1]) as mailer:
        mailer.config(StopOnToErrors=False)
        mailer.record("Error")
        assert mailer.send() == 161
        assert mailer.recorded("Error", "description") == ["503 5.5.1 too many", "550 5.1.1 no such user"]
        assert mailer.get("LastReply") == "550 5.1.1 no such user"
        assert mailer.send() == 0
    assert not one_by_one(server.connections[1])


# -- no second attempt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("RCPT", "421 4.3.2 closing"),
        ("RCPT", "550 5.1.1 no such user"),
        ("RCPT", "450 4.2.1 later"),
        ("MAIL", "503 5.5.1 HELO first"),
        ("DATA", "554 5.7.1 no"),
    ],
)
def test_what_a_server_says_of_itself_or_of_the_message_is_no_choking(step: str, reply: str):
    with ScriptedServer(replies={step: [reply]}) as server, Mailer(server.port) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 161
        assert mailer.error[1] == reply
        assert verbs(server.connections[0]).count("MAIL") == 1
        assert mailer.send() == 0
        assert remarks(mailer) == []
    assert not one_by_one(server.connections[1])


def test_a_refusal_before_a_close_is_no_choking():
    refused = Send(b"554 5.7.1 go away\r\n")
    with (
        ScriptedServer(faults={Step("MAIL", 1): refused, Step("RCPT", 1): Close()}) as server,
        Mailer(server.port) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 161
        assert mailer.error[1] == "554 5.7.1 go away"
        assert mailer.send() == 0
        assert remarks(mailer) == []
    assert not one_by_one(server.connections[1])


def test_a_connection_cut_inside_tls_is_no_choking(server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    with (
        ScriptedServer(faults={Step("MAIL", 1): HangUp()}, tls=server_tls) as server,
        Mailer(server.port, SSLStartMode=2) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.send() == 284
        assert mailer.send() == 0
    assert not one_by_one(server.connections[1])


def test_an_interrupt_is_no_choking():
    stalled = Reached(Stall())
    with ScriptedServer(faults={Step("RCPT", 1): stalled}) as server, Mailer(server.port) as mailer:

        def interrupt() -> None:
            stalled.begun.wait(5)
            ssmtp_do_interrupt(mailer.handle)

        thread = threading.Thread(target=interrupt)
        thread.start()
        assert mailer.send() == 301
        thread.join()
        assert mailer.send() == 0
    assert len(server.connections) == 2
    assert not one_by_one(server.connections[1])


def test_an_interrupt_between_the_sessions_ends_the_method():
    with ScriptedServer(faults={"MAIL": HangUp()}) as server, Mailer(server.port) as mailer:
        mailer.on("ConnectionStatus", lambda each: each["statuscode"] and ssmtp_do_interrupt(mailer.handle))
        assert mailer.send() == 301
        assert mailer.error[1] == "Operation interrupted."
    assert len(server.connections) == 1


@pytest.mark.parametrize("extra", [b"250 2.0.0 extra\r\n", b"503 5.5.1 extra\r\n"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_reply_too_many_stays_an_error(step: str, extra: bytes):
    with ScriptedServer(faults={Step(step, 1): Then(extra)}) as server, Mailer(server.port) as mailer:
        assert mailer.send() in (161, 162)
        assert server.messages == []
        assert mailer.send() == 0


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize(
    ("step", "fault", "code"),
    [
        ("RCPT", HangUp(), 1120),
        ("RCPT", Disorder(DISORDER[0]), 161),
        ("RCPT", DropTheRest(), 301),
    ],
    ids=str,
)
def test_a_group_that_carries_the_message_is_not_repeated(step: str, fault: Fault, code: int, connected: bool):
    with (
        ScriptedServer(faults={step: fault}, extensions=CHUNKING) as server,
        Mailer(server.port, Timeout=1) as mailer,
    ):
        mailer.config(UseChunking=True)
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == code
        assert verbs(server.connections[0]).count("MAIL") == 1
        assert server.messages == []
        mailer.disconnect()
        assert mailer.send() == 0, mailer.error
    assert len(server.connections) == 2
    assert one_by_one(server.connections[1])
    assert len(server.messages) == 1


def test_a_message_that_needs_more_than_the_group_gets_there_in_chunks():
    with (
        ScriptedServer(faults={"MAIL": HangUp()}, extensions=CHUNKING) as server,
        Mailer(server.port, MessageText="0123456789\r\n" * 20_000) as mailer,
    ):
        mailer.config(UseChunking=True)
        assert mailer.send() == 0, mailer.error
    assert [len(connection.messages) for connection in server.connections] == [0, 1]


def test_an_empty_message_for_nobody_is_the_last_of_its_transaction():
    # A 354 behind a refused recipient has to be answered with a dot (RFC 2920 3.1): something did go out.
    replies = {"RCPT": ["503 5.5.1 MAIL first"], "DATA": ["354 go on"]}
    with ScriptedServer(replies=replies) as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert verbs(server.connections[0]) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
        assert mailer.send() == 0, mailer.error
    assert one_by_one(server.connections[1])


@pytest.mark.parametrize("fault", [HangUp(answering=False), Disorder(DISORDER[0])], ids=str)
def test_no_refusal_is_told_twice(fault: Fault):
    replies = {"RCPT": ["250 2.1.5 ok", "550 5.1.1 no such user"]}
    with ScriptedServer(replies=replies, faults={"DATA": fault}) as server, Mailer(server.port, **BCC) as mailer:
        mailer.config(AllowEmptyTo=True)
        mailer.record("Error")
        code = mailer.send()
        assert code in (1120, 161)
        assert mailer.recorded("Error", "errorcode") == [161, code]
        assert verbs(server.connections[0]).count("MAIL") == 1
        assert mailer.send() == 0
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    ("settings", "faults"),
    [
        ({"SendRSET": False}, {}),
        ({}, {"RSET": Send(b"502 5.5.1 no such command\r\n")}),
        ({}, {"RSET": Close()}),
    ],
    ids=str,
)
def test_without_rset_the_refusal_is_the_error_and_the_next_send_works(settings: dict[str, Any], faults: Any):
    faults = {"RCPT": Disorder(DISORDER[0]), "DATA": Disorder(DISORDER[0]), **faults}
    with ScriptedServer(faults=faults) as server, Mailer(server.port) as mailer:
        mailer.config(**settings)
        assert mailer.send() == 161
        assert mailer.error[1] == "503 5.5.1 MAIL first"
        assert verbs(server.connections[0]).count("MAIL") == 1
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


# -- what a handle remembers ------------------------------------------------------------------------------------------


def test_a_server_is_remembered_until_something_else_is_said():
    with ScriptedServer(faults={"MAIL": HangUp()}) as server, ScriptedServer() as other, Mailer(server.port) as mailer:

        def chokes() -> bool:
            before = len(server.connections)
            assert mailer.send() == 0, mailer.error
            return len(server.connections) - before == 2

        assert chokes()
        assert not chokes()
        assert mailer.setting("UsePipelining") == "True"
        mailer.set(Timeout=6, MessageText="Hello again\r\n")
        assert not chokes()
        mailer.set(MailPort=other.port)
        assert mailer.send() == 0
        mailer.set(MailPort=server.port)
        assert not chokes()
        mailer.config(UsePipelining=True)
        assert mailer.setting("UsePipelining") == "True"
        assert chokes()
        assert not chokes()
        assert ssmtp_do_reset(mailer.handle) == 0
        mailer.set(MailServer="127.0.0.1", MailPort=server.port, From="alice@example.test", SendTo="bob@example.test")
        assert chokes()
    assert not one_by_one(other.connection)


def test_a_session_that_the_server_ended_before_anything_was_sent_is_no_choking():
    with ScriptedServer(faults={Step("EHLO", 1): Later(b"", Close(), 0)}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        time.sleep(0.1)
        assert mailer.send() == 1120
        assert mailer.send() == 0, mailer.error
    assert verbs(server.connections[0]) == ["EHLO"]
    assert not one_by_one(server.connections[1])


# -- queues -----------------------------------------------------------------------------------------------------------


def test_a_queue_gets_on_in_the_same_session_where_that_is_in_step(spool: Path):
    queue(spool, count=3)
    with disordered(DISORDER[0], "RCPT", "DATA") as server, Mailer(server.port) as mailer:
        mailer.record("Error")
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
        assert mailer.events == []
    assert endings(spool) == []
    assert [message.recipients for message in server.connection.messages] == [
        [f"bob{number}@example.test"] for number in range(3)
    ]


@pytest.mark.parametrize("nth", [1, 2])
def test_a_queue_whose_connection_is_lost_waits_and_the_next_run_works(spool: Path, nth: int):
    queue(spool, count=3)
    with ScriptedServer(faults={Step("MAIL", nth): HangUp()}) as server, Mailer(server.port) as mailer:
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 1120
        assert len(server.connections) == 1
        assert endings(spool) == [".queued"] * (4 - nth)
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
    assert endings(spool) == []
    assert len(server.connections) == 2
    assert one_by_one(server.connections[1])
    assert len(server.messages) == 3


def test_a_message_whose_verdict_is_lost_goes_out_again_with_the_next_run_only(spool: Path):
    queue(spool, count=3)
    with ScriptedServer(faults={Step("MESSAGE", 1): Close()}) as server, Mailer(server.port) as mailer:
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 1120
        assert len(server.connections) == 1
        assert len(server.messages) == 1
        assert endings(spool) == [".queued"] * 3
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
    assert len(server.connections) == 2
    assert one_by_one(server.connections[1])
    assert len(server.connections[1].messages) == 3
