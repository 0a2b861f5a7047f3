"""PIPELINING (RFC 2920) with more recipients than any buffer holds, and with servers that offer it and cannot do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from wire.channel import Channel, Ending
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, ScriptedServer, Step

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


@dataclass(frozen=True)
class DropTheRest:
    """Answer, and forget what came in the same segment behind the command."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(reply)
        channel.discard_input()
        return reply


@dataclass(frozen=True)
class HangUpOnTheRest:
    """Answer, and close because more came in the same segment."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(reply)
        channel.hang_up(Ending.SERVER_CLOSED)


@dataclass(frozen=True)
class Complain:
    """Refuse to be spoken to before the answer."""

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(b"554 5.5.0 SMTP synchronization error\r\n")
        channel.hang_up(Ending.SERVER_CLOSED)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (DropTheRest(), 301, "waiting for the reply to RCPT"),
        (HangUpOnTheRest(), 1120, "waiting for the reply to RCPT"),
        (Complain(), 161, "554 5.5.0 SMTP synchronization error"),
    ],
    ids=str,
)
@pytest.mark.parametrize(("remedy", "hello"), [("UsePipelining", "EHLO"), ("AllowExtensions", "HELO")])
def test_a_server_that_chokes_is_told_of_and_can_be_used_without(
    fault: Any, code: int, words: str, remedy: str, hello: str
):
    with (
        ScriptedServer(faults={Step("MAIL", 1): fault}) as server,
        Mailer(server.port, Timeout=1) as mailer,
    ):
        assert mailer.send() == code
        assert words in mailer.error[1]
        assert mailer.get("Connected") is False
        if remedy == "UsePipelining":
            mailer.config(UsePipelining=False)
        else:
            mailer.set(AllowExtensions=False)
        assert mailer.send() == 0, mailer.error
    assert server.connections[0].messages == []
    (message,) = server.connections[1].messages
    assert message.content == CONTENT
    assert [command.split()[0] for command in server.connections[1].commands] == [
        hello,
        "MAIL",
        "RCPT",
        "DATA",
        "QUIT",
    ]
    assert all(segment.count(b"\r\n") == 1 for segment in server.connections[1].segments[:4])
