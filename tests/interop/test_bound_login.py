"""SCRAM bound to TLS, judged by GNU SASL and Cyrus SASL, which learn from GnuTLS what their end of TLS is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from interop.authority import Authority
from interop.bound_logins import (
    BINDINGS,
    PASSWORD,
    PLAIN,
    USER,
    VERSIONS,
    WAYS,
    SaslServer,
    Target,
    handed_on,
    handed_on_with_another_plus,
    handed_on_without_plus,
    in_the_middle,
    log_in,
    log_in_with_a_wrong_password,
)
from interop.cyrus_sasl import CyrusSasl
from interop.gnu_sasl import GnuSasl
from interop.packages import PLUGINS, SASL_LIBRARIES
from interop.pages import SERVERS, assert_table
from interop.processes import require, run, server_directory
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions, connect
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls

pytestmark = pytest.mark.interop

JUDGES = ("GNU SASL", "Cyrus SASL")


@pytest.fixture(scope="module")
def judges() -> Iterator[dict[str, SaslServer]]:
    require("saslpasswd2", "certtool", plugins=(*PLUGINS, *SASL_LIBRARIES))
    with server_directory("sasl") as directory:
        cyrus = CyrusSasl(directory, "mail.example.test", {USER: PASSWORD})
        yield {judge.name: judge for judge in (GnuSasl(), cyrus)}
        cyrus.stop()


@pytest.fixture(params=[(judge, version) for judge in JUDGES for version in VERSIONS], ids=", ".join)
def target(request: pytest.FixtureRequest, judges: dict[str, SaslServer], ca: Authority) -> Target:
    judge, version = request.param
    return Target(judges[judge], version, ca)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
def test_the_server_is_bound_to_the_same_connection(target: Target, mechanism: str):
    log_in(target, mechanism)


def test_a_wrong_password_is_refused(target: Target):
    log_in_with_a_wrong_password(target)


def test_a_log_in_that_was_handed_on_is_refused(target: Target):
    handed_on(target)


@pytest.mark.parametrize("way", [handed_on_without_plus, handed_on_with_another_plus])
def test_an_offer_from_which_plus_was_taken_is_noticed(target: Target, way: Callable[[Target], str]):
    way(target)
    if target.judge.name == "Cyrus SASL":  # the other one does not say why
        assert "client incorrectly assumed server had no channel binding" in target.judge.refusals[-1]


def test_one_in_the_middle_is_noticed_by_the_binding_alone(target: Target):
    with (
        target.serve([PLAIN], bound=False) as (server, _),
        in_the_middle(target.ca, server.port, target.version) as port,
        target.mailer(port) as mailer,
    ):
        assert mailer.send() == 0, (mailer.error, target.judge.refusals)
    assert server.connection.user == USER


@pytest.mark.parametrize("priorities", ["", ":%NO_SESSION_HASH"], ids=["", "no extended master secret"])
def test_a_resumed_session_is_bound_too(target: Target, priorities: str):
    with target.serve(priorities=priorities) as (server, tls), target.mailer(server.port) as mailer:
        mailer.config(ReuseSSLSession=True)
        for _ in range(2):
            assert mailer.send() == 0, (mailer.error, target.judge.refusals)
    # Below TLS 1.3 the binding of one without extended_master_secret would be worth nothing.
    assert [session.resumed for session in tls.sessions] == [False, not priorities or target.version == "TLS 1.3"]


def test_what_stands_for_the_certificate_is_the_same_to_gnutls_and_openssl(target: Target, ca: Authority):
    options = TlsOptions(server_name="localhost", ca_pem=ca.certificate.read_text())
    with target.serve() as (server, tls):
        stream = start_tls(connect(TcpOptions("127.0.0.1", server.port), Deadline(10)), options, Deadline(10))
        stream.read(100, Deadline(10))
        theirs = tls.sessions[0].binding("tls-server-end-point")
        stream.close()
    fingerprint = run("openssl", "x509", "-in", ca.server.certificate, "-noout", "-fingerprint", "-sha256")
    assert stream.server_end_point == theirs == bytes.fromhex(fingerprint.decode().partition("=")[2].replace(":", ""))


def test_the_table_in_the_documentation_is_what_the_judges_do(
    judges: dict[str, SaslServer], ca: Authority, request: pytest.FixtureRequest
):
    targets = [Target(judges[judge], version, ca) for judge in JUDGES for version in BINDINGS]
    rows = {name: [way(target) for target in targets] for name, way in WAYS.items()}
    head = [f"{target.judge.name}, {target.version}" for target in targets]
    assert_table(SERVERS, 1, head, rows, write=request.config.getoption("--write-table"))
