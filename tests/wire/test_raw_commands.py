"""The Command property: any line, any reply, and a session that is still in step behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ssmtp_compat import PropertyID, ssmtp_do_expand, ssmtp_do_verify, ssmtp_set
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, Close, Ending, ScriptedServer, Stall

pytestmark = pytest.mark.usefixtures("no_leaks")


def command(mailer: Mailer, line: str) -> int:
    return ssmtp_set(mailer.handle, PropertyID.Command, line)


@pytest.mark.parametrize(
    ("line", "step", "reply"),
    [
        ("NOOP", "NOOP", "250 2.0.0 ok"),
        ("help", "HELP", "214-Commands:\n214-NOOP\n214 that is all"),
        ("ETRN example.test", "ETRN", "250 queuing started"),
        ("VRFY bob", "VRFY", "550 5.1.1 unknown"),
        ("XYZZY plugh", "OTHER", "500 5.5.2 unknown command"),
        ("RCPT TO:<bob@example.test>", "RCPT", "503 5.5.1 MAIL first"),
        ("NOOP grüße", "NOOP", "250 2.0.0 ok"),
    ],
)
def test_a_line_goes_out_as_it_is_and_its_reply_is_the_last_one(line: str, step: str, reply: str):
    with ScriptedServer(replies={step: [reply]}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        mailer.record("PITrail", "Error")
        assert command(mailer, line) == 0, mailer.error
        assert mailer.get("LastReply") == reply.replace("\n", "\r\n")
        assert mailer.events[0] == ("PITrail", {"direction": 0, "message": line})
        assert mailer.recorded("PITrail", "message")[1:] == reply.split("\n")
        assert mailer.recorded("Error", "description") == []
        assert mailer.get("Command") == ""
        assert mailer.send() == 0, mailer.error
    assert server.connection.commands[1] == line
    assert [message.content for message in server.messages] == [CONTENT]


def test_without_a_session_there_is_nobody_to_tell():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert command(mailer, "NOOP") == 1117
        assert server.connections == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("", "verb"),
        (" NOOP", "verb"),
        ("AUTH PLAIN AGEAYg==", "User"),
        ("data", "Send"),
        ("BDAT 5 LAST", "Send"),
        ("starttls", "SSLStartMode"),
        ("NOOP\r\nRSET", "U+000D"),
        ("NOOP\n", "U+000A"),
        ("NOOP \0", "U+0000"),
    ],
)
def test_a_line_that_would_break_the_dialogue_is_refused_and_nothing_is_sent(line: str, word: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert command(mailer, line) == 20005
        assert word in mailer.error[1]
        assert "AGEAYg==" not in mailer.error[1]
        assert mailer.send() == 0, mailer.error
    assert server.connection.commands[1].startswith("MAIL")


def test_a_transaction_begun_by_hand_does_not_get_into_the_way_of_send():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        for line in ("MAIL FROM:<eve@example.test>", "RCPT TO:<eve@example.test>", "MAIL FROM:<twice@example.test>"):
            assert command(mailer, line) == 0, mailer.error
        assert mailer.get("LastReply").startswith("503")
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    assert message.mail.startswith("MAIL FROM:<alice@example.test>")
    assert [rcpt for rcpt in message.rcpts if "eve" in rcpt] == []
    assert [line.split()[0] for line in server.commands[1:6]] == ["MAIL", "RCPT", "MAIL", "RSET", "MAIL"]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda mailer: command(mailer, "DATA"), 20005),  # not even sent
        (lambda mailer: ssmtp_do_verify(mailer.handle, "bob"), 161),
        (lambda mailer: ssmtp_do_expand(mailer.handle, "böb"), 20011),
    ],
)
def test_a_transaction_begun_by_hand_outlives_a_question_that_is_refused(ask: Callable[[Mailer], int], code: int):
    extensions = [name for name in EXTENSIONS if name != "SMTPUTF8"]
    with (
        ScriptedServer(replies={"VRFY": "550 5.1.1 no"}, extensions=extensions) as server,
        Mailer(server.port) as mailer,
    ):
        assert mailer.connect() == 0
        assert command(mailer, "MAIL FROM:<eve@example.test>") == 0, mailer.error
        assert ask(mailer) == code, mailer.error
        assert mailer.get("Connected") is True
        assert command(mailer, "RCPT TO:<eve@example.test>") == 0, mailer.error
        assert mailer.get("LastReply") == "250 2.1.5 ok"


@pytest.mark.parametrize("properties", [{"MessageText": "x" * 1000}, {"SendTo": "bøb@example.test"}])
def test_a_message_that_this_server_cannot_take_costs_the_transaction_and_not_the_session(properties: dict[str, Any]):
    with (
        ScriptedServer(extensions=["SIZE 500"]) as server,
        Mailer(server.port, **properties) as mailer,
    ):
        assert mailer.connect() == 0
        assert command(mailer, "MAIL FROM:<eve@example.test>") == 0, mailer.error
        assert mailer.send() in (20011, 20013), mailer.error
        assert mailer.get("Connected") is True
        mailer.set(MessageText="Hello Bob\r\n", SendTo="bob@example.test")
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    assert message.mail.startswith("MAIL FROM:<alice@example.test>")


def test_a_server_that_will_not_forget_that_transaction_gets_no_message():
    with ScriptedServer(replies={"RSET": "500 no"}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert command(mailer, "MAIL FROM:<eve@example.test>") == 0, mailer.error
        assert mailer.send() == 161
        assert mailer.error == (161, "500 no")
        assert mailer.get("Connected") is False
    assert server.messages == []


def test_ehlo_by_hand_renews_what_the_server_offers():
    offers = ["250-x\n250 SMTPUTF8", "250 x"]
    with ScriptedServer(replies={"EHLO": offers}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert command(mailer, "EHLO again.example.test") == 0, mailer.error
        assert ssmtp_do_expand(mailer.handle, "böb") == 20011  # the new offer lacks SMTPUTF8
    assert server.commands[1] == "EHLO again.example.test"


def test_quit_by_hand_closes_the_connection():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        mailer.record("ConnectionStatus")
        assert command(mailer, "QUIT") == 0, mailer.error
        assert mailer.get("Connected") is False
        assert mailer.get("LastReply").startswith("221")
        assert mailer.recorded("ConnectionStatus", "connectionevent") == ["Remote host disconnected"]
        assert mailer.send() == 0, mailer.error
    assert [each.ending for each in server.connections] == [Ending.QUIT, Ending.QUIT]


@pytest.mark.parametrize(
    ("replies", "faults", "code"),
    [
        ({"OTHER": "334 go on"}, {}, 162),
        ({"OTHER": "421 4.3.2 bye"}, {}, 161),
        ({}, {"OTHER": Close()}, 1120),
        ({}, {"OTHER": Stall()}, 301),
    ],
)
def test_what_breaks_the_session_is_an_error_and_closes_it(replies: dict[str, Any], faults: dict[Any, Any], code: int):
    with ScriptedServer(replies=replies, faults=faults) as server, Mailer(server.port, Timeout=1) as mailer:
        assert mailer.connect() == 0
        assert command(mailer, "XYZZY") == code, mailer.error
        assert mailer.get("Connected") is False


def test_command_is_no_method_for_a_callback():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        codes: list[int] = []
        mailer.on("PITrail", lambda _: codes.append(command(mailer, "NOOP")))
        assert mailer.send() == 0, mailer.error
    assert set(codes) == {168}
    assert "NOOP" not in server.commands
