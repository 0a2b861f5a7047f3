"""Logging in to Dovecot: OAuth tokens, and the mechanisms that both sides of it wrote by themselves."""

from __future__ import annotations

import email

import pytest

from interop.dovecot import TOKEN, Dovecot
from interop.postfix import Postfix
from ssmtp_compat.smtp.auth import registry
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def mailer_for(dovecot: Dovecot, ca, **properties) -> Mailer:
    mailer = Mailer(
        dovecot.port, **{"MailServer": "localhost", "SSLStartMode": 2, "User": "alice@example.test", **properties}
    )
    mailer.config(SSLCACertFilePaths=ca.certificate)
    return mailer


@pytest.fixture(params=["XOAUTH2", "OAUTHBEARER"])
def oauth(request, monkeypatch) -> str:
    """Dovecot offers both; it is made to offer only the one."""
    choose, other = registry.choose, {"XOAUTH2": "OAUTHBEARER", "OAUTHBEARER": "XOAUTH2"}[request.param]

    def choose_without_the_other(offered: tuple[str, ...], wanted: str, **how: bool) -> str:
        return choose(tuple(name for name in offered if name != other), wanted, **how)

    monkeypatch.setattr(registry, "choose", choose_without_the_other)
    return request.param


def test_a_token_sends_mail(dovecot: Dovecot, postfix: Postfix, ca, oauth: str):
    with mailer_for(dovecot, ca, AuthMechanism=7, Password=TOKEN) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 0, (mailer.error, dovecot.log())
        trail = mailer.recorded("PITrail", "message")
    assert f"AUTH {oauth} ****" in trail
    assert email.message_from_bytes(postfix.message("bob"))["Subject"] == "greetings"


@pytest.mark.parametrize("token", ["bad-token", "b" * 600])
def test_a_bad_token_is_refused_with_what_dovecot_says_of_it(dovecot: Dovecot, ca, oauth: str, token: str):
    with mailer_for(dovecot, ca, AuthMechanism=7, Password=token) as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 161
        assert mailer.error[1].startswith("535 5.7.8"), mailer.error
        assert '"status":"' in mailer.error[1]
        assert token not in mailer.error[1]
        # The session was in step to its end.
        assert mailer.recorded("PITrail", "message")[-2] == "QUIT"
        mailer.set(Password=TOKEN)
        assert mailer.connect() == 0, mailer.error


def test_a_token_in_the_place_that_the_v9_edition_names(dovecot: Dovecot, ca):
    with mailer_for(dovecot, ca, AuthMechanism=7) as mailer:
        mailer.config(AuthorizationIdentity=f"Bearer {TOKEN}")
        assert mailer.connect() == 0, mailer.error


@pytest.mark.parametrize(
    ("user", "password", "mechanisms"),
    [
        ("alice", "secret", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]),
        # Not DIGEST-MD5: Dovecot hashes UTF-8 where RFC 2831 wants ISO 8859-1, which Cyrus SASL and this side go by.
        ("uni", "pässwörd-1", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]),
    ],
)
def test_the_right_password_and_no_other(dovecot: Dovecot, ca, monkeypatch, user, password, mechanisms):
    for mechanism in mechanisms:
        monkeypatch.setattr(registry, "_PREFERRED_WITH_TLS", (mechanism,))
        with mailer_for(dovecot, ca, User=f"{user}@example.test", Password="wrong") as mailer:
            assert mailer.connect() == 161, mechanism
            assert mailer.error[1].startswith("535 5.7.8"), (mechanism, mailer.error)
            mailer.set(Password=password)
            assert mailer.connect() == 0, (mechanism, mailer.error, dovecot.log())


@pytest.mark.parametrize("server", ["dovecot", "postfix"])
def test_a_response_that_a_server_cannot_hold_is_refused_by_it_in_order(dovecot: Dovecot, postfix: Postfix, ca, server):
    port, refusal = {
        "dovecot": (dovecot.port, "500 5.5.2 Line too long"),
        "postfix": (postfix.submission_port, "500 5.5.6 SASL response limit exceeded"),
    }[server]
    with mailer_for(dovecot, ca, MailPort=port, AuthMechanism=4, Password="p" * 50_000) as mailer:
        mailer.record("PITrail")
        assert mailer.connect() == 161
        assert mailer.error[1] == refusal
        assert mailer.recorded("PITrail", "message")[-2] == "QUIT"
