"""A server without PIPELINING, whose every reply is awaited, and with SMTPUTF8."""

from __future__ import annotations

import email
import email.policy

import pytest

from interop.aiosmtpd_server import PASSWORD, USER, Aiosmtpd
from interop.authority import Authority
from ssmtp_compat import AuthMechanisms, SSLStartModes, ssmtp_do_expand, ssmtp_do_verify
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("mechanism", [AuthMechanisms.amUserPassword, AuthMechanisms.amSASLPlain])
@pytest.mark.parametrize("start", [SSLStartModes.sslImplicit, SSLStartModes.sslExplicit])
def test_login_inside_tls_and_delivery(
    aiosmtpd: Aiosmtpd, ca: Authority, start: SSLStartModes, mechanism: AuthMechanisms
):
    port = aiosmtpd.tls_port if start is SSLStartModes.sslImplicit else aiosmtpd.plain_port
    text = "Grüße\r\n.\r\n..zwei\r\n"
    with Mailer(port, MailServer="localhost", SSLStartMode=start, User=USER, Password=PASSWORD) as mailer:
        mailer.set(AuthMechanism=mechanism, MessageText=text)
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 0, mailer.error
    received = email.message_from_bytes(aiosmtpd.message(), policy=email.policy.default)
    assert received.get_content() == text


def test_a_wrong_password_is_refused(aiosmtpd: Aiosmtpd, ca: Authority):
    with Mailer(aiosmtpd.tls_port, SSLStartMode=SSLStartModes.sslImplicit, User=USER, Password="wrong") as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 161
        assert mailer.error[1].startswith("535")


def test_internationalized_addresses_on_one_session(aiosmtpd: Aiosmtpd):
    with Mailer(aiosmtpd.plain_port, From="Zoë <zoë@exämple.test>", SendTo="böb@example.test") as mailer:
        assert mailer.connect() == 0, mailer.error
        for number in range(3):
            mailer.set(Subject=f"Nummer {number}")
            assert mailer.send() == 0, mailer.error
    for number in range(3):
        received = email.message_from_bytes(aiosmtpd.message(), policy=email.policy.SMTPUTF8)
        assert (received["From"], received["Subject"]) == ("Zoë <zoë@exämple.test>", f"Nummer {number}")


def test_verify_is_not_answered_and_expand_is_refused(aiosmtpd: Aiosmtpd):
    with Mailer(aiosmtpd.plain_port) as mailer:
        assert ssmtp_do_verify(mailer.handle, "bob@example.test") == 0, mailer.error
        assert mailer.get("LastReply").startswith("252")
        assert ssmtp_do_expand(mailer.handle, "team") == 161
        assert mailer.error[1].startswith("502")
