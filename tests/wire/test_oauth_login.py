"""Logging in with an OAuth token, which is long enough to meet the limits of AUTH as well."""

from __future__ import annotations

import base64

import pytest

from wire.logins import OAUTH, TOKEN, USER, with_token
from wire.scripted_server import Ending, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize(
    ("offered", "used"),
    [(["XOAUTH2"], "XOAUTH2"), (["PLAIN", "OAUTHBEARER", "XOAUTH2"], "XOAUTH2"), (["OAUTHBEARER"], "OAUTHBEARER")],
)
def test_the_token_logs_in(offered: list[str], used: str):
    with ScriptedServer(users={USER: TOKEN}, mechanisms=offered) as server, with_token(server) as mailer:
        assert mailer.send() == 0, mailer.error
    assert server.commands[1].split()[1] == used
    assert server.connection.user == USER


@pytest.mark.parametrize("mechanism", OAUTH)
@pytest.mark.parametrize(
    ("password", "identity"), [(f"Bearer {TOKEN}", ""), ("", f"Bearer {TOKEN}"), ("unused", f"bearer {TOKEN}")]
)
def test_the_token_may_stand_behind_the_word_bearer(mechanism: str, password: str, identity: str):
    with (
        ScriptedServer(users={USER: TOKEN}, mechanisms=[mechanism]) as server,
        with_token(server, Password=password) as mailer,
    ):
        mailer.config(AuthorizationIdentity=identity)
        assert mailer.send() == 0, mailer.error
    assert server.connection.user == USER


@pytest.mark.parametrize("mechanism", OAUTH)
@pytest.mark.parametrize("token", [TOKEN, "t" * 600])
def test_the_servers_explanation_is_answered_and_told(mechanism: str, token: str):
    with (
        ScriptedServer(users={USER: "another"}, mechanisms=[mechanism]) as server,
        with_token(server, Password=token) as mailer,
    ):
        assert mailer.send() == 161
        assert mailer.error[1] == (
            '535 5.7.8 wrong user or password (the server explains: {"status":"invalid_token","schemes":"bearer",'
            '"scope":"mail"})'
        )
        assert mailer.get("LastReply") == "535 5.7.8 wrong user or password"
    assert server.connection.auth_responses[-1] == {"XOAUTH2": "", "OAUTHBEARER": "AQ=="}[mechanism]
    assert server.connection.ending is Ending.QUIT


@pytest.mark.parametrize("password", ["", "no token"])
def test_what_cannot_be_a_token_is_not_sent(password: str):
    with (
        ScriptedServer(users={USER: TOKEN}, mechanisms=OAUTH) as server,
        with_token(server, Password=password) as mailer,
    ):
        assert mailer.send() == 20005
        assert "token" in mailer.error[1]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


# -- lengths ----------------------------------------------------------------------------------------------------------


def test_a_long_initial_response_waits_for_the_server_to_ask():
    token = "t" * 600
    with ScriptedServer(users={USER: token}, mechanisms=["XOAUTH2"]) as server, with_token(server, Password=token) as m:
        assert m.send() == 0, m.error
    assert server.commands[1] == "AUTH XOAUTH2"
    assert server.connection.user == USER


def test_a_challenge_of_12288_octets_is_read_and_a_longer_one_ends_the_session():
    for octets, code in ((9204, 161), (9300, 162)):
        challenge = base64.b64encode(b"{" + b"x" * octets).decode()
        replies = {"AUTH": [f"334 {challenge}", "535 5.7.8 no"]}
        with (
            ScriptedServer(users={USER: TOKEN}, mechanisms=["XOAUTH2"], replies=replies) as server,
            with_token(server) as mailer,
        ):
            assert mailer.send() == code, (octets, mailer.error)
            assert ("12288 octets" in mailer.error[1]) is (code == 162)


@pytest.mark.parametrize("octets", [10_000, 100_000])
def test_how_long_a_token_may_be_is_for_the_server_to_say(octets: int):
    token = "t" * octets
    with (
        ScriptedServer(users={USER: token}, mechanisms=["XOAUTH2"]) as server,
        with_token(server, Password=token) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    refusal = {"AUTH": ["334 ", "500 5.5.6 Authentication Exchange line is too long"]}
    with (
        ScriptedServer(users={USER: token}, mechanisms=["XOAUTH2"], replies=refusal) as server,
        with_token(server, Password=token) as mailer,
    ):
        assert mailer.send() == 161
        assert mailer.error[1] == "500 5.5.6 Authentication Exchange line is too long"
    assert server.connection.ending is Ending.QUIT
