"""AUTH: nothing shows a password, a token or what carried it, whatever the server repeats."""

from __future__ import annotations

import base64

import pytest

from wire.logins import MECHANISMS, PASSWORD, PROVING, TOKEN, USER, digest, encoded, logging_in, with_token
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("outcome", ["accepted", "refused", "bad challenge", "endless"])
@pytest.mark.parametrize("mechanism", [*MECHANISMS, *PROVING])
def test_no_event_and_no_error_shows_a_secret(mechanism: str, outcome: str):
    password = PASSWORD if outcome == "accepted" else "wr0ng-secret"
    replies = {"bad challenge": {"AUTH": ["334 ?"]}, "endless": {"AUTH": "334 YWJj"}}.get(outcome, {})
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], replies=replies) as server,
        logging_in(server, Password=password) as mailer,
    ):
        if mechanism == "PLAIN" or mechanism in PROVING:
            mailer.config(AuthorizationIdentity="hidden-identity")
        mailer.record()
        assert (mailer.send() == 0) is (outcome == "accepted")
        shown = "\n".join([str(mailer.events), str(mailer.error), mailer.get("LastReply")])
        trail = [
            parameters["message"]
            for name, parameters in mailer.events
            if name == "PITrail" and parameters["direction"] == 0
        ]
    sent = [*server.connection.auth_responses, server.commands[1].partition(f"AUTH {mechanism}")[2].strip()]
    secrets = {password, password.strip(), encoded(password), digest(password), "hidden-identity", encoded(USER)}
    secrets |= {line for line in sent if line not in ("", "*")}
    assert not [secret for secret in secrets if secret in shown]
    # That something was sent is shown all the same, line by line.
    assert trail[1] == f"AUTH {mechanism}" + (" ****" if mechanism == "PLAIN" or mechanism.startswith("SCRAM") else "")
    responses = ["*" if line == "*" else "****" for line in server.connection.auth_responses]
    assert trail[2 : 2 + len(responses)] == responses


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_server_that_repeats_what_it_does_not_understand_shows_no_secret(mechanism: str):
    echo = {"AUTH": lambda line: "334 UGFzc3dvcmQ6" if line == "AUTH LOGIN" else f"501 5.5.2 Syntax error in: {line}"}
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], replies=echo) as server,
        logging_in(server) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 161
        shown = "\n".join([str(mailer.events), str(mailer.error), mailer.get("LastReply")])
    sent = server.connection.auth_responses or [server.commands[1].removeprefix("AUTH PLAIN ")]
    assert sent[0] not in shown
    assert "Syntax error in: " in shown


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_server_that_repeats_nothing_else_shows_no_secret(mechanism: str):
    echo = {"AUTH": lambda line: "334 UGFzc3dvcmQ6" if line == "AUTH LOGIN" else f"{line}\r\n".encode()}
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], replies=echo) as server,
        logging_in(server) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 162
        assert "no SMTP reply" in mailer.error[1]
        shown = "\n".join([str(mailer.events), str(mailer.error), mailer.get("LastReply")])
    sent = server.connection.auth_responses or [server.commands[1].removeprefix("AUTH PLAIN ")]
    assert sent[0][:8] not in shown


def test_a_server_that_repeats_a_part_of_it_shows_no_secret():
    """As sendmail does with a command that it does not know."""
    repeat = {"AUTH": lambda line: f'500 5.5.1 Command unrecognized: "{line[:30]}...{line[-12:]}"'}
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["PLAIN"], replies=repeat) as server,
        logging_in(server) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 161
        assert mailer.error[1] == '500 5.5.1 Command unrecognized: "AUTH PLAIN ****...****"'
        shown = "\n".join([str(mailer.events), mailer.get("LastReply")])
    sent = server.commands[1].removeprefix("AUTH PLAIN ")
    assert sent[:19] not in shown
    assert sent[-12:] not in shown


def test_a_server_that_repeats_the_token_in_its_refusal_shows_nothing():
    with (
        ScriptedServer(
            users={USER: "x"}, mechanisms=["XOAUTH2"], replies={"AUTH": f"535 5.7.8 bad token {TOKEN}"}
        ) as server,
        with_token(server) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 161
        assert mailer.error[1] == "535 5.7.8 bad token ****"
        assert TOKEN not in "\n".join([str(mailer.events), mailer.get("LastReply")])


def test_a_server_that_repeats_the_token_in_its_explanation_shows_nothing():
    said = base64.b64encode(f'{{"bad":"{TOKEN}"}}'.encode()).decode()
    replies = {"AUTH": [f"334 {said}", "535 5.7.8 no"]}
    with (
        ScriptedServer(users={USER: "x"}, mechanisms=["XOAUTH2"], replies=replies) as server,
        with_token(server) as mailer,
    ):
        mailer.record()
        assert mailer.send() == 161
        assert mailer.error[1] == '535 5.7.8 no (the server explains: {"bad":"****"})'
        assert "334 ****" in mailer.recorded("PITrail", "message")
        assert said not in str(mailer.events)
