"""The real servers work here and now, so that a failure of another interop test is ours."""

from __future__ import annotations

import base64
import email
import os
import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest

from interop import packages
from interop.authority import Authority
from interop.postfix import USERS, Postfix
from interop.processes import listens, processes_naming, require, run, server_directory
from interop.smtp_sink import SmtpSink

pytestmark = pytest.mark.interop

MESSAGE = b"From: me@example.test\r\nSubject: hello\r\n\r\n.one\r\ntwo\r\n"


class TestPostfix:
    def test_delivers_to_a_mailbox(self, postfix: Postfix) -> None:
        with smtplib.SMTP(postfix.host, postfix.plain_port, "me.test", timeout=10) as client:
            client.ehlo()
            offered = {
                "pipelining",
                "size",
                "vrfy",
                "etrn",
                "starttls",
                "auth",
                "8bitmime",
                "dsn",
                "smtputf8",
                "chunking",
            }
            assert offered <= client.esmtp_features.keys()
            client.sendmail("me@example.test", ["alice@example.test", "bob@example.test"], MESSAGE)
        for user in ("alice", "bob"):
            received = postfix.message(user)
            assert email.message_from_bytes(received)["Subject"] == "hello"
            assert received.endswith(b"\n\n.one\ntwo\n")
        assert "status=sent" in postfix.log()

    def test_delivers_to_an_internationalized_mailbox(self, postfix: Postfix) -> None:
        with smtplib.SMTP(postfix.host, postfix.plain_port, "me.test", timeout=10) as client:
            client.sendmail("me@example.test", ["böb@example.test"], MESSAGE, mail_options=["SMTPUTF8"])
        assert postfix.message("böb").endswith(b"two\n")

    def test_mailboxes_start_empty(self, postfix: Postfix) -> None:
        with pytest.raises(AssertionError, match="1 messages for bob") as failure:
            postfix.messages("bob", seconds=0.1)
        assert "Postfix's log" in failure.value.__notes__[0]

    def test_submission_relays_only_after_authentication(self, postfix: Postfix, ca: Authority) -> None:
        with smtplib.SMTP("localhost", postfix.submission_port, "me.test", timeout=10) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(ca.certificate)))
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("me@example.test", ["x@elsewhere.test"], MESSAGE)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("alice", "wrong")
            client.login("alice", USERS["alice"])
            assert client.sendmail("me@example.test", ["x@elsewhere.test"], MESSAGE) == {}

    @pytest.mark.parametrize("user", sorted(USERS))
    def test_both_users_on_the_tls_port(self, postfix: Postfix, ca: Authority, user: str) -> None:
        context = ssl.create_default_context(cafile=str(ca.certificate))
        proof = base64.b64encode(f"\0{user}@example.test\0{USERS[user]}".encode()).decode()
        with smtplib.SMTP_SSL("localhost", postfix.tls_port, "me.test", timeout=10, context=context) as client:
            client.ehlo()
            assert {"SCRAM-SHA-256", "DIGEST-MD5", "NTLM"} <= set(client.esmtp_features["auth"].split())
            assert client.docmd("AUTH", f"PLAIN {proof}")[0] == 235

    def test_stopping_leaves_nothing_behind(self, ca: Authority) -> None:
        require("postfix", "saslpasswd2", plugins=packages.PLUGINS, root=True)
        with server_directory("postfix") as directory:
            server = Postfix(directory, ca)
            server.start()
            assert len(processes_naming(directory)) >= 2
            server.stop()
            assert not listens(server.plain_port)
        assert processes_naming(directory) == []


class TestSmtpSink:
    def test_keeps_messages_with_their_envelope(self, smtp_sink: SmtpSink) -> None:
        with smtplib.SMTP(smtp_sink.host, smtp_sink.port, "me.test", timeout=10) as client:
            for sender in ("a@example.test", "b@example.test"):
                client.sendmail(sender, ["x@example.test", "y@example.test"], MESSAGE)
                kept = smtp_sink.messages()[-1]
                assert f"X-Mail-Args: <{sender}>\n".encode() in kept
                assert b"X-Rcpt-Args: <x@example.test>\nX-Rcpt-Args: <y@example.test>\n" in kept
                assert b"\n\n.one\ntwo\n" in kept
        assert len(smtp_sink.messages()) == 2

    def test_discards(self, discarding_sink: SmtpSink) -> None:
        with smtplib.SMTP(discarding_sink.host, discarding_sink.port, "me.test", timeout=10) as client:
            assert client.sendmail("a@example.test", ["x@example.test"], MESSAGE) == {}
        assert discarding_sink.messages() == []


class TestAuthority:
    def test_p12_files_open_with_their_password(self, ca: Authority, tmp_path: Path) -> None:
        secret = tmp_path / "password"
        for person in (ca.alice, ca.bob):
            assert person.p12
            secret.write_text(person.p12_password, encoding="utf-8")
            pem = run("openssl", "pkcs12", "-in", person.p12, "-passin", f"file:{secret}", "-nodes")
            assert pem.count(b"BEGIN CERTIFICATE") == 2
            assert pem.count(b"BEGIN PRIVATE KEY") == 1


class TestRequirements:
    def test_a_missing_program_skips_and_names_its_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("interop.processes.find", lambda program: None)
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match=r"smtp-sink \(Debian package postfix\)"):
            require("smtp-sink")

    def test_a_missing_program_fails_in_ci(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("interop.processes.find", lambda program: None)
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match=r"gpgsm \(Debian package gpgsm\)"):
            require("gpgsm")

    def test_a_missing_plug_in_skips_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("interop.processes.find", lambda program: f"/bin/{program}")
        monkeypatch.setattr("interop.processes.missing_packages", lambda: ["curl", "postfix-lmdb"])
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="missing: Debian package postfix-lmdb; run"):
            require("openssl", plugins=packages.PLUGINS)

    def test_a_server_that_only_root_can_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match="root's rights"):
            require("openssl", root=True)

    def test_nothing_is_installed_when_nothing_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packages, "missing_packages", list)
        monkeypatch.setattr(packages, "install", lambda names: pytest.fail("installed"))
        assert packages.main() == 0

    def test_only_what_is_missing_is_installed_without_questions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ran: list[list[str]] = []

        def recorded(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
            ran.append(command)
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(packages.subprocess, "run", recorded)
        monkeypatch.setattr(packages, "POLICY", Path("/"))  # taken as present: the machine's own stays alone
        packages.install(["gpgsm", "postfix"])
        assert [command[0] for command in ran] == ["debconf-set-selections", "apt-get", "apt-get"]
        assert ran[2][-5:] == ["install", "-y", "--no-install-recommends", "gpgsm", "postfix"]
        ran.clear()
        packages.install(["curl"])
        assert [command[-1] for command in ran] == ["update", "curl"]

    def test_services_are_denied_for_the_time_of_the_installation(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy-rc.d"
        answers: list[int] = []

        def asked(command: list[str], **options: object) -> None:
            answers.append(os.spawnl(os.P_WAIT, policy, policy) if policy.exists() else 0)

        monkeypatch.setattr(packages.subprocess, "run", asked)
        monkeypatch.setattr(packages, "POLICY", policy)
        packages.install(["curl"])
        assert answers == [0, 101]
        assert not policy.exists()
