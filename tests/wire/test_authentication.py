"""AUTH: the mechanisms, and the ways in which a server can spoil them."""

from __future__ import annotations

import ssl

import pytest

from loopback_identity import LoopbackIdentity
from wire.logins import MECHANISMS, OAUTH, PASSWORD, PROVING, TOKEN, USER, digest, encoded, logging_in, plain
from wire.scripted_server import Ending, ScriptedServer, Send, Step, Then

pytestmark = pytest.mark.usefixtures("no_leaks")


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


def test_an_empty_password_is_one_where_no_certificate_takes_its_place():
    with (
        ScriptedServer(users={USER: ""}, mechanisms=["EXTERNAL", "PLAIN"]) as server,
        logging_in(server, Password="") as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert server.commands[1] == f"AUTH PLAIN {plain(USER, '')}"


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
        assert "PLAIN, DIGEST-MD5, OAUTHBEARER, GSSAPI, EXTERNAL can carry" in mailer.error[1]
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
