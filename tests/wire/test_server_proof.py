"""AUTH in which the server proves itself too, and is bound to the TLS connection where both sides can."""

from __future__ import annotations

import base64
import ssl

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat.tls.stream import TlsStream
from wire.logins import PASSWORD, PROVING, USER, logging_in
from wire.scripted_server import ScriptedServer, Send, Step
from wire.server_auth import TLS_EXPORTER

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.mark.parametrize("mechanism", PROVING)
def test_the_authorization_identity_is_carried(mechanism: str):
    with ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism]) as server, logging_in(server) as mailer:
        mailer.config(AuthorizationIdentity="boss")
        assert mailer.connect() == 0, mailer.error
    said = [*server.connection.auth_responses, server.commands[1].split()[-1]]
    decoded = [base64.b64decode(line) for line in said if line != mechanism]
    assert any(b"n,a=boss,n=alice" in line or b',authzid="boss"' in line for line in decoded)


@pytest.mark.parametrize("mechanism", PROVING)
def test_success_without_the_servers_proof_is_refused_and_dropped(mechanism: str):
    with (
        ScriptedServer(
            users={USER: PASSWORD}, mechanisms=[mechanism], faults={Step("AUTH", 2): Send(b"235 come in\r\n")}
        ) as server,
        logging_in(server) as mailer,
    ):
        assert mailer.send() == 162
        assert "without having proved" in mailer.error[1]
        assert mailer.get("Connected") is False
    assert [command.split()[0] for command in server.commands] == ["EHLO", "AUTH"]


@pytest.mark.parametrize("mechanism", PROVING)
def test_a_wrong_proof_of_the_server_is_cancelled_and_dropped(mechanism: str):
    wrong = {"DIGEST-MD5": b"rspauth=" + b"0" * 32}.get(mechanism, b"v=" + base64.b64encode(bytes(32)))
    said = b"334 " + base64.b64encode(wrong) + b"\r\n"
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=[mechanism], faults={Step("AUTH", 2): Send(said)}) as server,
        logging_in(server) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 162
        assert "does not know the password" in mailer.error[1]
        assert mailer.recorded("PITrail", "message")[-2:] == ["*", "501 5.7.0 cancelled"]
    assert [command.split()[0] for command in server.commands] == ["EHLO", "AUTH"]


@pytest.mark.parametrize("bound", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize(("exported", "code"), [(TLS_EXPORTER, 0), (b"that of another connection", 161)])
def test_scram_is_bound_to_the_tls_connection(
    server_tls: ssl.SSLContext,
    loopback_identity: LoopbackIdentity,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    exported: bytes,
    code: int,
):
    monkeypatch.setattr(TlsStream, "channel_binding", ("tls-exporter", exported))
    offered = [bound, "SCRAM-SHA-256", "PLAIN"]
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=offered, tls=server_tls) as server,
        logging_in(server, SSLStartMode=2) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.connect() == code, mailer.error
    assert server.connection.user == (USER if code == 0 else None)
    assert any(command.startswith(f"AUTH {bound} ") for command in server.commands)


@pytest.mark.parametrize(
    ("tls", "offered", "flag"),
    [
        (True, ["SCRAM-SHA-256"], b"y,,"),
        (False, ["SCRAM-SHA-256"], b"n,,"),
        # Whoever strikes one mechanism from the offer can add another, so what else binds there is no excuse.
        (True, ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256"], b"y,,"),
    ],
)
def test_a_server_that_is_not_bound_to_hears_whether_it_could_have_been(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, tls: bool, offered: list[str], flag: bytes
):
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=offered, tls=server_tls) as server,
        logging_in(server, SSLStartMode=2 if tls else 3) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.connect() == 0, mailer.error
    assert base64.b64decode(server.commands[-1].split()[2]).startswith(flag)
