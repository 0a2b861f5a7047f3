"""CHUNKING (RFC 3030): the message as BDAT chunks, what a refused chunk means, and what stays as it is with DATA."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from ssmtp_compat import ssmtp_do_interrupt
from ssmtp_compat.operations import content
from wire.channel import Channel
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import EXTENSIONS, After, Close, Ending, Reset, ScriptedServer, Stall, Step, Then

pytestmark = pytest.mark.usefixtures("no_leaks")

CHUNKING = (*EXTENSIONS, "CHUNKING")
ONE_BY_ONE = tuple(name for name in CHUNKING if name != "PIPELINING")
OFFERS = {True: CHUNKING, False: ONE_BY_ONE}
MAIL = b"MAIL FROM:<alice@example.test> SIZE=%d\r\n"
RCPT = b"RCPT TO:<bob@example.test>\r\n"
BIG = ("." * 5 + "y" * 57 + "\r\n") * 50_000  # 3.2 MB, four chunks


def chunking(server: ScriptedServer, **properties: Any) -> Mailer:
    mailer = Mailer(server.port, **properties)
    mailer.config(UseChunking=True, Hello="client.test")
    return mailer


def deliver(extensions: Any = CHUNKING, settings: dict[str, Any] | None = None, **properties: Any) -> ScriptedServer:
    with ScriptedServer(extensions=extensions) as server, chunking(server, **properties) as mailer:
        mailer.config(**(settings or {}))
        assert mailer.send() == 0, mailer.error
    return server


def verbs(server: ScriptedServer) -> list[str]:
    return [command.split()[0] for command in server.commands]


def sizes(server: ScriptedServer) -> list[int]:
    return [int(command.split()[1]) for command in server.commands if command.startswith("BDAT")]


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_a_short_message_takes_one_write():
    server = deliver()
    assert server.connection.segments == [
        b"EHLO client.test\r\n",
        MAIL % len(CONTENT) + RCPT + b"BDAT %d LAST\r\n" % len(CONTENT) + CONTENT,
        b"QUIT\r\n",
    ]
    assert [message.content for message in server.messages] == [CONTENT]


@pytest.mark.parametrize(("offered", "wanted"), [(False, True), (True, False)])
def test_data_is_used_unless_both_sides_want_chunks(offered: bool, wanted: bool):
    server = deliver(CHUNKING if offered else EXTENSIONS, {"UseChunking": wanted})
    assert verbs(server) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
    assert server.messages[0].content == CONTENT


def test_without_extensions_there_are_no_chunks():
    assert verbs(deliver(AllowExtensions=False)) == ["HELO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_without_pipelining_each_command_waits_for_its_reply():
    server = deliver(ONE_BY_ONE)
    assert server.connection.segments[1:] == [
        MAIL % len(CONTENT),
        RCPT,
        b"BDAT %d LAST\r\n" % len(CONTENT) + CONTENT,
        b"QUIT\r\n",
    ]


@pytest.mark.parametrize(("stop", "together"), [(True, False), (False, True)])
def test_the_chunk_waits_where_a_refusal_could_stop_the_message(stop: bool, together: bool):
    server = deliver(settings={"StopOnToErrors": stop, "StopOnCcErrors": stop}, Cc="carol@example.test")
    assert (b"BDAT" in server.connection.segments[1]) is together
    assert len(server.messages[0].recipients) == 2


def test_a_long_message_waits_for_the_recipients():
    server = deliver(MessageText="x" * 70_000)
    assert server.connection.segments[1].endswith(RCPT)


TEXTS = [
    ".",
    "..\r\n.x",
    "a\r\n.\r\nb",
    "\r\n.\r\n",
    "",
    "no line end",
    "a\nb\rc\r\nd\n\r",
    "grün\r\n.\r\n",
    BIG,
    BIG + ".",
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20] + text[-1:]))
@pytest.mark.parametrize("pipelining", [True, False])
def test_dots_stay_as_they_are_and_data_delivers_the_same(text: str, pipelining: bool):
    server = deliver(OFFERS[pipelining], MessageText=text)
    by_data = deliver(OFFERS[pipelining], {"UseChunking": False}, MessageText=text)
    (message,) = server.messages
    assert message.content == by_data.messages[0].content
    assert message.raw == message.content
    assert message.mail == by_data.messages[0].mail
    assert f" SIZE={len(message.content)}" in message.mail


def test_sizes_are_exact_and_bounded():
    server = deliver(MessageText=BIG)
    assert sum(sizes(server)) == len(server.messages[0].content)
    assert len(sizes(server)) == 4
    assert max(sizes(server)) < (1 << 20) + 1000
    commands = [command for command in server.commands if command.startswith("BDAT")]
    assert [command.endswith(" LAST") for command in commands] == [False, False, False, True]


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_chunk_goes_out_while_the_one_before_is_answered(pipelining: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(content, "_CHUNK", 65536)
    monkeypatch.setattr(content, "_PIECE", 65536)
    text = BIG[: 5 * 65536]
    with ScriptedServer(extensions=OFFERS[pipelining]) as server, chunking(server, MessageText=text) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        trail = mailer.recorded("PITrail", "message")
    chunks = trail[trail.index(next(line for line in trail if line.startswith("BDAT"))) : -2]
    order = ["BDAT" if line.startswith("BDAT") else "reply" for line in chunks]
    if pipelining:
        assert order == ["BDAT", "BDAT", *["reply", "BDAT"] * 3, "reply", "reply"]
    else:
        assert order == ["BDAT", "reply"] * 5
    assert len(server.messages[0].content) == sum(sizes(server))


def test_a_raw_message_and_a_header_alone_go_in_chunks_too():
    raw = b".X: 1\r\nSubject: raw\r\n\r\n.line 1\nline 2"
    (message,) = deliver(Message=raw).messages
    assert message.content == b".X: 1\r\nSubject: raw\r\n\r\n.line 1\r\nline 2\r\n"
    (message,) = deliver(Message=b"Subject: only a header\r\n").messages
    assert message.content == b"Subject: only a header\r\n\r\n"


def test_one_session_carries_many_messages():
    with ScriptedServer(extensions=CHUNKING) as server, chunking(server) as mailer:
        assert mailer.connect() == 0
        for _ in range(3):
            assert mailer.send() == 0, mailer.error
    assert verbs(server) == ["EHLO", *["MAIL", "RCPT", "BDAT"] * 3]
    assert [message.content for message in server.messages] == [CONTENT] * 3


@pytest.mark.parametrize("extensions", [CHUNKING, [name for name in CHUNKING if name != "8BITMIME"]])
def test_eight_bit_text_goes_as_the_server_can_take_it(extensions: list[str]):
    (message,) = deliver(extensions, MessageText="grün und gut\r\n").messages
    assert ("BODY=8BITMIME" in message.mail) is ("8BITMIME" in extensions)
    assert message.raw.isascii() is ("8BITMIME" not in extensions)


def test_a_message_over_the_limit_is_not_begun():
    offered = [*(name for name in CHUNKING if not name.startswith("SIZE")), f"SIZE {len(CONTENT) - 1}"]
    with ScriptedServer(extensions=offered) as server, chunking(server) as mailer:
        assert mailer.send() == 20013
    assert verbs(server) == ["EHLO", "QUIT"]


# -- smuggling (security checklist 20 and 21) -------------------------------------------------------------------------

ENDS = ["\n", "\r", "\r\n", "\r\r\n"]
SMUGGLED = [f"{before}.{behind}" for before, behind in itertools.product(ENDS, ENDS)]


@pytest.mark.parametrize("cut", [2, 3, 4, 5, 7, 64])
@pytest.mark.parametrize("way", ["BDAT", "DATA"])
def test_no_spelling_of_a_lone_dot_ends_the_message_at_any_border(way: str, cut: int, monkeypatch: pytest.MonkeyPatch):
    """All spellings in one message; cut so small, a border falls everywhere in some of them."""
    monkeypatch.setattr(content, "_CHUNK", 2 * cut)
    monkeypatch.setattr(content, "_PIECE", cut)
    smuggled = "".join(f"one{each}MAIL FROM:<eve@example.test>{each}BDAT 0 LAST{each}" for each in SMUGGLED)
    for properties in (
        {"MessageText": smuggled},
        {"Message": ("Subject: raw\r\n\r\n" + smuggled).encode()},
        {"Message": ("Subject: raw" + smuggled).encode()},
    ):
        server = deliver(settings={"UseChunking": way == "BDAT"}, **properties)
        assert [verb for verb in verbs(server) if verb != "BDAT"] == (
            ["EHLO", "MAIL", "RCPT", "QUIT"] if way == "BDAT" else ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]
        )
        (message,) = server.messages
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", message.raw)
        assert b"eve@example.test" in message.content
        if way == "DATA":
            assert message.raw.endswith(b"\r\n.\r\n")
            assert not re.search(rb"(?m)^\.\r\n.", message.raw)
        else:
            assert len(sizes(server)) > 5
            assert sum(sizes(server)) == len(message.content)
            assert re.search(rb"(?m)^\.\r\n.", message.raw)  # no dot is doubled


@pytest.mark.parametrize("properties", [{"MessageText": "a\0b"}, {"Message": b"Subject: raw\r\n\r\na\0b"}])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_nul_never_gets_into_a_message_as_it_is(wanted: bool, properties: dict[str, Any]):
    with ScriptedServer(extensions=CHUNKING) as server, chunking(server, **properties) as mailer:
        mailer.config(UseChunking=wanted)
        mailer.send()
    assert all(b"\0" not in connection.received for connection in server.connections)


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connected", [True, False])
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("reply", ["452 4.3.1 full", "554-5.6.0 no\n554 5.6.0 never"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_behind_a_refused_chunk_nothing_more_is_sent_and_rset_follows(
    nth: int, reply: str, pipelining: bool, connected: bool
):
    replies = {"BDAT": [*["250 ok"] * (nth - 1), reply]}
    with (
        ScriptedServer(replies=replies, extensions=OFFERS[pipelining]) as server,
        chunking(server, MessageText=BIG) as mailer,
    ):
        mailer.record("Error")
        if connected:
            assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, reply.replace("\n", "\r\n"))
        assert mailer.get("LastReply") == reply.replace("\n", "\r\n")
        assert len(mailer.events) == 1
        assert mailer.get("Connected") is connected
        sent = verbs(server).count("BDAT")
        # With PIPELINING the next one may be on its way already.
        assert sent in ((nth, min(nth + 1, 4)) if pipelining else (nth,))
        assert verbs(server)[-1 if connected else -2] == "RSET"
        mailer.set(MessageText="Hello Bob\r\n")
        assert mailer.send() == 0, mailer.error
    # The server keeps what it refused at its end; where it refused before, there is nothing to keep.
    assert len(server.messages) == (2 if nth == 4 else 1)
    assert server.messages[-1].content == CONTENT
    assert len(server.connections) == (1 if connected else 2)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "BDAT"])
def test_a_refusal_of_a_short_message_leaves_a_session_in_step(step: str, pipelining: bool):
    with (
        ScriptedServer(replies={step: ["550 5.1.1 no"]}, extensions=OFFERS[pipelining]) as server,
        chunking(server) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, "550 5.1.1 no")
        assert mailer.get("Connected") is True
        assert ("RSET" in verbs(server)) is (step != "MAIL")
        assert mailer.send() == 0, mailer.error
    assert server.messages[-1].content == CONTENT
    assert len(server.messages) == (2 if step == "BDAT" else 1)
    assert len(server.connections) == 1


def test_a_message_taken_for_nobody_is_cleared_with_rset():
    with (
        ScriptedServer(replies={"RCPT": ["550 5.1.1 no"], "BDAT": ["250 taken"]}, extensions=CHUNKING) as server,
        chunking(server) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, "550 5.1.1 no")
        assert verbs(server)[-2:] == ["BDAT", "RSET"]
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


def test_a_recipient_that_may_be_missing_is_left_out():
    def rcpt(line: str) -> str:
        return "550 5.1.1 no" if "dave" in line else "250 ok"

    with (
        ScriptedServer(replies={"RCPT": rcpt}, extensions=CHUNKING) as server,
        chunking(server, BCc="dave@example.test") as mailer,
    ):
        mailer.config(StopOnToErrors=False)
        mailer.record("Error")
        assert mailer.send() == 0, mailer.error
        assert mailer.recorded("Error", "description") == ["550 5.1.1 no"]
    assert server.messages[0].recipients == ["bob@example.test"]
    assert b"BDAT" in server.connection.segments[1]


def test_without_sendrset_a_refused_chunk_ends_the_session():
    with ScriptedServer(replies={"BDAT": ["452 full"]}, extensions=CHUNKING) as server, chunking(server) as mailer:
        mailer.config(SendRSET=False)
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.get("Connected") is False
        assert mailer.send() == 0, mailer.error
    assert "RSET" not in verbs(server)
    assert [connection.ending for connection in server.connections] == [Ending.QUIT, Ending.QUIT]


def test_a_last_chunk_taken_behind_a_refused_one_ends_the_session():
    """It may have delivered what is left of the message; the refusal stays the error, and nothing goes on."""

    class Forgetful:
        def apply(self, channel: Channel, reply: bytes) -> bytes:
            channel.send(b"250 taken\r\n")
            return b"250 taken\r\n"

    with (
        ScriptedServer(
            replies={"BDAT": ["250 ok", "250 ok", "452 full"]},
            faults={Step("BDAT", 4): Forgetful()},
            extensions=CHUNKING,
        ) as server,
        chunking(server, MessageText=BIG) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() == 161
        assert mailer.error == (161, "452 full")
        assert mailer.get("Connected") is False
        assert mailer.get("Idle") is True
    assert "RSET" not in verbs(server)


@pytest.mark.parametrize(("left", "code"), [("452 4.3.1 full", 162), ("250 2.0.0 taken", 0), ("421 4.3.2 bye", 0)])
def test_a_reply_too_many_ahead_does_not_turn_a_refusal_into_a_success(left: str, code: int):
    """The replies to one write look all alike: with one more among them, the last chunk would get that of RCPT."""
    with (
        ScriptedServer(
            faults={"MAIL": Then(b"250 2.0.0 who asked?\r\n")}, replies={"BDAT": left}, extensions=CHUNKING
        ) as server,
        chunking(server) as mailer,
    ):
        assert mailer.send() == code, mailer.error
        assert mailer.get("Connected") is False
    assert verbs(server)[:4] == ["EHLO", "MAIL", "RCPT", "BDAT"]


# -- faults inside a chunk --------------------------------------------------------------------------------------------


class RefuseAndClose:
    """Refuse without reading the chunk, and hang up. Not what RFC 3030 says, and what servers do."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply

    def apply(self, channel: Channel, reply: bytes) -> bytes:
        channel.send(self._reply)
        channel.hang_up(Ending.SERVER_CLOSED)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        (After(200_000, Close()), {1120, 10054}),
        (After(200_000, Reset()), {10054}),
        (RefuseAndClose(b"421 4.3.2 closing\r\n"), {161}),
        (RefuseAndClose(b"552 5.3.4 too big\r\n"), {161}),
    ],
    ids=["close", "reset", "421", "552"],
)
def test_a_connection_lost_inside_a_chunk_is_told_and_the_handle_goes_on(
    fault: Any, codes: set[int], nth: int, pipelining: bool
):
    with (
        ScriptedServer(faults={Step("CHUNK", nth): fault}, extensions=OFFERS[pipelining]) as server,
        chunking(server, MessageText=BIG) as mailer,
    ):
        assert mailer.connect() == 0
        assert mailer.send() in codes, mailer.error
        assert mailer.get("Connected") is False
        mailer.set(MessageText="Hello Bob\r\n")
        assert mailer.send() == 0, mailer.error
    assert [message.content for message in server.messages] == [CONTENT]


def test_a_stall_inside_a_chunk_runs_out_of_time_and_closes():
    fault = After(200_000, Stall(reading=False))
    text = BIG * 8
    with (
        ScriptedServer(faults={Step("CHUNK", 1): fault}, extensions=CHUNKING) as server,
        chunking(server, MessageText=text, Timeout=1) as mailer,
    ):
        mailer.config(OutBufferSize=65536)
        assert mailer.connect() == 0
        code = mailer.send()
        assert code == 301
        assert mailer.error[1].startswith("Timeout: no answer within 1 s while ")
        assert mailer.get("Connected") is False
    assert server.messages == []


@pytest.mark.parametrize("pipelining", [True, False])
def test_an_interrupt_inside_a_chunk_closes_the_connection(pipelining: bool):
    with (
        ScriptedServer(extensions=OFFERS[pipelining]) as server,
        chunking(server, MessageText=BIG) as mailer,
    ):
        seen: list[int] = []

        def on_transfer(parameters: dict[str, Any]) -> None:
            seen.append(parameters["bytestransferred"])
            if len(seen) == 20:  # in the second chunk
                ssmtp_do_interrupt(mailer.handle)

        mailer.on("Transfer", on_transfer)
        assert mailer.connect() == 0
        assert mailer.send() == 301
        assert len(seen) == 20
        assert mailer.get("Connected") is False
        mailer.on("Transfer", None)
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
    assert server.connections[0].ending is not Ending.QUIT


# -- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Hello Bob\r\n", BIG], ids=["short", "long"])
def test_the_transfer_events_are_those_of_data(text: str):
    found = []
    for wanted in (True, False):
        with ScriptedServer(extensions=CHUNKING) as server, chunking(server, MessageText=text) as mailer:
            mailer.config(UseChunking=wanted)
            mailer.record("StartTransfer", "EndTransfer")
            pieces: list[str] = []
            counts: list[int] = []

            def on_transfer(
                parameters: dict[str, Any],
                mailer: Mailer = mailer,
                pieces: list[str] = pieces,
                counts: list[int] = counts,
            ) -> None:
                pieces.append(mailer.setting("TransferText"))
                counts.append(parameters["bytestransferred"])

            mailer.on("Transfer", on_transfer)
            assert mailer.send() == 0, mailer.error
            assert mailer.events == [("StartTransfer", {"direction": 0}), ("EndTransfer", {"direction": 0})]
        assert "".join(pieces) == text
        assert counts == list(itertools.accumulate(map(len, pieces)))
        assert counts[-1] == len(text)
        found.append(len(counts))
        assert verbs(server)[3] == ("BDAT" if wanted else "DATA")
    assert abs(found[0] - found[1]) <= 4  # a chunk's end ends a piece


@pytest.mark.parametrize("event", ["StartTransfer", "Transfer", "EndTransfer"])
def test_a_transfer_that_is_listened_to_begins_when_the_recipients_are_accepted(event: str):
    with (
        ScriptedServer(replies={"RCPT": ["550 5.1.1 no"]}, extensions=CHUNKING) as server,
        chunking(server) as mailer,
    ):
        mailer.record(event)
        assert mailer.send() == 161
        assert mailer.events == []
        assert "BDAT" not in verbs(server)
        assert mailer.send() == 0, mailer.error
        assert len(mailer.events) == 1
    assert b"BDAT" not in server.connections[1].segments[1]


def test_an_interrupt_where_the_transfer_starts_stops_the_message():
    with ScriptedServer(extensions=CHUNKING) as server, chunking(server) as mailer:
        mailer.on("StartTransfer", lambda _: ssmtp_do_interrupt(mailer.handle))
        assert mailer.send() == 301
    assert server.messages == []


def test_the_trace_shows_the_commands_and_not_the_message():
    with ScriptedServer(extensions=CHUNKING) as server, chunking(server) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        trail = mailer.recorded("PITrail", "message")
    assert f"BDAT {len(CONTENT)} LAST" in trail
    assert not any("Hello Bob" in line for line in trail)
