"""Logging in to Postfix with NTLM, of which Cyrus SASL has an implementation of its own."""

from __future__ import annotations

import pytest

from interop.authority import Authority
from interop.postfix import Postfix
from ssmtp_compat import AuthMechanisms, SSLStartModes
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def logging_in(postfix: Postfix, ca: Authority, user: str, password: str) -> Mailer:
    mailer = Mailer(
        postfix.submission_port,
        MailServer="localhost",
        SSLStartMode=SSLStartModes.sslExplicit,
        User=user,
        Password=password,
        AuthMechanism=AuthMechanisms.amNTLM,
    )
    mailer.config(SSLCACertFilePaths=ca.certificate)
    return mailer


# Cyrus counts on a domain in capitals, as Windows has them.
@pytest.mark.parametrize("user", ["alice@example.test", r"EXAMPLE\alice", "alice"])
def test_each_form_of_the_users_name_sends(postfix: Postfix, ca: Authority, user: str) -> None:
    with logging_in(postfix, ca, user, "secret") as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        trail = mailer.recorded("PITrail", "message")
    assert "AUTH NTLM ****" in trail
    assert postfix.message("bob")
    postfix.assert_logs("sasl_method=NTLM")


def test_a_password_outside_ascii_is_not_cut_down_to_it(postfix: Postfix, ca: Authority) -> None:
    # Cyrus takes each octet of its UTF-8 for a character, which this spelling makes up for; MS-NLMP has UTF-16.
    with logging_in(postfix, ca, "uni@example.test", "pässwörd-1".encode().decode("latin-1")) as mailer:
        assert mailer.connect() == 0, mailer.error


def test_a_wrong_password_is_refused_and_the_handle_stays_usable(postfix: Postfix, ca: Authority) -> None:
    with logging_in(postfix, ca, "alice@example.test", "wrong") as mailer:
        assert mailer.connect() == 161
        assert mailer.error[1].startswith("535 5.7.8")
        mailer.set(Password="secret")
        assert mailer.connect() == 0, mailer.error
