"""Exim, the real server that answers VRFY and EXPN, and a second TLS implementation (GnuTLS)."""

from __future__ import annotations

import email
import email.policy

import pytest

from interop.authority import Authority
from interop.exim import PASSWORD, Exim
from ssmtp_compat import (
    AuthMechanisms,
    CertStoreTypes,
    SSLStartModes,
    ssmtp_do_expand,
    ssmtp_do_sendtoterminaloremail,
    ssmtp_do_verify,
)
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def test_a_list_is_expanded_one_event_for_each_member(exim: Exim):
    with Mailer(exim.plain_port) as mailer:
        mailer.record("Expand")
        assert ssmtp_do_expand(mailer.handle, "team@example.test") == 0, mailer.error
        expected = ["alice@example.test", "bob@example.test", "carol@example.test"]
        assert mailer.recorded("Expand", "address") == expected
        assert mailer.get("LastReply").count("\r\n") == 2


def test_an_unknown_list_is_refused(exim: Exim):
    with Mailer(exim.plain_port) as mailer:
        mailer.record("Expand")
        assert ssmtp_do_expand(mailer.handle, "nosuch@example.test") == 161
        assert mailer.error[1].startswith("553")
        assert mailer.events == []


def test_verify_tells_a_known_user_from_an_unknown_one(exim: Exim):
    with Mailer(exim.plain_port) as mailer:
        assert mailer.connect() == 0, mailer.error
        assert ssmtp_do_verify(mailer.handle, "alice@example.test") == 0, mailer.error
        assert "deliverable" in mailer.get("LastReply")
        assert ssmtp_do_verify(mailer.handle, "nosuch@example.test") == 161
        assert mailer.error[1].startswith("550")
        assert mailer.get("Connected") is True


def test_expanded_members_get_the_message(exim: Exim):
    with Mailer(exim.plain_port, Subject="für alle") as mailer:
        members: list[str] = []
        mailer.on("Expand", lambda parameters: members.append(parameters["address"]))
        assert mailer.connect() == 0, mailer.error
        assert ssmtp_do_expand(mailer.handle, "team") == 0, mailer.error
        mailer.set(SendTo=", ".join(members))
        assert mailer.send() == 0, mailer.error
        assert mailer.disconnect() == 0
    for user in ("alice", "bob", "carol"):
        received = email.message_from_bytes(exim.message(user), policy=email.policy.default)
        assert received["Subject"] == "für alle"


def test_delivery_to_terminals_is_refused_as_everywhere_today(exim: Exim):
    with Mailer(exim.plain_port) as mailer:
        assert mailer.connect() == 0, mailer.error
        assert ssmtp_do_sendtoterminaloremail(mailer.handle) == 161
        assert mailer.error[1].startswith("500")
        assert mailer.send() == 0, mailer.error
    assert b"greetings" in exim.message("bob")


@pytest.mark.parametrize(("user", "code"), [("alice@example.test", 0), ("bob@example.test", 161)])
def test_a_client_certificate_logs_in_whom_it_names(exim: Exim, ca: Authority, user: str, code: int):
    with Mailer(exim.tls_port, MailServer="localhost", SSLStartMode=SSLStartModes.sslImplicit, User=user) as mailer:
        mailer.set(
            SSLCertStoreType=CertStoreTypes.cstPFXFile,
            SSLCertStore=str(ca.alice.p12),
            SSLCertStorePassword=ca.alice.p12_password,
            SSLCertSubject="*",
        )
        mailer.config(SSLCACertFilePaths=ca.certificate)
        mailer.record("PITrail")
        assert mailer.send() == code, (mailer.error, exim.log())
        assert "AUTH EXTERNAL ****" in mailer.recorded("PITrail", "message")
        assert code == 0 or mailer.error[1].startswith("535"), mailer.error
    if code == 0:
        exim.assert_logs(f"A=external:{user}")


@pytest.mark.parametrize("start", [SSLStartModes.sslImplicit, SSLStartModes.sslExplicit])
@pytest.mark.parametrize(
    "mechanism", [AuthMechanisms.amUserPassword, AuthMechanisms.amSASLPlain, AuthMechanisms.amCRAMMD5]
)
def test_login_inside_tls_and_delivery(exim: Exim, ca: Authority, start: SSLStartModes, mechanism: AuthMechanisms):
    port = exim.tls_port if start is SSLStartModes.sslImplicit else exim.plain_port
    with Mailer(
        port,
        MailServer="localhost",
        SSLStartMode=start,
        User="alice",
        Password=PASSWORD,
        AuthMechanism=mechanism,
    ) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 0, mailer.error
    assert b"greetings" in exim.message("bob")


def test_a_wrong_password_is_refused(exim: Exim, ca: Authority):
    with Mailer(
        exim.tls_port, MailServer="localhost", SSLStartMode=SSLStartModes.sslImplicit, User="alice", Password="wrong"
    ) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 161
        assert mailer.error[1].startswith("535")
