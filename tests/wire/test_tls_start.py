"""When TLS begins, who is trusted, and that nothing of the mail passes before the server is known."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from loopback_identity import LoopbackIdentity
from wire.mailer import CONTENT, Mailer
from wire.scripted_server import After, Ending, ScriptedServer, Send, Then

pytestmark = pytest.mark.usefixtures("no_leaks")

NONE, IMPLICIT, EXPLICIT, AUTOMATIC = 3, 1, 2, 0


@pytest.fixture
def trusting(loopback_identity: LoopbackIdentity) -> Callable[..., Mailer]:
    """Makes a Mailer that trusts the test's authority."""

    def make(port: int, **properties: Any) -> Mailer:
        mailer = Mailer(port, **properties)
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file, Hello="client.test")
        return mailer

    return make


@pytest.fixture
def server_certificate(loopback_identity: LoopbackIdentity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(loopback_identity.certificate_file.read_bytes())


# -- the order of things ----------------------------------------------------------------------------------------------


def test_starttls_comes_before_everything_but_ehlo(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    with ScriptedServer(tls=server_tls) as server, trusting(server.port, SSLStartMode=EXPLICIT) as mailer:
        assert mailer.send() == 0, mailer.error
    seen = server.connection
    assert seen.commands_in_clear == ["EHLO client.test", "STARTTLS"]
    assert seen.commands[2] == "EHLO client.test"
    assert seen.tls_version == "TLSv1.3"
    assert [message.content for message in server.messages] == [CONTENT]
    assert seen.ending is Ending.QUIT


def test_implicit_tls_sends_nothing_in_clear(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        trusting(server.port, SSLStartMode=IMPLICIT) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert server.connection.commands_in_clear == []
    assert server.commands[0] == "EHLO client.test"
    assert "STARTTLS" not in server.commands
    assert len(server.messages) == 1


def test_what_was_offered_in_clear_is_forgotten(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    offers = ["250-x\n250-STARTTLS\n250-PIPELINING\n250-SIZE 10\n250 8BITMIME", "250 x"]
    with (
        ScriptedServer(tls=server_tls, replies={"EHLO": offers}) as server,
        trusting(server.port, SSLStartMode=EXPLICIT, MessageText="grün") as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    # Neither a SIZE of 10 nor its parameter, no BODY, and one command at a time.
    assert b"MAIL FROM:<alice@example.test>\r\n" in server.connection.segments
    assert b"RCPT TO:<bob@example.test>\r\n" in server.connection.segments


def test_auth_that_was_offered_in_clear_only_is_not_used(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    offers = ["250-x\n250-STARTTLS\n250 AUTH PLAIN", "250 x"]
    with (
        ScriptedServer(tls=server_tls, replies={"EHLO": offers}) as server,
        trusting(server.port, SSLStartMode=EXPLICIT, User="alice", Password="secret") as mailer,
    ):
        assert mailer.send() == 20011
        assert "offers no AUTH" in mailer.error[1]
    assert server.commands == ["EHLO client.test", "STARTTLS", "EHLO client.test", "QUIT"]


# -- SSLStartMode and SSLEnabled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "port", "start"),
    [
        (AUTOMATIC, 25, "STARTTLS"),
        (AUTOMATIC, 587, "STARTTLS"),
        (AUTOMATIC, 465, "implicit"),
        (AUTOMATIC, 2525, "implicit"),
        (IMPLICIT, 25, "implicit"),
        (IMPLICIT, 587, "implicit"),
        (IMPLICIT, 465, "implicit"),
        (EXPLICIT, 25, "STARTTLS"),
        (EXPLICIT, 465, "STARTTLS"),
        (NONE, 25, "none"),
        (NONE, 465, "none"),
        (NONE, 587, "none"),
    ],
)
def test_start_mode_and_port_decide_how_tls_begins(
    server_tls: ssl.SSLContext,
    trusting: Callable[..., Mailer],
    redirect: Callable[[int], None],
    mode: int,
    port: int,
    start: str,
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=start == "implicit") as server,
        trusting(port, SSLStartMode=mode) as mailer,
    ):
        redirect(server.port)
        assert mailer.send() == 0, mailer.error
    assert server.connection.tls is (start != "none")
    assert ("STARTTLS" in server.commands) is (start == "STARTTLS")


@pytest.mark.parametrize(
    ("mode", "enabled", "mode_after"),
    [(NONE, True, AUTOMATIC), (EXPLICIT, True, EXPLICIT), (IMPLICIT, True, IMPLICIT), (EXPLICIT, False, NONE)],
)
def test_sslenabled_and_the_start_mode_are_one_choice(mode: int, enabled: bool, mode_after: int):
    with Mailer(25, SSLStartMode=mode) as mailer:
        assert mailer.get("SSLEnabled") is (mode != NONE)
        mailer.set(SSLEnabled=enabled)
        assert mailer.get("SSLStartMode") == mode_after
        assert mailer.get("SSLEnabled") is enabled


def test_sslenabled_alone_turns_tls_on(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    with ScriptedServer(tls=server_tls, implicit_tls=True) as server, trusting(server.port, SSLEnabled=True) as mailer:
        assert mailer.send() == 0, mailer.error
    assert server.connection.tls


# -- no fall back to plain text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("knows_ehlo", [True, False])
def test_starttls_that_is_not_offered_is_an_error(knows_ehlo: bool):
    replies = {} if knows_ehlo else {"EHLO": "502 5.5.1 what"}
    with (
        ScriptedServer(users={"alice": "secret"}, replies=replies) as server,
        Mailer(server.port, SSLStartMode=EXPLICIT, User="alice", Password="secret") as mailer,
    ):
        assert mailer.send() == 20011
        assert "The server does not offer STARTTLS" in mailer.error[1]
    said = ["EHLO", "QUIT"] if knows_ehlo else ["EHLO", "HELO", "QUIT"]
    assert [command.split()[0] for command in server.commands] == said


@pytest.mark.parametrize("mode", [EXPLICIT, AUTOMATIC])
def test_without_extensions_no_server_is_blamed_for_the_missing_starttls(
    server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], mode: int
):
    with (
        ScriptedServer(tls=server_tls) as server,
        trusting(server.port, SSLStartMode=mode, AllowExtensions=False) as mailer,
    ):
        if mode == AUTOMATIC:
            mailer.set(MailPort=25)  # where it means STARTTLS; nobody is connected to
        assert mailer.send() == 20005
        assert "AllowExtensions is False" in mailer.error[1]
        assert "STARTTLS" in mailer.error[1]
        assert server.connections == []
        mailer.set(AllowExtensions=True, MailPort=server.port, SSLStartMode=EXPLICIT)
        assert mailer.send() == 0, mailer.error


def test_implicit_tls_needs_no_extension(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        trusting(server.port, SSLStartMode=IMPLICIT, AllowExtensions=False) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert server.commands[0].startswith("HELO")


@pytest.mark.parametrize("reply", ["454 4.7.0 TLS not available", "502 5.5.1 no", "554 5.7.0 never", "421 bye"])
def test_starttls_that_is_refused_is_an_error(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], reply: str):
    with (
        ScriptedServer(tls=server_tls, users={"alice": "secret"}, replies={"STARTTLS": reply}) as server,
        trusting(server.port, SSLStartMode=EXPLICIT, User="alice", Password="secret") as mailer,
    ):
        assert mailer.send() == 161
        assert mailer.error == (161, reply)
        assert mailer.get("Connected") is False
    assert set(server.commands) <= {"EHLO client.test", "STARTTLS", "QUIT"}
    assert server.messages == []


@pytest.mark.parametrize(
    "injected",
    [
        b"250 ok\r\n",
        b"250-evil\r\n250 AUTH PLAIN\r\n",
        b"554 no\r\n",
        b"421 bye\r\n",
        b"2",
        b"250 evil",
        b"\r\n",
        b"\0",
    ],
)
def test_what_stands_behind_the_answer_to_starttls_ends_the_session(
    server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], injected: bytes
):
    with (
        ScriptedServer(tls=server_tls, faults={"STARTTLS": Then(injected)}) as server,
        trusting(server.port, SSLStartMode=EXPLICIT) as mailer,
    ):
        assert mailer.send() == 162
        assert "STARTTLS" in mailer.error[1]
        assert "injection" in mailer.error[1]
    assert server.connection.received == b"EHLO client.test\r\nSTARTTLS\r\n"


def test_plain_text_in_place_of_the_handshake_is_no_reply(server_tls: ssl.SSLContext, trusting: Callable[..., Mailer]):
    with (
        ScriptedServer(tls=server_tls, faults={"TLS": After(1, Send(b"250 ok\r\n"))}) as server,
        trusting(server.port, SSLStartMode=EXPLICIT) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 276
        assert "'250 ok'" in mailer.error[1]
        assert "250 ok" not in mailer.recorded("PITrail", "message")
    assert server.commands == ["EHLO client.test", "STARTTLS"]


# -- whom to trust ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("problem", ["untrusted", "wrong name"])
def test_a_server_that_is_not_trusted_hears_no_mail_command(
    server_tls: ssl.SSLContext,
    loopback_identity: LoopbackIdentity,
    redirect: Callable[[int], None],
    mode: int,
    problem: str,
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=mode == IMPLICIT) as server,
        Mailer(server.port, SSLStartMode=mode, User="alice", Password="secret") as mailer,
    ):
        mailer.config(Hello="client.test")
        if problem == "wrong name":
            mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
            mailer.set(MailServer="other.example.test")
            redirect(server.port)
        assert mailer.send() == 280
        wanted = "unable to get local issuer" if problem == "untrusted" else "connected to other.example.test"
        assert wanted in mailer.error[1]
        assert mailer.get("Connected") is False
    seen = server.connection
    assert seen.commands == ([] if mode == IMPLICIT else ["EHLO client.test", "STARTTLS"])
    # A TLS 1.3 server only sees its own handshake fail, or an end behind it; never a command inside TLS.
    assert seen.commands == seen.commands_in_clear


def test_the_name_that_was_set_is_the_one_verified(
    server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], redirect: Callable[[int], None]
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        trusting(server.port, SSLStartMode=IMPLICIT, MailServer="mail.example.test") as mailer,
    ):
        redirect(server.port)
        assert mailer.send() == 0, mailer.error
        assert mailer.get("MailServer") == "mail.example.test"


@pytest.mark.parametrize("way", ["returned", "in place"])
def test_the_callback_may_accept_what_verification_refuses(server_tls: ssl.SSLContext, way: str):
    asked: list[dict[str, Any]] = []

    def accept(parameters: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(dict(parameters))
        if way == "returned":
            return {**parameters, "accept": True, "status": "ignored"}
        parameters["accept"] = True
        return None

    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.on("SSLServerAuthentication", accept)
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
    (parameters,) = asked
    assert parameters["accept"] is False
    assert "unable to get local issuer" in parameters["status"]


@pytest.mark.parametrize("mode", [IMPLICIT, EXPLICIT])
def test_the_callback_may_refuse_what_verification_accepts(
    server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], mode: int
):
    asked: list[dict[str, Any]] = []

    def refuse(parameters: dict[str, Any]) -> dict[str, Any]:
        asked.append(dict(parameters))
        return {**parameters, "accept": False}

    with (
        ScriptedServer(tls=server_tls, implicit_tls=mode == IMPLICIT) as server,
        trusting(server.port, SSLStartMode=mode) as mailer,
    ):
        mailer.on("SSLServerAuthentication", refuse)
        assert mailer.send() == 280
        assert "refused by the caller" in mailer.error[1]
    assert [(each["accept"], each["status"]) for each in asked] == [(True, "OK")]
    assert server.connection.commands == server.connection.commands_in_clear


def test_a_callback_that_says_nothing_leaves_the_verdict_as_it_is(server_tls: ssl.SSLContext):
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.on("SSLServerAuthentication", lambda parameters: None)
        assert mailer.send() == 280
    assert server.messages == []


@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_the_certificate_named_beforehand_is_accepted(
    server_tls: ssl.SSLContext, server_certificate: x509.Certificate, form: Encoding
):
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.set(SSLAcceptServerCertEncoded=server_certificate.public_bytes(form))
        assert mailer.send() == 0, mailer.error
    assert server.connection.tls


def test_another_certificate_than_the_one_named_beforehand_is_verified_as_usual(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.set(SSLAcceptServerCertEncoded=loopback_identity.ca_file.read_bytes())
        assert mailer.send() == 280
    assert server.messages == []


def test_nonsense_named_beforehand_stops_before_the_connection(server_tls: ssl.SSLContext):
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.set(SSLAcceptServerCertEncoded=b"no certificate")
        assert mailer.send() == 10280
    assert server.connections == []


def test_the_servers_certificate_is_readable_from_the_event_on(
    server_tls: ssl.SSLContext, trusting: Callable[..., Mailer], server_certificate: x509.Certificate
):
    pem = server_certificate.public_bytes(Encoding.PEM)
    inside: list[Any] = []
    with ScriptedServer(tls=server_tls) as server, trusting(server.port, SSLStartMode=EXPLICIT) as mailer:
        assert mailer.get("SSLServerCertEncoded") == b""
        mailer.on(
            "SSLServerAuthentication",
            lambda parameters: inside.append((mailer.get("SSLServerCertEncoded"), parameters["certencoded"])),
        )
        assert mailer.send() == 0, mailer.error
        assert mailer.get("SSLServerCertEncoded") == pem
    assert inside == [(pem, pem)]


def test_the_first_file_that_exists_holds_the_authorities(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tmp_path: Path
):
    paths = f"{tmp_path}/missing.pem;{loopback_identity.ca_file};{tmp_path}/not-read.pem"
    (tmp_path / "not-read.pem").write_text("no certificate")
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.config(SSLCACertFilePaths=paths)
        assert mailer.send() == 0, mailer.error
    assert server.connection.tls


def test_a_file_of_authorities_that_holds_none_is_named(server_tls: ssl.SSLContext, tmp_path: Path):
    (tmp_path / "bad.pem").write_text("no certificate")
    with ScriptedServer(tls=server_tls) as server, Mailer(server.port, SSLStartMode=EXPLICIT) as mailer:
        mailer.config(SSLCACertFilePaths=tmp_path / "bad.pem")
        assert mailer.send() == 271
        assert "bad.pem" in mailer.error[1]
    assert server.connections == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [(True, 0), ("true", 0), ("1", 0), (1, 0)]
    + [(no, 280) for no in (False, "false", "0", "no", "off", "", 0, None, "perhaps", 2, [], object())],
    ids=repr,
)
def test_accept_is_read_as_every_boolean_is(server_tls: ssl.SSLContext, answer: object, code: int):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=1) as mailer,
    ):
        mailer.on("SSLServerAuthentication", lambda parameters: {**parameters, "accept": answer})
        assert mailer.connect() == code, mailer.error


@pytest.mark.parametrize("path", ["/tmp/a\0b", "/" + "x" * 5000])
@pytest.mark.parametrize("setting", ["SSLCACertFilePaths", "OpenSSLCAFile", "OpenSSLCADir"])
def test_no_path_of_certificates_raises(server_tls: ssl.SSLContext, setting: str, path: str):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=1) as mailer,
    ):
        mailer.config(**{setting: path})
        assert mailer.connect() in (271, 280)
