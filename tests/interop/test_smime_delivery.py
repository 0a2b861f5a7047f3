"""The whole way: signed, encrypted, submitted over STARTTLS with a login, delivered by Postfix, read by others."""

from __future__ import annotations

import email
import email.policy

import pytest

from ssmtp_compat import (
    PropertyID,
    ssmtp_do_addrecipientcert,
    ssmtp_do_encrypt,
    ssmtp_do_sign,
    ssmtp_do_signandencrypt,
    ssmtp_set,
)
from wire.mailer import Mailer

pytestmark = pytest.mark.interop


def select_signer(mailer: Mailer, person) -> None:
    mailer.set(CertStoreType=2, CertStore=str(person.p12), CertStorePassword=person.p12_password, CertSubject="*")


def test_a_large_message_for_two_readers_over_starttls_with_auth(postfix, ca, openssl_cms, gpgsm):
    line = "Grüße an alle, mit Umlauten: äöüÄÖÜß und einer Zeile, die kurz ist.\r\n"
    text = line * (20_000_000 // len(line.encode()) + 1)
    canonical = text.encode()
    assert len(canonical) >= 20_000_000
    with Mailer(
        postfix.submission_port,
        MailServer="localhost",
        SSLStartMode=2,
        User="alice@example.test",
        Password="secret",
        Timeout=60,
        Subject="Prüfung über Größe",
        SendTo="Alice <alice@example.test>",
        Cc="bob@example.test",
        BCc="böb@example.test",
        MessageText=text,
    ) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        select_signer(mailer, ca.alice)
        for person in (ca.alice, ca.bob):
            assert ssmtp_do_addrecipientcert(mailer.handle, person.certificate.read_bytes()) == 0
        assert ssmtp_do_signandencrypt(mailer.handle) == 0, mailer.error
        assert mailer.send() == 0, mailer.error

    arrived = {user: postfix.messages(user, seconds=60)[0] for user in ("alice", "bob", "böb")}
    for user, person in (("alice", ca.alice), ("bob", ca.bob)):
        header = email.message_from_bytes(arrived[user].partition(b"\n\n")[0], policy=email.policy.default)
        assert header["Subject"] == "Prüfung über Größe"
        assert "böb" not in str(header).lower()
        decrypted = openssl_cms.decrypt(arrived[user], person)
        assert decrypted.ok, decrypted.report
        verified = openssl_cms.verify(decrypted.content)
        assert verified.ok, verified.report
        assert gpgsm.verify(decrypted.content).ok
        read = email.message_from_bytes(verified.content, policy=email.policy.default)
        assert read.get_payload(decode=True) == canonical
    assert gpgsm.decrypt(arrived["bob"], ca.bob).ok


def test_a_signed_message_survives_a_relay_and_a_store(postfix, ca, openssl_cms):
    text = "Zeile mit Umlaut ä\n" + "x" * 3000 + "\n.\nFrom nowhere\ntrailing blanks   \n"
    with Mailer(postfix.plain_port, MessageText=text, OtherHeaders="X-Kept: yes\r\nContent-Language: de") as mailer:
        select_signer(mailer, ca.alice)
        assert ssmtp_do_sign(mailer.handle) == 0, mailer.error
        assert mailer.send() == 0, mailer.error
    message = postfix.message("bob")
    result = openssl_cms.verify(message)
    assert result.ok, result.report
    assert email.message_from_bytes(message)["X-Kept"] == "yes"
    part = email.message_from_bytes(result.content)
    assert part["Content-Language"] == "de"
    assert part.get_payload(decode=True) == text.replace("\n", "\r\n").encode()


def test_a_failure_changes_nothing(ca):
    with Mailer(25, MessageText="text", OtherHeaders="X-Kept: yes") as mailer:
        assert ssmtp_do_sign(mailer.handle) == 10199
        assert ssmtp_do_encrypt(mailer.handle) == 10202
        select_signer(mailer, ca.alice)
        assert ssmtp_do_signandencrypt(mailer.handle) == 10202
        assert ssmtp_set(mailer.handle, PropertyID.SigningAlgorithm, "SHA-0") == 0
        assert ssmtp_do_sign(mailer.handle) == 10194
        assert mailer.get("MessageText") == "text"
        assert mailer.get("OtherHeaders") == "X-Kept: yes"
