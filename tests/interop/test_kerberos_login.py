"""Logging in to Postfix with a Kerberos ticket, in a realm that is made for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spnego

from interop.authority import Authority
from interop.kerberos import PASSWORD, SERVER, USER, Realm
from interop.packages import PLUGINS
from interop.postfix import Postfix
from interop.processes import free_ports, require, server_directory
from ssmtp_compat import AuthMechanisms, SSLStartModes
from ssmtp_compat.errors import ProtocolError
from ssmtp_compat.smtp.auth import registry
from ssmtp_compat.smtp.auth.mechanism import ChannelBinding, Credentials, Mechanism
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def running_realm() -> Iterator[Realm]:
    require("krb5kdc", "kdb5_util", "kadmin.local", "kinit", root=True, modules=("gssapi", "krb5"))
    with server_directory("kerberos") as directory:
        realm = Realm(directory)
        try:
            realm.start()
            yield realm
        finally:
            realm.stop()


@pytest.fixture(scope="module")
def postfix(running_realm: Realm, ca: Authority) -> Iterator[Postfix]:
    require("postfix", "saslpasswd2", plugins=PLUGINS, root=True)
    with server_directory("postfix") as directory:
        server = Postfix(
            directory, ca, hostname=SERVER, mechanisms="GSSAPI", environment=running_realm.server_environment
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def realm(running_realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    """The realm, known to this process, with an empty credential cache."""
    for name, value in running_realm.client_environment.items():
        monkeypatch.setenv(name, value)
    yield running_realm
    running_realm.log_out()


def logging_in(postfix: Postfix, ca: Authority, password: str = PASSWORD, user: str = USER) -> Mailer:
    mailer = Mailer(
        postfix.submission_port,
        MailServer=SERVER,
        SSLStartMode=SSLStartModes.sslExplicit,
        User=user,
        Password=password,
        AuthMechanism=AuthMechanisms.amKerberos,
    )
    mailer.config(SSLCACertFilePaths=ca.certificate)
    return mailer


def test_a_password_gets_the_ticket(postfix: Postfix, ca: Authority, realm: Realm) -> None:
    with logging_in(postfix, ca) as mailer:
        mailer.record()
        assert mailer.send() == 0, mailer.error
        shown = str(mailer.events)
    assert PASSWORD not in shown
    assert postfix.message("bob")
    postfix.assert_logs("sasl_method=GSSAPI, sasl_username=alice@example.test")


def test_without_a_password_the_ticket_comes_from_the_cache(postfix: Postfix, ca: Authority, realm: Realm) -> None:
    with logging_in(postfix, ca, password="") as mailer:
        assert mailer.connect() == 273
        assert "alice@EXAMPLE.TEST" in mailer.error[1]
        assert mailer.get("Connected") is False
        realm.log_in()
        assert mailer.connect() == 0, mailer.error


def test_an_identity_reaches_the_server(postfix: Postfix, ca: Authority, realm: Realm) -> None:
    with logging_in(postfix, ca) as mailer:
        mailer.config(AuthorizationIdentity="bob")
        assert mailer.connect() == 161
        postfix.assert_logs("sasl_username=bob@example.test")
        mailer.config(AuthorizationIdentity="alice")
        assert mailer.connect() == 0, mailer.error


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"Password": "wrong"}, "integrity check failed"),
        ({"User": "nobody"}, "nobody@EXAMPLE.TEST"),
        ({"User": "alice@ELSEWHERE.TEST"}, "ELSEWHERE.TEST"),
        ({"MailServer": "127.0.0.1"}, "smtp/127.0.0.1"),
    ],
)
def test_no_ticket_ends_the_session_in_order(
    postfix: Postfix, ca: Authority, realm: Realm, properties: dict[str, str], text: str
) -> None:
    with logging_in(postfix, ca) as mailer:
        mailer.set(**properties)
        mailer.record("PITrail")
        assert mailer.connect() == 273
        assert text in mailer.error[1]
        assert PASSWORD not in mailer.error[1]
        said = mailer.recorded("PITrail", "message")
        assert said[-2] == "QUIT"
        assert not [line for line in said if line.startswith("AUTH")]
        mailer.set(User=USER, Password=PASSWORD, MailServer=SERVER)
        assert mailer.connect() == 0, mailer.error


def test_a_centre_that_is_not_there_is_named_by_its_realm(
    postfix: Postfix, ca: Authority, realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nobody,) = free_ports(1)
    configuration = tmp_path / "krb5.conf"
    configuration.write_text(realm.client_configuration(nobody))
    monkeypatch.setenv("KRB5_CONFIG", str(configuration))
    with logging_in(postfix, ca) as mailer:
        assert mailer.connect() == 273
        assert "EXAMPLE.TEST" in mailer.error[1]


class TestAgainstAServerInMemory:
    """Real tickets, and a server that says what Postfix never would."""

    @pytest.fixture
    def server(self, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> spnego.ContextProxy:
        for name, value in realm.server_environment.items():
            monkeypatch.setenv(name, value)
        return spnego.server(protocol="kerberos", hostname=SERVER, service="smtp")

    @pytest.fixture
    def client(self, realm: Realm) -> Mechanism:
        return registry.create("GSSAPI", Credentials(USER, PASSWORD, "boss", host=SERVER))

    def test_they_agree_on_no_layer(self, client: Mechanism, server: spnego.ContextProxy) -> None:
        assert client.step(server.step(client.start())) == b""
        answer = server.unwrap(client.step(server.wrap(b"\x07\x00\x10\x00", encrypt=False).data))
        assert (answer.data, answer.encrypted) == (b"\x01\x00\x00\x00boss", False)
        client.finish()
        assert server.client_principal == "alice@EXAMPLE.TEST"

    @pytest.fixture
    def bound_server(self, realm: Realm, monkeypatch: pytest.MonkeyPatch) -> Any:
        """MIT's own, which compares what it was bound to; pyspnego's server trips over a difference."""
        import gssapi

        for name, value in realm.server_environment.items():
            monkeypatch.setenv(name, value)
        binding = gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:hash of its certificate")
        return gssapi.SecurityContext(usage="accept", channel_bindings=binding)

    @pytest.mark.parametrize(("end_point", "bound"), [(b"hash of its certificate", True), (b"", False)])
    def test_the_server_learns_that_the_log_in_is_bound_to_its_certificate(
        self, bound_server: Any, end_point: bytes, bound: bool
    ) -> None:
        bound_server.step(self.begin(end_point))
        assert bound_server.complete
        assert bool(int(bound_server.actual_flags) & 0x800) is bound  # GSS_C_CHANNEL_BOUND_FLAG of MIT krb5 1.19

    def test_a_log_in_that_was_handed_on_is_refused(self, bound_server: Any) -> None:
        import gssapi

        with pytest.raises(gssapi.exceptions.BadChannelBindingsError):
            bound_server.step(self.begin(b"hash of another one"))
            _ = bound_server.complete  # a step's error is told only then

    @staticmethod
    def begin(end_point: bytes) -> bytes:
        binding = ChannelBinding(server_end_point=end_point)
        token = registry.create("GSSAPI", Credentials(USER, PASSWORD, host=SERVER, channel_binding=binding)).start()
        assert token
        return token

    @pytest.mark.parametrize("junk", [b"", b"abc", bytes(200), b"\x60\x81\x99" + bytes(153)])
    def test_junk_in_place_of_the_proof(self, client: Mechanism, junk: bytes) -> None:
        client.start()
        with pytest.raises(ProtocolError, match="Kerberos message cannot be used"):
            client.step(junk)

    @pytest.mark.parametrize("place", [0, 4, -1])
    def test_an_offer_that_was_changed_on_the_way(
        self, client: Mechanism, server: spnego.ContextProxy, place: int
    ) -> None:
        client.step(server.step(client.start()))
        offer = bytearray(server.wrap(b"\x07\x00\x10\x00", encrypt=False).data)
        offer[place] ^= 0x04
        with pytest.raises(ProtocolError, match="Kerberos message cannot be used"):
            client.step(bytes(offer))
