"""Features of SMTP, each as something to do with a real server, and what came of it.

``OUTCOMES`` of the table: *yes* when the server offers the feature and using it worked, *refused* when the server
refuses although it is asked by the book, *no* when it does not offer it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from interop.authority import Authority
from ssmtp_compat import (
    AuthMechanisms,
    CertStoreTypes,
    PropertyID,
    SSLStartModes,
    ssmtp_do_expand,
    ssmtp_do_verify,
    ssmtp_set,
)
from ssmtp_compat.smtp.auth import registry
from wire.mailer import Mailer

YES, REFUSED, NO = "yes", "refused", "no"


@dataclass(frozen=True)
class Target:
    """A running server, and what it takes to reach it."""

    name: str
    plain_port: int
    ca: Authority
    tls_port: int = 0
    """0 where it has no implicit TLS."""
    user: str = ""
    password: str = ""
    token: str = ""
    """An OAuth token of the user; "" where the server takes none."""
    mailbox: str = "bob@example.test"
    list_name: str = "team@example.test"
    login_first: bool = False
    """Nothing is accepted from anybody who has not logged in."""

    def mailer(self, *, secured: bool = False, **properties: Any) -> Mailer:
        """A handle for this server, inside TLS when ``secured``, with a user when that is needed."""
        reach: dict[str, Any] = {}
        if secured and self.tls_port:
            reach = {"MailServer": "localhost", "MailPort": self.tls_port, "SSLStartMode": SSLStartModes.sslImplicit}
        elif secured:
            reach = {"MailServer": "localhost", "SSLStartMode": SSLStartModes.sslExplicit}
        user = {"User": self.user, "Password": self.password} if self.login_first else {}
        mailer = Mailer(self.plain_port, **{"SendTo": self.mailbox, **reach, **user, **properties})
        mailer.config(SSLCACertFilePaths=self.ca.certificate)
        return mailer

    def offers(self, *, secured: bool = False) -> dict[str, str]:
        """The keywords of EHLO with their parameters."""
        with self.mailer(secured=secured) as mailer:
            assert mailer.connect() == 0, mailer.error
            assert ssmtp_set(mailer.handle, PropertyID.Command, "EHLO features.example.test") == 0, mailer.error
            keywords = [line[4:].partition(" ") for line in mailer.get("LastReply").split("\r\n")[1:]]
        return {keyword.upper(): parameters for keyword, _, parameters in keywords}


Feature = Callable[[Target], str]


def _sent(mailer: Mailer) -> list[str]:
    """The commands of a delivery that worked."""
    mailer.record("PITrail")
    assert mailer.send() == 0, mailer.error
    return [each["message"] for name, each in mailer.events if name == "PITrail" and each["direction"] == 0]


def pipelining(target: Target) -> str:
    if "PIPELINING" not in target.offers():
        return NO
    with target.mailer() as mailer:
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        trail = [(each["direction"], each["message"].split()[0]) for _, each in mailer.events]
    start = trail.index((0, "MAIL"))
    assert trail[start : start + 3] == [(0, "MAIL"), (0, "RCPT"), (0, "DATA")]  # no reply in between
    return YES


def many_recipients(target: Target) -> str:
    """At another domain, for which some servers take mail only from those who have logged in."""
    everybody = ", ".join(f"user{number}@elsewhere.test" for number in range(500))
    login = {"User": target.user, "Password": target.password} if target.user else {}
    with target.mailer(secured=bool(login), SendTo=everybody, **login) as mailer:
        commands = _sent(mailer)
    assert sum(command.startswith("RCPT") for command in commands) == 500
    return YES


def chunking(target: Target) -> str:
    with target.mailer() as mailer:
        mailer.config(UseChunking=True)
        commands = _sent(mailer)
    chunked = any(command.startswith("BDAT") for command in commands)
    assert chunked == ("CHUNKING" in target.offers())
    assert chunked != ("DATA" in commands)
    return YES if chunked else NO


def size(target: Target) -> str:
    limit = target.offers().get("SIZE", "")
    if not limit or limit == "0":
        return NO
    with target.mailer(MessageText=("x" * 70 + "\r\n") * (int(limit) // 72 + 1)) as mailer:
        mailer.record("StartTransfer")
        # Dovecot tells its limit only behind the log-in, and so refuses the declared size itself.
        assert mailer.send() in (20013, 161), mailer.error
        assert mailer.error[0] == 20013 or mailer.error[1].startswith("552")
        assert mailer.events == []
    return YES


def eight_bit(target: Target) -> str:
    with target.mailer(MessageText="Grüße\r\n") as mailer:
        (mail,) = [line for line in _sent(mailer) if line.startswith("MAIL")]
    assert ("BODY=8BITMIME" in mail) == ("8BITMIME" in target.offers())
    return YES if "BODY=8BITMIME" in mail else NO


def internationalized(target: Target) -> str:
    with target.mailer(From="zoë@example.test") as mailer:
        mailer.record("PITrail")
        code = mailer.send()
        if "SMTPUTF8" not in target.offers():
            assert code == 20011, mailer.error
            return NO
        assert code == 0, mailer.error
        assert any(line.endswith("SMTPUTF8") for line in mailer.recorded("PITrail", "message"))
    return YES


def starttls(target: Target) -> str:
    reach = {"MailServer": "localhost", "SSLStartMode": SSLStartModes.sslExplicit}
    with target.mailer(**reach) as mailer:
        mailer.record("ConnectionStatus")
        if mailer.send() == 20011:
            assert "STARTTLS" in mailer.error[1]
            return NO
        assert mailer.error == (0, "")
        assert "TLS handshake complete" in mailer.recorded("ConnectionStatus", "connectionevent")
    return YES


def implicit_tls(target: Target) -> str:
    if not target.tls_port:
        return NO
    with target.mailer(secured=True) as mailer:
        assert mailer.send() == 0, mailer.error
    return YES


@contextmanager
def _offered_alone(name: str) -> Iterator[None]:
    """Every server offers one mechanism at the most, so that AuthMechanism 0 and 7 take the one meant."""
    choose = registry.choose

    def choose_the_one(offered: tuple[str, ...], wanted: str, **how: bool) -> str:
        return choose(tuple(each for each in offered if each == name), wanted, **how)

    with patch.object(registry, "choose", choose_the_one):
        yield


def mechanism(name: str, number: AuthMechanisms) -> Feature:
    """Log in with one mechanism, inside TLS."""

    def log_in(target: Target) -> str:
        secret = target.token if number is AuthMechanisms.amXOAUTH2 else target.password
        if not secret:
            return NO
        with (
            _offered_alone(name),
            target.mailer(secured=True, User=target.user, Password=secret, AuthMechanism=number) as mailer,
        ):
            mailer.record("PITrail")
            if mailer.send() == 20011:
                return NO
            assert mailer.error == (0, "")
            used = [line for line in mailer.recorded("PITrail", "message") if line.startswith("AUTH ")]
        assert used[0].split()[1] == name
        return YES

    return log_in


def external(target: Target) -> str:
    """Log in with the client certificate alone, as the person whom it names."""
    with target.mailer(secured=True, User="alice@example.test", Password="") as mailer:
        mailer.set(
            SSLCertStoreType=CertStoreTypes.cstPFXFile,
            SSLCertStore=str(target.ca.alice.p12),
            SSLCertStorePassword=target.ca.alice.p12_password,
            SSLCertSubject="*",
        )
        mailer.record("PITrail")
        if mailer.send() == 20011:
            return NO
        assert mailer.error == (0, "")
        assert "AUTH EXTERNAL ****" in mailer.recorded("PITrail", "message")
    return YES


def notifications(target: Target) -> str:
    with target.mailer() as mailer:
        assert ssmtp_set(mailer.handle, PropertyID.MessageRecipientOptions, 0, "NOTIFY=NEVER") == 0, mailer.error
        mailer.record("PITrail")
        if mailer.send() == 20011:
            assert "DSN" in mailer.error[1]
            return NO
        assert mailer.error == (0, "")
        assert any(line.endswith(" NOTIFY=NEVER") for line in mailer.recorded("PITrail", "message"))
    return YES


def verify(target: Target) -> str:
    with target.mailer() as mailer:
        code = ssmtp_do_verify(mailer.handle, target.mailbox)
        assert code in (0, 161), mailer.error
        return mailer.get("LastReply")[:3] if code == 0 else REFUSED


def expand(target: Target) -> str:
    with target.mailer() as mailer:
        mailer.record("Expand")
        code = ssmtp_do_expand(mailer.handle, target.list_name)
        assert code in (0, 161), mailer.error
        assert (code == 0) == bool(mailer.events)
        return YES if code == 0 else REFUSED


FEATURES: dict[str, Feature] = {
    "PIPELINING": pipelining,
    "500 recipients": many_recipients,
    "CHUNKING": chunking,
    "SIZE": size,
    "8BITMIME": eight_bit,
    "SMTPUTF8": internationalized,
    "DSN": notifications,
    "STARTTLS": starttls,
    "TLS from the first octet": implicit_tls,
    "AUTH SCRAM-SHA-256-PLUS": mechanism("SCRAM-SHA-256-PLUS", AuthMechanisms.amUserPassword),
    "AUTH SCRAM-SHA-256": mechanism("SCRAM-SHA-256", AuthMechanisms.amUserPassword),
    "AUTH SCRAM-SHA-1": mechanism("SCRAM-SHA-1", AuthMechanisms.amUserPassword),
    "AUTH PLAIN": mechanism("PLAIN", AuthMechanisms.amSASLPlain),
    "AUTH LOGIN": mechanism("LOGIN", AuthMechanisms.amUserPassword),
    "AUTH CRAM-MD5": mechanism("CRAM-MD5", AuthMechanisms.amCRAMMD5),
    "AUTH DIGEST-MD5": mechanism("DIGEST-MD5", AuthMechanisms.amSASLDigestMD5),
    "AUTH NTLM": mechanism("NTLM", AuthMechanisms.amNTLM),
    "AUTH XOAUTH2": mechanism("XOAUTH2", AuthMechanisms.amXOAUTH2),
    "AUTH OAUTHBEARER": mechanism("OAUTHBEARER", AuthMechanisms.amXOAUTH2),
    "AUTH EXTERNAL": external,
    "VRFY": verify,
    "EXPN": expand,
}
