"""The events of a delivery: their order, their parameters, and what a callback may do and may break."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import ssmtp_close, ssmtp_do_interrupt, ssmtp_do_send, ssmtp_get_last_error
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

USERS = {"alice": "secret"}

# The documented keys in the documented order. Expand fires in no delivery; test_enquiry.py has it.
KEYS = {
    "ConnectionStatus": ["connectionevent", "statuscode", "description"],
    "EndTransfer": ["direction"],
    "Error": ["errorcode", "description"],
    "PITrail": ["direction", "message"],
    "SSLServerAuthentication": ["certencoded", "certsubject", "certissuer", "status", "accept"],
    "SSLStatus": ["message"],
    "StartTransfer": ["direction"],
    "Transfer": ["direction", "bytestransferred", "percentdone"],
}


class Boom(Exception):
    """What a script's own callback raises."""


@pytest.fixture
def secure(loopback_identity: LoopbackIdentity) -> Callable[..., Mailer]:
    """Makes a Mailer that goes through STARTTLS and AUTH."""

    def make(port: int, **properties: Any) -> Mailer:
        mailer = Mailer(port, **{"SSLStartMode": 2, "User": "alice", "Password": "secret", **properties})
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, Hello="client.test")
        return mailer

    return make


def said(direction: int, *lines: str) -> list[tuple[str, ...]]:
    return [("PITrail", str(direction), line) for line in lines]


def told(mailer: Mailer) -> list[tuple[str, ...]]:
    """The recorded events with the parameters that matter for their order; repeated SSLStatus events once."""
    short: list[tuple[str, ...]] = []
    for name, parameters in mailer.events:
        if name == "PITrail":
            short.append((name, str(parameters["direction"]), parameters["message"]))
        elif name == "ConnectionStatus":
            short.append((name, parameters["connectionevent"]))
        else:
            short.append((name,))
    return [key for key, _ in itertools.groupby(short)]


OFFER = ("scripted.example.test at your service", "PIPELINING", "SIZE 1000", "STARTTLS", "AUTH PLAIN")


def offered(*lines: str) -> list[tuple[str, ...]]:
    return said(1, *(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")


def test_a_delivery_tells_its_whole_story_in_order(server_tls: ssl.SSLContext, secure: Callable[..., Mailer]):
    with (
        ScriptedServer(
            tls=server_tls, users=USERS, mechanisms=["PLAIN"], extensions=["PIPELINING", "SIZE 1000"]
        ) as server,
        secure(server.port) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 0, mailer.error
    assert told(mailer) == [
        ("ConnectionStatus", "Remote host connection complete"),
        *said(1, "220 scripted.example.test ESMTP scripted"),
        *said(0, "EHLO client.test"),
        *offered(*OFFER),
        *said(0, "STARTTLS"),
        *said(1, "220 2.0.0 ready to start TLS"),
        ("SSLStatus",),
        ("SSLServerAuthentication",),
        ("SSLStatus",),
        ("ConnectionStatus", "TLS handshake complete"),
        *said(0, "EHLO client.test"),
        *offered(*(line for line in OFFER if line != "STARTTLS")),
        *said(0, "AUTH PLAIN ****"),
        *said(1, "235 2.7.0 authenticated"),
        *said(0, f"MAIL FROM:<alice@example.test> SIZE={len(CONTENT)}", "RCPT TO:<bob@example.test>", "DATA"),
        *said(1, "250 2.1.0 ok", "250 2.1.5 ok", "354 end with a lone dot"),
        ("StartTransfer",),
        ("Transfer",),
        ("EndTransfer",),
        *said(1, "250 2.0.0 message 1"),
        *said(0, "QUIT"),
        *said(1, "221 2.0.0 scripted.example.test closing"),
        ("ConnectionStatus", "TLS connection broken"),
        ("ConnectionStatus", "Remote host disconnected"),
    ]


def test_every_event_has_its_documented_keys_in_order(server_tls: ssl.SSLContext, secure: Callable[..., Mailer]):
    with (
        ScriptedServer(tls=server_tls, users=USERS, replies={"RCPT": ["250 ok", "550 no"]}) as server,
        secure(server.port, BCc="dave@example.test") as mailer,
    ):
        mailer.record()
        assert mailer.send() == 0, mailer.error
    assert {name for name, _ in mailer.events} == set(KEYS)
    for name, parameters in mailer.events:
        assert list(parameters) == KEYS[name], name
    (authentication,) = [parameters for name, parameters in mailer.events if name == "SSLServerAuthentication"]
    assert authentication["certencoded"].startswith(b"-----BEGIN CERTIFICATE-----")
    assert authentication["certsubject"] == "CN=localhost"
    assert authentication["certissuer"] == "CN=loopback test CA"
    assert authentication["status"] == "OK"
    assert authentication["accept"] is True
    for name, parameters in mailer.events:
        if name == "ConnectionStatus":
            assert (parameters["statuscode"], parameters["description"]) == (0, "OK")
    assert ("Error", {"errorcode": 161, "description": "550 no"}) in mailer.events


def test_with_implicit_tls_the_handshake_comes_before_the_greeting(
    server_tls: ssl.SSLContext, secure: Callable[..., Mailer]
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True, users=USERS) as server,
        secure(server.port, SSLStartMode=1) as mailer,
    ):
        mailer.record()
        assert mailer.connect() == 0, mailer.error
    assert told(mailer)[:6] == [
        ("ConnectionStatus", "Remote host connection complete"),
        ("SSLStatus",),
        ("SSLServerAuthentication",),
        ("SSLStatus",),
        ("ConnectionStatus", "TLS handshake complete"),
        *said(1, "220 scripted.example.test ESMTP scripted"),
    ]


def test_without_tls_no_tls_event_fires():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.record("ConnectionStatus", "SSLStatus", "SSLServerAuthentication")
        assert mailer.send() == 0
    assert told(mailer) == [
        ("ConnectionStatus", "Remote host connection complete"),
        ("ConnectionStatus", "Remote host disconnected"),
    ]


def test_the_session_of_connect_is_told_once():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.record("ConnectionStatus")
        for action in (mailer.connect, mailer.send, mailer.send, mailer.disconnect):
            assert action() == 0
    assert told(mailer) == [
        ("ConnectionStatus", "Remote host connection complete"),
        ("ConnectionStatus", "Remote host disconnected"),
    ]


def test_a_broken_connection_says_why():
    with ScriptedServer(replies={"MAIL": "421 4.3.2 shutting down"}) as server, Mailer(server.port) as mailer:
        mailer.record("ConnectionStatus", "Error")
        assert mailer.send() == 161
    assert mailer.events[1:] == [
        (
            "ConnectionStatus",
            {
                "connectionevent": "Remote host disconnected",
                "statuscode": 161,
                "description": "421 4.3.2 shutting down",
            },
        ),
        ("Error", {"errorcode": 161, "description": "421 4.3.2 shutting down"}),
    ]


def test_a_connection_that_was_never_made_has_no_status(closed_port: int):
    with Mailer(closed_port) as mailer:
        mailer.record()
        assert mailer.send() == 10061
        assert [name for name, _ in mailer.events] == ["Error"]


# -- the transfer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code_page", "charset"), [(28591, "latin-1"), (65001, "utf-8"), (932, "shift_jis")])
@pytest.mark.parametrize("raw", [False, True])
def test_transfer_counts_the_body_and_shows_each_piece(raw: bool, code_page: int, charset: str):
    word = "zwölf Boxkämpfer" if charset != "shift_jis" else "十二人のボクサー"
    text = "".join(f"{number:08d} {word}\r\n" for number in range(20_000))
    body = text.encode(charset)
    properties = {"Message": b"Subject: raw\r\n\r\n" + body} if raw else {"MessageText": text}
    seen: list[tuple[int, int, int]] = []
    pieces: list[str] = []
    with ScriptedServer() as server, Mailer(server.port, **properties) as mailer:
        mailer.config(CodePage=code_page)

        def on_transfer(parameters: dict[str, Any]) -> None:
            seen.append((parameters["direction"], parameters["bytestransferred"], parameters["percentdone"]))
            pieces.append(mailer.setting("TransferText"))

        mailer.record("StartTransfer", "EndTransfer")
        mailer.on("Transfer", on_transfer)
        assert mailer.setting("TransferText") == ""
        assert mailer.send() == 0, mailer.error
        assert mailer.setting("TransferText") == ""
        assert mailer.events == [("StartTransfer", {"direction": 0}), ("EndTransfer", {"direction": 0})]
    assert "".join(pieces) == text  # no character is cut in two
    assert server.messages[0].content.endswith(b"\r\n\r\n" + body)
    counts = [count for _, count, _ in seen]
    assert len(counts) > 3
    assert counts == list(itertools.accumulate(len(piece.encode(charset)) for piece in pieces))
    assert counts[-1] == len(body)
    assert [percent for _, _, percent in seen] == [count * 100 // len(body) for count in counts]
    assert seen[-1][2] == 100
    assert {direction for direction, _, _ in seen} == {0}


@pytest.mark.parametrize("properties", [{"MessageText": ""}, {"Message": b"Subject: only a header\r\n"}])
def test_without_a_body_there_is_no_transfer(properties: dict[str, Any]):
    with ScriptedServer() as server, Mailer(server.port, **properties) as mailer:
        mailer.record("StartTransfer", "Transfer", "EndTransfer")
        assert mailer.send() == 0
        assert mailer.events == []
    assert len(server.messages) == 1


# -- callbacks that raise ---------------------------------------------------------------------------------------------


class Bomb:
    """Listens to every event of a mailer and raises at the ``nth``."""

    def __init__(self, mailer: Mailer, nth: int) -> None:
        self.boom = Boom(f"at event {nth}")
        self.exploded_in = ""
        self._left = nth
        for name in KEYS:
            mailer.on(name, lambda parameters, name=name: self._tick(name))

    def _tick(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.exploded_in = name
            raise self.boom


def exception_of(method: Callable[[], int]) -> Boom | None:
    try:
        assert method() == 0
    except Boom as raised:
        return raised
    return None


def test_an_exception_in_any_callback_comes_out_and_closes_the_connection(
    server_tls: ssl.SSLContext, secure: Callable[..., Mailer]
):
    """Raised in turn at the first event of a delivery, at the second, ... until a delivery has no further one."""
    exploded: list[str] = []
    for nth in itertools.count(1):
        with (
            ScriptedServer(tls=server_tls, users=USERS, replies={"RCPT": ["250 ok", "550 no"]}) as server,
            secure(server.port, BCc="dave@example.test") as mailer,
        ):
            bomb = Bomb(mailer, nth)
            raised = exception_of(mailer.send)
            if raised is None:
                break
            assert raised is bomb.boom
            exploded.append(bomb.exploded_in)
            assert mailer.error[0] == 20010
            assert bomb.exploded_in in mailer.error[1]
            assert "Boom" in mailer.error[1]
            assert mailer.get("Connected") is False
            assert mailer.get("Idle") is True
            assert mailer.setting("TransferText") == ""
            server.wait_closed()
            for name in KEYS:
                mailer.on(name, None)
            assert mailer.send() == 0, mailer.error
        assert len(server.connections) == 2
        assert server.connections[1].messages[0].content == CONTENT
    assert set(exploded) == set(KEYS)
    assert len(exploded) > 30


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_goes_through_callbacks_too(kind: type[BaseException]):
    def stop(parameters: dict[str, Any]) -> None:
        raise kind

    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on("StartTransfer", stop)
        with pytest.raises(kind):
            mailer.send()
        assert mailer.get("Connected") is False
        mailer.on("StartTransfer", None)
        assert mailer.send() == 0
    assert len(server.messages) == 1


@pytest.mark.parametrize("event", ["PITrail", "StartTransfer", "Error"])
def test_an_exception_closes_the_session_of_connect_too(event: str):
    def raise_boom(parameters: dict[str, Any]) -> None:
        raise Boom

    replies = {"RCPT": ["550 no"]} if event == "Error" else {}
    with ScriptedServer(replies=replies) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        mailer.on(event, raise_boom)
        with pytest.raises(Boom):
            mailer.send()
        assert mailer.get("Connected") is False
        server.wait_closed()
        mailer.on(event, None)
        assert mailer.send() == 0
    assert "QUIT" not in server.connections[0].commands


def test_an_exception_at_the_remark_on_a_failed_quit_still_closes():
    def raise_boom(parameters: dict[str, Any]) -> None:
        if parameters["direction"] == 2:
            raise Boom

    with ScriptedServer(replies={"QUIT": "what?"}) as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        mailer.on("PITrail", raise_boom)
        with pytest.raises(Boom):
            mailer.disconnect()
        assert mailer.get("Connected") is False
        server.wait_closed()


# -- what a callback may do -------------------------------------------------------------------------------------------


def test_a_callback_reads_and_sets_but_starts_no_method():
    answers: list[Any] = []

    def callback(parameters: dict[str, Any]) -> None:
        if not answers:
            mailer.set(MessageText="changed", SendTo="mallory@example.test", From="eve@example.test")
            answers.extend([mailer.get("Idle"), ssmtp_do_send(mailer.handle), ssmtp_get_last_error(mailer.handle)])

    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on("ConnectionStatus", callback)
        assert mailer.send() == 0
        assert mailer.error == (0, "")
        assert mailer.get("Idle") is True
        assert answers[:2] == [False, 168]
        assert "Busy" in answers[2]
        assert mailer.get("MessageText") == "changed"
    # The message was frozen when the method began.
    assert [message.content for message in server.messages] == [CONTENT]


@pytest.mark.parametrize("event", ["ConnectionStatus", "PITrail", "StartTransfer", "Transfer", "EndTransfer"])
def test_interrupt_from_a_callback_ends_the_method(event: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.on(event, lambda parameters: ssmtp_do_interrupt(mailer.handle))
        assert mailer.send() == 301
        assert mailer.error == (301, "Operation interrupted.")
        assert mailer.get("Connected") is False
        server.wait_closed()
        mailer.on(event, None)
        assert mailer.send() == 0, mailer.error
    assert server.connections[1].messages[0].content == CONTENT


@pytest.mark.parametrize("event", ["ConnectionStatus", "PITrail", "Transfer"])
def test_close_from_a_callback_ends_the_method_and_the_handle(event: str):
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        later: list[str] = []
        mailer.on("Error", lambda parameters: later.append("Error"))
        mailer.on(event, lambda parameters: ssmtp_close(mailer.handle))
        assert mailer.send() == 301
        assert mailer.error[0] == 20001
        server.wait_closed()
