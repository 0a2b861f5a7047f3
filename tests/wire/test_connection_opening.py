"""From the connection to the point where a message could be sent: greeting, EHLO or HELO, and who ends the session."""

from __future__ import annotations

import socket

import pytest

from ssmtp_compat import ssmtp_do_config
from ssmtp_compat.operations.transport import Transport
from wire.mailer import Mailer
from wire.scripted_server import Ending, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture(autouse=True)
def host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "client.example.test")


def test_the_server_speaks_first_and_ehlo_names_this_host():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.get("Connected") is True
        assert mailer.get("LastReply").startswith("250-scripted.example.test")
        assert mailer.get("LocalHost") == "127.0.0.1"
    assert server.commands == ["EHLO client.example.test"]


@pytest.mark.parametrize("name", ["my host", "host\nname", "räum", "-", ""])
def test_a_host_without_a_presentable_name_gives_its_address(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
    assert server.commands == ["EHLO [127.0.0.1]"]


def test_an_ipv6_literal_is_tagged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "my host")
    try:
        server = ScriptedServer(host="::1").__enter__()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with Mailer(server.port, MailServer="::1") as mailer:
        mailer.config(UseIPv6=1)
        assert mailer.connect() == 0, mailer.error
    server.__exit__(None, None, None)
    assert server.commands == ["EHLO [IPv6:::1]"]


def test_an_ipv6_literal_has_no_zone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "not presentable!")
    monkeypatch.setattr(Transport, "local_address", "fe80::1%eth0")  # as the system names the address of a local link
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.send() == 0, mailer.error
    assert server.commands[0] == "EHLO [IPv6:fe80::1]"


def test_hello_replaces_the_host_name():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(Hello="mx7.example.org")
        assert mailer.send() == 0
    assert server.commands[0] == "EHLO mx7.example.org"


def test_hello_outside_ascii_goes_as_a_labels_and_blanks_are_none():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.config(Hello="mail.bücher.example")
        assert mailer.send() == 0, mailer.error
        ssmtp_do_config(mailer.handle, "Hello=mail server ü")
        assert mailer.error[0] == 20005
        assert "Hello" in mailer.error[1]
        assert mailer.setting("Hello") == "mail.bücher.example"
        mailer.config(Hello="  ")
        assert mailer.send() == 0, mailer.error
    assert [command for command in server.commands if command.startswith("EHLO")] == [
        "EHLO mail.xn--bcher-kva.example",
        "EHLO client.example.test",
    ]


@pytest.mark.parametrize("reply", ["500 what?", "502 5.5.1 no", "421-x\n421 x"])
def test_helo_follows_a_refused_ehlo_but_not_the_end_of_the_session(reply: str):
    closing = reply.startswith("421")
    with ScriptedServer(replies={"EHLO": reply}) as server, Mailer(server.port) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == (161 if closing else 0)
        if not closing:
            assert (2, "The server refuses EHLO; trying HELO.") in [
                (parameters["direction"], parameters["message"]) for _, parameters in mailer.events
            ]
    heard = ["EHLO client.example.test"]
    if not closing:
        # Behind HELO there are no extensions: no SIZE, no pipelining.
        heard += ["HELO client.example.test", "MAIL FROM:<alice@example.test>", "RCPT TO:<bob@example.test>"]
        heard += ["DATA", "QUIT"]
    assert server.commands == heard


def test_allowextensions_off_says_helo_at_once_and_uses_none():
    with ScriptedServer() as server, Mailer(server.port, AllowExtensions=False) as mailer:
        assert mailer.send() == 0
    assert server.commands[0] == "HELO client.example.test"
    assert server.connection.segments[1:4] == [
        b"MAIL FROM:<alice@example.test>\r\n",
        b"RCPT TO:<bob@example.test>\r\n",
        b"DATA\r\n",
    ]


@pytest.mark.parametrize("extensions", [True, False])
def test_a_server_that_refuses_every_hello_is_left_with_quit(extensions: bool):
    replies = {"EHLO": "550 not you", "HELO": "550 5.7.1 nor you"}
    with ScriptedServer(replies=replies) as server, Mailer(server.port, AllowExtensions=extensions) as mailer:
        assert mailer.connect() == 161
        assert mailer.error == (161, "550 5.7.1 nor you")
        assert mailer.get("LastReply") == "550 5.7.1 nor you"  # not the reply to a QUIT that nobody asked for
        assert mailer.get("Connected") is False
    assert server.commands[-2:] == ["HELO client.example.test", "QUIT"]


def test_a_greeting_of_several_lines_is_one_reply():
    greeting = "220-first\n220-second\n220 third"
    with ScriptedServer(replies={"GREETING": greeting}) as server, Mailer(server.port) as mailer:
        mailer.record("PITrail")
        assert mailer.connect() == 0
        assert mailer.recorded("PITrail", "message")[:4] == [*greeting.split("\n"), "EHLO client.example.test"]
    assert server.commands == ["EHLO client.example.test"]


@pytest.mark.parametrize("greeting", ["554 5.3.2 closed today", "450 later", "554-no\n554 really"])
def test_a_greeting_that_refuses_is_the_error_and_only_quit_follows(greeting: str):
    with ScriptedServer(replies={"GREETING": greeting}) as server, Mailer(server.port) as mailer:
        assert mailer.send() == 161
        assert mailer.error == (161, greeting.replace("\n", "\r\n"))
    assert server.commands == ["QUIT"]


def test_a_second_connect_is_refused_and_the_session_goes_on():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        assert mailer.connect() == 0
        assert mailer.connect() == 104
        assert "connected" in mailer.error[1].lower()
        assert mailer.send() == 0
        assert mailer.disconnect() == 0
        assert mailer.disconnect() == 0
    assert server.commands.count("EHLO client.example.test") == 1
    assert server.commands[-1] == "QUIT"
    assert server.connection.ending is Ending.QUIT


def test_the_connected_property_connects_and_disconnects():
    with ScriptedServer() as server, Mailer(server.port) as mailer:
        mailer.set(Connected=True)
        mailer.set(Connected=True)
        assert mailer.get("Connected") is True
        mailer.set(Connected=False)
        mailer.set(Connected=False)
        assert mailer.get("Connected") is False
    assert server.commands == ["EHLO client.example.test", "QUIT"]


def test_closing_the_handle_cuts_the_connection_without_a_word():
    with ScriptedServer() as server:
        mailer = Mailer(server.port)
        mailer.record("ConnectionStatus", "PITrail")
        assert mailer.connect() == 0
        before = len(mailer.events)
        mailer.close()
        server.wait_closed()
        assert len(mailer.events) == before
    assert server.commands == ["EHLO client.example.test"]


def test_without_a_server_nothing_is_tried():
    with Mailer(25, MailServer="") as mailer:
        assert mailer.connect() == 163
        assert "MailServer" in mailer.error[1]
