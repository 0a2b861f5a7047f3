"""PIPELINING (RFC 2920) with more recipients than any buffer holds, and the way to do without it."""

from __future__ import annotations

import pytest

from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

NAMES = [f"user{number}.{'x' * 50}@example.test" for number in range(2000)]  # 180 KB of commands
REFUSED = [name for number, name in enumerate(NAMES) if number % 7 == 3]


def _reply(line: str) -> str:
    address = line.partition("<")[2].partition(">")[0]
    return f"550-5.1.1 {address}\n550 5.1.1 refused" if address in REFUSED else f"250 2.1.5 {address}"


@pytest.mark.parametrize("chunking", [False, True])
def test_two_thousand_recipients_each_get_their_own_reply(chunking: bool):
    with (
        ScriptedServer(replies={"RCPT": _reply}, extensions=[*EXTENSIONS, "CHUNKING"]) as server,
        Mailer(server.port, SendTo=", ".join(NAMES)) as mailer,
    ):
        mailer.config(StopOnToErrors=False, UseChunking=chunking)
        mailer.record("Error", "PITrail")
        assert mailer.send() == 0, mailer.error
        errors, trail = mailer.recorded("Error", "description"), mailer.events
    assert errors == [f"550-5.1.1 {name}\r\n550 5.1.1 refused" for name in REFUSED]
    (message,) = server.messages
    assert message.recipients == [name for name in NAMES if name not in set(REFUSED)]
    # Never more than a hundred unanswered, and hardly ever few: what a server can hold, and what makes it fast.
    outstanding = most = 1  # the greeting
    for parameters in (each for name, each in trail if name == "PITrail"):
        if parameters["direction"] == 0:
            outstanding += 1
        elif parameters["direction"] == 1 and parameters["message"][3:4] == " ":
            outstanding -= 1
        most = max(most, outstanding)
    assert most == 100
    writes = [segment for segment in server.connection.segments if b"RCPT TO:" in segment]
    assert len(writes) < 2000 // 50 + 5


@pytest.mark.parametrize(("remedy", "hello"), [("UsePipelining", "EHLO"), ("AllowExtensions", "HELO")])
def test_an_offer_of_pipelining_need_not_be_taken_up(remedy: str, hello: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        if remedy == "UsePipelining":
            mailer.config(UsePipelining=False)
        else:
            mailer.set(AllowExtensions=False)
        assert mailer.send() == 0, mailer.error
    (message,) = server.messages
    assert message.content == CONTENT
    assert [command.split()[0] for command in server.connection.commands] == [hello, "MAIL", "RCPT", "DATA", "QUIT"]
    assert all(segment.count(b"\r\n") == 1 for segment in server.connection.segments[:4])
