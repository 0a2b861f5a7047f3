"""The AUTH mechanisms that need optional packages: what a script sees when something is missing or wrong."""

from __future__ import annotations

import base64
import sys

import pytest

from ssmtp_compat.smtp.auth.security_context import SecurityContext
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

PASSWORD = "pässword-1"
MECHANISMS = [(2, "NTLM", "ntlm"), (6, "GSSAPI", "kerberos")]


def offering(name: str, *replies: str) -> ScriptedServer:
    return ScriptedServer(replies={"EHLO": f"250-scripted\n250 AUTH {name}", "AUTH": list(replies)})


def logging_in(server: ScriptedServer, number: int) -> Mailer:
    return Mailer(server.port, User="alice", Password=PASSWORD, AuthMechanism=number)


@pytest.mark.parametrize(("number", "name", "extra"), MECHANISMS)
def test_a_missing_package_ends_the_session_with_the_command_that_helps(
    monkeypatch: pytest.MonkeyPatch, number: int, name: str, extra: str
):
    monkeypatch.setitem(sys.modules, "spnego", None)
    with offering(name) as server, logging_in(server, number) as mailer:
        assert mailer.send() == 20009
        assert f"pip install 'ssmtp_compat[{extra}]'" in mailer.error[1]
        assert mailer.get("Connected") is False
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


def test_ntlm_rides_on_the_command_and_a_bad_challenge_is_cancelled():
    with offering("NTLM", "334 YWJj") as server, logging_in(server, 2) as mailer:
        mailer.record()
        assert mailer.send() == 162
        assert "The server's NTLM message cannot be used" in mailer.error[1]
        trail = mailer.recorded("PITrail", "message")
        shown = "\n".join([str(mailer.events), str(mailer.error), mailer.get("LastReply")])
    verb, mechanism, token = server.commands[1].split()
    assert (verb, mechanism) == ("AUTH", "NTLM")
    assert base64.b64decode(token).startswith(b"NTLMSSP\0\1\0\0\0")
    assert server.connection.auth_responses == ["*"]
    assert "AUTH NTLM ****" in trail
    assert not [secret for secret in (token, PASSWORD) if secret in shown]


@pytest.fixture
def ticket(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What Kerberos begins with, though there is no realm; with the groups of Windows in it, it is as long as this."""
    token = b"ticket" * 6000
    monkeypatch.setattr(SecurityContext, "begin", lambda _: token)
    return token


@pytest.mark.parametrize("said", ["334", "334 GSSAPI supported"])  # the latter says Exchange
def test_the_ticket_waits_for_the_server_to_ask_in_its_words(ticket: bytes, said: str):
    with offering("GSSAPI", said, "535 5.7.8 no") as server, logging_in(server, 6) as mailer:
        assert mailer.send() == 161
        assert mailer.error[1] == "535 5.7.8 no"
    assert server.commands[1:] == ["AUTH GSSAPI", "QUIT"]
    assert [base64.b64decode(line) for line in server.connection.auth_responses] == [ticket]


@pytest.mark.usefixtures("ticket")
def test_a_kerberos_server_that_proves_nothing_gets_no_message():
    with offering("GSSAPI", "235 welcome") as server, logging_in(server, 6) as mailer:
        assert mailer.send() == 162
        assert "success before the end of the GSSAPI mechanism" in mailer.error[1]
        assert mailer.get("Connected") is False
    assert server.commands == [server.commands[0], "AUTH GSSAPI"]


@pytest.mark.usefixtures("ticket")
def test_words_in_place_of_kerberos_proof_are_cancelled():
    with offering("GSSAPI", "334 ", "334 GSSAPI supported") as server, logging_in(server, 6) as mailer:
        assert mailer.send() == 162
        assert "GSSAPI challenge that is not base64" in mailer.error[1]
    assert server.connection.auth_responses[1:] == ["*"]
