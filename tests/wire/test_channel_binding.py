"""A log-in is bound to the TLS connection around it, or NTLM to its certificate: handed on it is worth nothing."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings

from loopback_identity import LoopbackIdentity
from ssmtp_compat import AuthMechanisms
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from ssmtp_compat.tls.sessions import SessionCache
from wire import server_auth
from wire.logins import PASSWORD, USER, logging_in
from wire.scripted_server import ScriptedServer
from wire.server_auth import Exchange, Users
from wire.tls_servers import tls_server

_NO_EXTENDED_MASTER_SECRET = 1  # OpenSSL's SSL_OP_NO_EXTENDED_MASTER_SECRET, which Python has no name for

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def own_end_point(loopback_identity: LoopbackIdentity) -> bytes:
    """Of the certificate that the scripted server shows, whose signature is made with SHA-256."""
    _, _, pem = loopback_identity.certificate_file.read_text().partition("-----BEGIN CERTIFICATE-----")
    der = ssl.PEM_cert_to_DER_cert("-----BEGIN CERTIFICATE-----" + pem)
    return hashlib.sha256(der).digest()


@pytest.fixture
def demand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Have the server know NTLM and insist on a binding, as one with Extended Protection does."""
    users = tmp_path / "users"
    users.write_text(f":{USER}:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))

    def insist(end_point: bytes) -> None:
        binding = GssChannelBindings(application_data=b"tls-server-end-point:" + end_point)

        def ntlm(known: Users) -> Exchange:
            context = spnego.server(protocol="ntlm", channel_bindings=binding)
            try:
                context.step((yield (context.step((yield b"")) or b"")))
            except spnego.exceptions.SpnegoError:
                return None
            return USER if context.complete else None

        monkeypatch.setitem(server_auth.MECHANISMS, "NTLM", ntlm)

    return insist


@pytest.mark.parametrize("start", [1, 2], ids=["implicit", "STARTTLS"])
def test_a_server_that_insists_lets_its_own_clients_in(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, demand, own_end_point: bytes, start: int
):
    demand(own_end_point)
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["NTLM"], tls=server_tls, implicit_tls=start == 1) as server,
        logging_in(server, SSLStartMode=start, AuthMechanism=AuthMechanisms.amNTLM) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.connect() == 0, mailer.error
    assert server.connection.user == USER


def test_a_log_in_that_was_handed_on_is_refused(
    server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity, demand, own_end_point: bytes
):
    """The client sees the certificate of the one in the middle, and the server knows its own."""
    demand(bytes(octet ^ 1 for octet in own_end_point))
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["NTLM"], tls=server_tls) as server,
        logging_in(server, SSLStartMode=2, AuthMechanism=AuthMechanisms.amNTLM) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.connect() == 161
    assert server.connection.user is None


def test_without_tls_there_is_nothing_to_be_bound_to(demand, own_end_point: bytes):
    demand(own_end_point)
    with (
        ScriptedServer(users={USER: PASSWORD}, mechanisms=["NTLM"]) as server,
        logging_in(server, AuthMechanism=AuthMechanisms.amNTLM) as mailer,
    ):
        assert mailer.connect() == 161
    assert server.connection.user is None


def test_before_tls_1_3_python_has_the_same_binding_for_each_connection(loopback_identity: LoopbackIdentity):
    context, sessions, ours, theirs = loopback_identity.server_context(), SessionCache(), [], []
    options = TlsOptions(server_name="localhost", ca_pem=loopback_identity.ca_file.read_text())
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def talk(tls, _seen):
        theirs.append(("tls-unique", tls.get_channel_binding("tls-unique")))

    for _ in range(2):
        with tls_server(context, talk) as seen:
            stream = start_tls(seen.connect(), options, Deadline(10), sessions=sessions)
            ours.append(stream.channel_binding)
            stream.close()
    assert stream.negotiated.resumed
    assert ours == theirs
    assert len(set(ours)) == 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_whose_keys_somebody_in_the_middle_can_share_is_not_resumed(
    loopback_identity: LoopbackIdentity, version: ssl.TLSVersion
):
    context, sessions = loopback_identity.server_context(), SessionCache()
    options = TlsOptions(server_name="localhost", ca_pem=loopback_identity.ca_file.read_text())
    context.maximum_version = version
    context.options |= _NO_EXTENDED_MASTER_SECRET
    for _ in range(2):
        with tls_server(context, lambda tls, _: tls.sendall(b"220 hello\r\n")) as seen:
            stream = start_tls(seen.connect(), options, Deadline(10), sessions=sessions)
            assert stream.read(100, Deadline(10))
            stream.close()
    # TLS 1.3 needs no extension for that.
    assert stream.negotiated.resumed is (version is ssl.TLSVersion.TLSv1_3)
