"""AUTH: the mechanisms, the ways in which a server can spoil them, and that no secret is ever shown."""

from __future__ import annotations

import base64
import hmac
import ssl
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from wire.mailer import Mailer
from wire.scripted_server import Ending, ScriptedServer, Send, Step, Then
from wire.server_auth import CRAM_MD5_CHALLENGE

pytestmark = pytest.mark.usefixtures("no_leaks")

USER, PASSWORD = "alice", "pässword-1 "
MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5"]
"""Those without further rules about what a password may be and what a server has to say."""
PROVING = ["SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"]
"""Those in which the server proves itself too."""
TOKEN = "ya29.an-OAuth-token_of~some/length+0=="
OAUTH = ["XOAUTH2", "OAUTHBEARER"]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plain(user: str, password: str, identity: str = "") -> str:
    return encoded("\0".join((identity, user, password)))


def digest(password: str) -> str:
    return hmac.new(password.encode(), CRAM_MD5_CHALLENGE, "md5").hexdigest()


def logging_in(server: ScriptedServer, **properties: Any) -> Mailer:
    return Mailer(server.port, **{"User": USER, "Password": PASSWORD, **properties})


@pytest.mark.parametrize("mechanism", [*MECHANISMS, *PROVING])
def test_the_right_password_logs_in_before_the_message(mechanism: str):
    with ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism]) as server, logging_in(server) as mailer:
        assert mailer.send() == 0, mailer.error
    assert server.connection.user == USER
    verbs = [command.split()[0] for command in server.commands]
    assert verbs == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("mechanism", [*MECHANISMS, *PROVING])
@pytest.mark.parametrize("method", ["connect", "send"])
def test_a_wrong_password_ends_the_session_with_the_servers_words(mechanism: str, method: str):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism]) as server,
        logging_in(server, Password="wrong") as mailer,
    ):
        assert getattr(mailer, method)() == 161
        assert mailer.error == (161, "535 5.7.8 wrong user or password")
        assert mailer.get("Connected") is False
    assert [command.split()[0] for command in server.commands] == ["EHLO", "AUTH", "QUIT"]
    assert server.connection.ending is Ending.QUIT


def test_plain_rides_on_the_command_and_login_does_not():
    for mechanism, command, responses in [
        ("PLAIN", f"AUTH PLAIN {plain(USER, PASSWORD)}", []),
        ("LOGIN", "AUTH LOGIN", [encoded(USER), encoded(PASSWORD)]),
        ("CRAM-MD5", "AUTH CRAM-MD5", [encoded(f"{USER} {digest(PASSWORD)}")]),
    ]:
        with ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism]) as server, logging_in(server) as mailer:
            assert mailer.connect() == 0
        assert server.commands[1] == command
        assert server.connection.auth_responses == responses


def test_without_a_user_nobody_logs_in():
    with ScriptedServer(users={USER: PASSWORD}) as server, logging_in(server, User="") as mailer:
        assert mailer.send() == 0
    assert not any(command.startswith("AUTH") for command in server.commands)


def test_authorization_identity_is_plains_first_part():
    with ScriptedServer(users={USER: PASSWORD}, mechanisms=["PLAIN"]) as server, logging_in(server) as mailer:
        mailer.config(AuthorizationIdentity="boss")
        assert mailer.send() == 0, mailer.error
    assert server.commands[1] == f"AUTH PLAIN {plain(USER, PASSWORD, 'boss')}"


# -- which mechanism --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tls", "offered", "used"),
    [
        (False, ["LOGIN", "PLAIN", "CRAM-MD5"], "CRAM-MD5"),
        (False, ["LOGIN", "PLAIN"], "PLAIN"),
        (False, ["LOGIN"], "LOGIN"),
        (False, ["CRAM-MD5", "SCRAM-SHA-1"], "SCRAM-SHA-1"),
        (True, ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"], "SCRAM-SHA-256"),
        (True, ["CRAM-MD5", "LOGIN", "PLAIN"], "PLAIN"),
        (True, ["CRAM-MD5", "LOGIN"], "LOGIN"),
        (True, ["CRAM-MD5"], "CRAM-MD5"),
    ],
)
def test_the_best_mechanism_depends_on_tls(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tls: bool, offered: list[str], used: str
):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=offered, tls=server_tls) as server,
        logging_in(server, SSLStartMode=2 if tls else 3) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.connect() == 0, mailer.error
    assert server.commands[-1].split()[1] == used


@pytest.mark.parametrize(("number", "used"), [(0, "SCRAM-SHA-256"), (1, "CRAM-MD5"), (4, "PLAIN"), (5, "DIGEST-MD5")])
def test_authmechanism_names_the_only_one(number: int, used: str):
    with ScriptedServer(users={USER: PASSWORD}) as server, logging_in(server, AuthMechanism=number) as mailer:
        assert mailer.connect() == 0, mailer.error
    assert server.commands[-1].split()[1] == used


@pytest.mark.parametrize(
    ("number", "offered"),
    [(1, ["PLAIN", "LOGIN"]), (4, ["LOGIN", "CRAM-MD5"]), (5, ["PLAIN", "CRAM-MD5"]), (7, ["PLAIN"])],
)
def test_nothing_else_takes_its_place(number: int, offered: list[str]):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=offered) as server,
        logging_in(server, AuthMechanism=number) as mailer,
    ):
        assert mailer.send() == 20011
        assert all(name in mailer.error[1] for name in offered)
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


def test_apop_is_refused_for_what_it_is():
    with ScriptedServer(users={USER: PASSWORD}) as server, logging_in(server, AuthMechanism=3) as mailer:
        assert mailer.send() == 20008
        assert "APOP, which belongs to POP3" in mailer.error[1]
    assert server.connections == []


@pytest.mark.parametrize(
    ("offer", "named"),
    [("250 x", "offers no AUTH"), ("250-x\n250 AUTH GSSAPI NTLM", "GSSAPI NTLM"), ("500 no", "offers no AUTH")],
)
def test_without_a_common_mechanism_nothing_is_sent(offer: str, named: str):
    with ScriptedServer(replies={"EHLO": offer}) as server, logging_in(server) as mailer:
        assert mailer.send() == 20011
        assert named in mailer.error[1]
    assert {command.split()[0] for command in server.commands} <= {"EHLO", "HELO", "QUIT"}


def test_without_extensions_nobody_is_asked_and_the_setting_is_named():
    with ScriptedServer(users={USER: PASSWORD}) as server, logging_in(server, AllowExtensions=False) as mailer:
        assert mailer.send() == 20005
        assert "AllowExtensions is False" in mailer.error[1]
        assert server.connections == []
        mailer.set(User="")
        assert mailer.send() == 0, mailer.error


# -- odd and hostile servers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompts",
    [
        ["334 QmVudXR6ZXI=", "334 S2VubndvcnQ="],  # Benutzer, Kennwort
        ["334 ", "334 "],
        ["334", "334"],
        ["334-say it\n334 VXNlcm5hbWU6", "334-and that\n334 UGFzc3dvcmQ6"],
    ],
)
def test_login_takes_any_prompt(prompts: list[str]):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["LOGIN"], replies={"AUTH": prompts}) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert server.connection.auth_responses == [encoded(USER), encoded(PASSWORD)]


@pytest.mark.parametrize("user", ["Pas", "sword:", "Password:"])
def test_login_takes_a_prompt_that_repeats_the_users_name(user: str):
    """In base64 too, octet by octet, and what it repeats is masked all the same."""
    with (
        ScriptedServer(users={user: PASSWORD}, mechanisms=["LOGIN"]) as server,
        logging_in(server, User=user) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        assert encoded(user) not in str(mailer.events)
    assert server.connection.user == user


def test_plain_answers_a_server_that_overlooked_the_initial_response():
    replies = {"AUTH": ["334 ", "235 ok"]}
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["PLAIN"], replies=replies) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert server.connection.auth_responses == [plain(USER, PASSWORD)]


@pytest.mark.parametrize("challenge", ["not base64", "YWJ", "ünicode", b"334 \xff\xfe\r\n"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_challenge_that_is_not_base64_is_cancelled(mechanism: str, challenge: str | bytes):
    said = challenge if isinstance(challenge, bytes) else f"334 {challenge}"
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], replies={"AUTH": [said]}) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 162
        assert f"{mechanism} challenge that is not base64" in mailer.error[1]
        assert mailer.get("Connected") is False
    assert server.connection.auth_responses == ["*"]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "AUTH"]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("challenge", ["YWJj", ""])
def test_endless_challenges_come_to_an_end(mechanism: str, challenge: str):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], replies={"AUTH": f"334 {challenge}"}) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 162
        assert mechanism in mailer.error[1]
    assert len(server.connection.auth_responses) <= 17
    assert server.connection.auth_responses[-1] == "*"
    assert not any(command.startswith("MAIL") for command in server.commands)


def test_a_success_ahead_of_the_response_is_not_believed():
    """It would be taken for the answer to the response, and the real one for the answer to MAIL."""
    with (
        ScriptedServer(
            users={USER: PASSWORD}, mechanisms=["LOGIN"], faults={Step("AUTH", 1): Then(b"235 welcome\r\n")}
        ) as server,
        logging_in(server, Password="wrong") as mailer,
    ):
        assert mailer.send() == 162
        assert "235 welcome" in mailer.error[1]
    assert server.connection.auth_responses == []
    assert server.commands[-1] == "AUTH LOGIN"


def test_a_password_that_plain_cannot_carry_is_not_sent():
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["PLAIN"]) as server,
        logging_in(server, Password="a\0b") as mailer,
    ):
        assert mailer.send() == 20005
        assert "NUL" in mailer.error[1]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "QUIT"]


def test_an_identity_that_no_mechanism_carries_is_not_dropped():
    with ScriptedServer(users={USER: PASSWORD}, mechanisms=["LOGIN"]) as server, logging_in(server) as mailer:
        mailer.config(AuthorizationIdentity="boss")
        assert mailer.send() == 20011
        assert "PLAIN, DIGEST-MD5, OAUTHBEARER, GSSAPI can carry" in mailer.error[1]
        mailer.config(AuthorizationIdentity="")
        assert mailer.send() == 0, mailer.error


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanism", "step"),
    [(name, step) for name in (*MECHANISMS, *PROVING, *OAUTH) for step in (1, 2) if (name, step) != ("PLAIN", 2)],
)
@pytest.mark.parametrize(
    "reply", ["454 4.7.0 try later", "535 5.7.8 no", "534 5.7.9 too weak", "538 5.7.11 encrypt", "500 5.5.6 too long"]
)
def test_a_refusal_at_any_step_is_told_and_the_session_ends_in_order(mechanism: str, step: int, reply: str):
    with (
        ScriptedServer(
            users={USER: "another"},
            mechanisms=[mechanism],
            faults={Step("AUTH", step): Send(f"{reply}\r\n".encode())},
        ) as server,
        logging_in(server, AuthMechanism=7 if mechanism in OAUTH else 0, Password=TOKEN) as mailer,
    ):
        assert mailer.send() == 161
        assert mailer.error[1].startswith(reply)
    assert server.connection.ending is Ending.QUIT
    assert not any(command.startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize("answer", ["334 YWJj", "235 come in", "421 4.7.0 gone", "250 fine"])
def test_whatever_answers_the_cancelling_the_login_fails_for_its_reason(answer: str):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["LOGIN"], replies={"AUTH": ["334 ?", answer]}) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 162
        assert "not base64" in mailer.error[1]
        assert mailer.get("Connected") is False
    assert server.connection.auth_responses == ["*"]


# -- secrets ----------------------------------------------------------------------------------------------------------


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
