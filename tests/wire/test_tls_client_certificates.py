"""Who the client is: shown to a server that asks and that has been accepted, and to nobody else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

from loopback_identity import LoopbackIdentity
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import TLSError
from ssmtp_compat.pki.certificates import Certificate, KeyPair
from ssmtp_compat.pki.stores.token_keys import TokenKey, TokenRSAKey
from ssmtp_compat.pki.stores.token_uri import TokenAddress
from ssmtp_compat.tls.context import TlsOptions, make_connection, make_context
from unit.pki.authority import rsa_key
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.tls_certificates import Issued, authority, issue

pytestmark = pytest.mark.usefixtures("no_leaks")

PEM_FILE, PEM_BLOB = 6, 7
IMPLICIT = 1


@pytest.fixture
def asking(loopback_identity: LoopbackIdentity) -> ssl.SSLContext:
    """A server that asks for a certificate of the authority of ``wire.tls_certificates`` and goes on without one."""
    context = loopback_identity.server_context()
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=authority().pem.decode())
    return context


@pytest.fixture
def client() -> Issued:
    """Issued by an intermediate, which the server does not know."""
    intermediate = issue(common_name="Test intermediate", issuer=authority(), is_ca=True)
    return issue(common_name="Client", issuer=intermediate, usage=ExtendedKeyUsageOID.CLIENT_AUTH)


def mailer_for(server: ScriptedServer, identity: LoopbackIdentity, **properties: object) -> Mailer:
    mailer = Mailer(server.port, SSLStartMode=IMPLICIT, **properties)
    mailer.config(SSLCACertFilePaths=identity.ca_file)
    return mailer


def chosen(client: Issued, directory: Path) -> dict[str, object]:
    return {"SSLCertStoreType": PEM_FILE, "SSLCertStore": str(client.write(directory, "client")), "SSLCertSubject": "*"}


def test_it_is_shown_with_its_issuers(
    asking: ssl.SSLContext, client: Issued, loopback_identity: LoopbackIdentity, tmp_path: Path
):
    with (
        ScriptedServer(tls=asking, implicit_tls=True) as server,
        mailer_for(server, loopback_identity, **chosen(client, tmp_path)) as mailer,
    ):
        assert mailer.get("SSLCertSubject") == "CN=Client"
        assert mailer.get("SSLCertEncoded") == client.pem
        assert mailer.send() == 0, mailer.error
    assert server.connection.client_certificate == client.der


@pytest.mark.parametrize(
    ("password", "identity", "sent"),
    [
        ("", "", "AUTH EXTERNAL YWxpY2U="),
        ("", "boss", "AUTH EXTERNAL Ym9zcw=="),
        ("secret", "", "AUTH PLAIN AGFsaWNlAHNlY3JldA=="),
    ],
)
def test_without_a_password_it_logs_in(
    asking: ssl.SSLContext,
    client: Issued,
    loopback_identity: LoopbackIdentity,
    tmp_path: Path,
    password: str,
    identity: str,
    sent: str,
):
    users = {"alice": "secret", "boss": "?"}
    with (
        ScriptedServer(tls=asking, implicit_tls=True, users=users, mechanisms=["PLAIN", "EXTERNAL"]) as server,
        mailer_for(server, loopback_identity, **chosen(client, tmp_path), User="alice", Password=password) as mailer,
    ):
        mailer.config(AuthorizationIdentity=identity)
        assert mailer.send() == 0, mailer.error
    assert server.commands[1] == sent
    assert server.connection.user == (identity or "alice")


@pytest.mark.parametrize(
    ("properties", "offered", "code"),
    [({}, ["PLAIN", "LOGIN"], 20011), ({"AuthMechanism": 4}, ["PLAIN", "EXTERNAL"], 161)],
)
def test_only_with_external_and_where_nothing_else_is_asked_for(
    asking: ssl.SSLContext,
    client: Issued,
    loopback_identity: LoopbackIdentity,
    tmp_path: Path,
    properties: dict[str, object],
    offered: list[str],
    code: int,
):
    with (
        ScriptedServer(tls=asking, implicit_tls=True, users={"alice": "secret"}, mechanisms=offered) as server,
        mailer_for(server, loopback_identity, **chosen(client, tmp_path), User="alice", **properties) as mailer,
    ):
        assert mailer.send() == code
        assert ("EXTERNAL" in mailer.error[1]) is (code == 20011)
    assert ("AUTH PLAIN AGFsaWNlAA==" in server.commands) is (code == 161)


def test_a_client_without_one_shows_none_although_another_has_one(
    asking: ssl.SSLContext, client: Issued, loopback_identity: LoopbackIdentity, tmp_path: Path
):
    with ScriptedServer(tls=asking, implicit_tls=True) as server:
        for properties in (chosen(client, tmp_path), {}):
            with mailer_for(server, loopback_identity, **properties) as mailer:
                assert mailer.send() == 0, mailer.error
        assert [connection.client_certificate for connection in server.connections] == [client.der, None]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("by_caller", [False, True])
def test_a_server_that_is_not_accepted_does_not_see_it(
    by_caller: bool,
    version: ssl.TLSVersion,
    asking: ssl.SSLContext,
    client: Issued,
    loopback_identity: LoopbackIdentity,
    tmp_path: Path,
):
    asking.maximum_version = version
    with (
        ScriptedServer(tls=asking, implicit_tls=True) as server,
        Mailer(server.port, SSLStartMode=IMPLICIT, **chosen(client, tmp_path)) as mailer,
    ):
        if by_caller:
            mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
            mailer.on("SSLServerAuthentication", lambda _: {"accept": False})
        assert mailer.send() == ErrorCode.CERTIFICATE_REJECTED
    assert server.connection.client_certificate is None


def test_a_server_that_insists_is_an_error_without_one(asking: ssl.SSLContext, loopback_identity: LoopbackIdentity):
    asking.verify_mode = ssl.CERT_REQUIRED
    with (
        ScriptedServer(tls=asking, implicit_tls=True) as server,
        mailer_for(server, loopback_identity) as mailer,
    ):
        assert mailer.send() == ErrorCode.NO_CLIENT_CERTIFICATE
        assert "certificate required" in mailer.error[1]


def test_a_certificate_without_its_key_is_an_error_before_anything_is_opened(
    client: Issued, loopback_identity: LoopbackIdentity
):
    with (
        ScriptedServer() as server,
        mailer_for(server, loopback_identity, SSLCertStoreType=PEM_BLOB, SSLCertStore=client.pem) as mailer,
    ):
        mailer.set(SSLCertEncoded=client.pem)
        assert mailer.send() == ErrorCode.NO_CREDENTIALS
        assert "CN=Client" in mailer.error[1]
        mailer.set(SSLCertEncoded="")
        assert mailer.get("SSLCertEncoded") == b""
        assert server.connections == []


def test_the_signer_and_the_client_are_chosen_apart(client: Issued, tmp_path: Path):
    with Mailer(25, **chosen(client, tmp_path)) as mailer:
        assert mailer.get("CertEncoded") == b""
        mailer.set(CertStoreType=PEM_FILE, CertStore=str(tmp_path / "client.pem"), CertSubject="*")
        mailer.set(CertStorePassword="other")
        assert (mailer.get("CertSubject"), mailer.get("SSLCertSubject")) == ("", "CN=Client")


@pytest.mark.parametrize("kind", ["agreement", "token"])
def test_a_key_that_tls_cannot_use_is_named(client: Issued, kind: str):
    token = TokenKey(TokenAddress("module"), b"", "SSLCertStore", b"", "")
    key = X25519PrivateKey.generate() if kind == "agreement" else TokenRSAKey(token, rsa_key().public_key())
    options = TlsOptions(server_name="localhost", client=KeyPair(Certificate(client.der), key))
    with pytest.raises(TLSError, match="CN=Client") as caught:
        make_connection(options)
    assert caught.value.code is ErrorCode.NO_CREDENTIALS
    assert ("stays on its PKCS #11 token; a client's key for TLS has to be in a file" in str(caught.value)) == (
        kind == "token"
    )


def test_no_private_key_outlives_its_client(client: Issued):
    with_key = TlsOptions(server_name="localhost", client=KeyPair(Certificate(client.der), client.key))
    assert make_context(with_key) is make_context(TlsOptions(server_name="localhost"))
