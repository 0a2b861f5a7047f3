"""Delivery to a real Postfix: in the clear, over STARTTLS and over implicit TLS, with and without a login."""

from __future__ import annotations

import email
import email.policy

import pytest

from interop.authority import Authority
from interop.postfix import Postfix
from ssmtp_compat import AuthMechanisms, SSLStartModes
from ssmtp_compat.smtp.auth import registry
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def delivered(postfix: Postfix, user: str = "bob") -> email.message.EmailMessage:
    return email.message_from_bytes(postfix.message(user), policy=email.policy.default)


def test_a_plain_message_arrives_as_it_was_set(postfix):
    text = "Grüße aus Köln\r\n.eine Zeile mit Punkt\r\n\r\n..\r\n"
    with Mailer(postfix.plain_port, Subject="Überraschung für Ödön", MessageText=text) as mailer:
        assert mailer.send() == 0, mailer.error
    message = delivered(postfix)
    assert message["Subject"] == "Überraschung für Ödön"
    assert message.get_content() == text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("mechanism", "seen"),
    [
        (AuthMechanisms.amUserPassword, "SCRAM-SHA-256"),
        (AuthMechanisms.amSASLPlain, "PLAIN"),
        (AuthMechanisms.amCRAMMD5, "CRAM-MD5"),
        (AuthMechanisms.amSASLDigestMD5, "DIGEST-MD5"),
    ],
)
@pytest.mark.parametrize(("user", "password"), [("alice", "secret"), ("uni", "pässwörd-1")])
def test_starttls_and_login_with_each_mechanism(postfix, ca, mechanism, seen, user, password):
    with Mailer(
        postfix.submission_port,
        MailServer="localhost",
        SSLStartMode=SSLStartModes.sslExplicit,
        User=f"{user}@example.test",
        Password=password,
        AuthMechanism=mechanism,
    ) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        mailer.record("PITrail", "ConnectionStatus")
        assert mailer.send() == 0, mailer.error
        trail = mailer.recorded("PITrail", "message")
    assert any(line.startswith(f"AUTH {seen}") for line in trail)
    assert password not in "\n".join(trail)
    assert "TLS handshake complete" in mailer.recorded("ConnectionStatus", "connectionevent")
    assert delivered(postfix)["From"] == "alice@example.test"
    postfix.assert_logs(f"sasl_method={seen}")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])
@pytest.mark.parametrize("tls", [True, False])
def test_each_mechanism_alone_lets_the_right_password_in_and_no_other(postfix, ca, monkeypatch, mechanism, tls):
    # Postfix offers every mechanism; preferred by itself, each of them meets a real server.
    monkeypatch.setattr(registry, "_PREFERRED_WITH_TLS", (mechanism,))
    monkeypatch.setattr(registry, "_PREFERRED_WITHOUT_TLS", (mechanism,))
    with Mailer(postfix.submission_port, SSLStartMode=2 if tls else 3, User="uni@example.test") as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        for password in ("wrong", "pässwörd-2", ""):
            mailer.set(Password=password)
            assert mailer.connect() == 161
            assert mailer.error[1].startswith("535 5.7.8"), mailer.error
        mailer.set(Password="pässwörd-1")
        assert mailer.send() == 0, mailer.error
    postfix.assert_logs(f"sasl_method={mechanism}, sasl_username=uni@example.test")
    assert delivered(postfix)


def test_implicit_tls(postfix, ca):
    with Mailer(postfix.tls_port, SSLStartMode=SSLStartModes.sslImplicit) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 0, mailer.error
        assert mailer.get("SSLServerCertEncoded").strip() == ca.server.certificate.read_bytes().strip()
    assert delivered(postfix)


def test_one_session_carries_many_messages(postfix):
    with Mailer(postfix.plain_port) as mailer:
        assert mailer.connect() == 0, mailer.error
        for number in range(20):
            mailer.set(Subject=f"number {number}")
            assert mailer.send() == 0, mailer.error
            assert mailer.get("Connected") is True
        assert mailer.disconnect() == 0
    subjects = {email.message_from_bytes(message)["Subject"] for message in postfix.messages("bob", 20)}
    assert subjects == {f"number {number}" for number in range(20)}


def test_a_utf8_mailbox_is_reached_with_smtputf8(postfix):
    with Mailer(postfix.plain_port, SendTo="Böb <böb@example.test>") as mailer:
        assert mailer.send() == 0, mailer.error
    assert delivered(postfix, "böb")["To"] == "Böb <böb@example.test>"


@pytest.mark.parametrize(
    ("properties", "code", "text"),
    [
        ({"Password": "wrong"}, 161, "535 5.7.8"),
        ({"User": ""}, 161, "554 5.7.1"),
        ({"SSLAcceptServerCertEncoded": "other"}, 280, "issuer"),
        ({"MailServer": "127.0.0.2"}, 10061, "127.0.0.2"),
        ({"SendTo": "nobody@example.test"}, 161, "550 5.1.1"),
    ],
)
def test_refusals_have_their_code_and_the_handle_stays_usable(postfix: Postfix, ca: Authority, properties, code, text):
    good = {
        "MailServer": "localhost",
        "SSLStartMode": 2,
        "User": "alice@example.test",
        "Password": "secret",
        "SendTo": "bob@example.test",
    }
    with Mailer(postfix.submission_port, **good) as mailer:
        trusted = "SSLAcceptServerCertEncoded" not in properties
        mailer.config(SSLCACertFilePaths=ca.certificate if trusted else "/nonexistent")
        if not trusted:
            properties = {"SSLAcceptServerCertEncoded": ca.alice.certificate.read_bytes()}
        if properties.get("User") == "":
            properties = {"User": "", "SendTo": "stranger@elsewhere.test"}
        mailer.set(**properties)
        assert mailer.send() == code
        assert text in mailer.error[1]
        mailer.set(**good, SSLAcceptServerCertEncoded="")
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 0, mailer.error
    assert delivered(postfix)


def test_a_name_that_the_certificate_lacks_is_refused_before_anything_is_said(postfix, ca):
    with Mailer(postfix.tls_port, MailServer="127.0.0.1", SSLStartMode=1) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == 0, mailer.error  # the address stands in the certificate
        mailer.record("PITrail")
        # The resolver reads this as 127.0.0.1, and as a name the certificate does not have it.
        mailer.set(MailServer="127.1")
        assert mailer.send() == 280
        assert "127.1" in mailer.error[1]
        assert mailer.recorded("PITrail", "message") == []
        assert mailer.get("MessageText") == "Hello Bob\r\n"
        mailer.set(MailServer="localhost")
        assert mailer.send() == 0, mailer.error
    postfix.messages("bob", 2)
