"""What the send command makes of its options on the wire."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat import ssmtp_do_config, ssmtp_open
from ssmtp_compat.cli.demo.people import Authority, Identity
from ssmtp_compat.cli.demo.readers import PythonReader
from unit.cli.conftest import Run
from wire.scripted_server import Message, ScriptedServer

ADDRESSES = ("--from", "Zoë Meyer <zoe@example.org>", "--to", "bob@example.org")


def plain(server: ScriptedServer) -> tuple[str, ...]:
    return ("send", "--server", "127.0.0.1", "--port", str(server.port), "--tls", "none", *ADDRESSES)


def parsed(message: Message) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(message.content, policy=policy.default))


def test_a_message_from_the_standard_input(run: Run) -> None:
    with ScriptedServer() as server:
        outcome = run(*plain(server), "--subject", "Grüße", stdin="Über alles\n".encode())
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    (message,) = server.messages
    assert (message.sender, message.recipients) == ("zoe@example.org", ["bob@example.org"])
    arrived = parsed(message)
    assert arrived["Subject"] == "Grüße"
    assert arrived["From"] == "Zoë Meyer <zoe@example.org>"
    assert arrived.get_content() == "Über alles\r\n"


def test_a_message_from_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_bytes(b".\nfrom a file\n")
    with ScriptedServer() as server:
        assert run(*plain(server), "--body", str(file), stdin=b"not this").status == 0
    assert server.messages[0].content.endswith(b"\r\n\r\n.\r\nfrom a file\r\n")


def test_every_recipient_gets_it_and_blind_ones_stay_hidden(run: Run) -> None:
    copies = ("--to", "carol@example.org", "--cc", "dora@example.org", "--bcc", "eve@example.org", "--bcc", "fay@x.org")
    with ScriptedServer() as server:
        assert run(*plain(server), *copies).status == 0
    (message,) = server.messages
    names = ["bob@example.org", "carol@example.org", "dora@example.org", "eve@example.org", "fay@x.org"]
    assert message.recipients == names
    assert parsed(message)["To"] == "bob@example.org, carol@example.org"
    assert parsed(message)["Cc"] == "dora@example.org"
    assert b"eve" not in message.content
    assert b"fay" not in message.content


def test_blind_copies_alone_are_enough(run: Run) -> None:
    with ScriptedServer() as server:
        arguments = [*plain(server)]
        del arguments[-2:]
        assert run(*arguments, "--bcc", "eve@example.org").status == 0
    assert server.messages[0].recipients == ["eve@example.org"]


def test_header_fields_of_ones_own(run: Run) -> None:
    with ScriptedServer() as server:
        assert run(*plain(server), "--header", "X-One: 1", "--header", "Reply-To: other@example.org").status == 0
    message = parsed(server.messages[0])
    assert (message["X-One"], message["Reply-To"]) == ("1", "other@example.org")
    assert message["From"]


def test_a_refused_blind_copy_is_told_and_the_others_get_the_message(run: Run) -> None:
    with ScriptedServer(replies={"RCPT": ["250 ok", "550 5.1.1 nobody\x1b[31m"]}) as server:
        outcome = run(*plain(server), "--bcc", "eve@example.org")
    assert outcome.status == 0
    assert outcome.err == "ssmtp-compat: 161: not delivered to one recipient: 550 5.1.1 nobody\\x1b[31m\n"
    assert server.messages[0].recipients == ["bob@example.org"]


@pytest.mark.parametrize("implicit", [False, True])
def test_tls_with_an_authority_of_ones_own_and_a_password_from_the_environment(
    run: Run, loopback_identity: LoopbackIdentity, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    context = loopback_identity.server_context()
    with ScriptedServer(tls=context, implicit_tls=implicit, users={"zoe": "geheim"}) as server:
        monkeypatch.setenv("SSMTP_PASSWORD", "geheim")
        mode = "implicit" if implicit else "starttls"
        tls = ("--tls", mode, "--ca-file", str(loopback_identity.ca_file), "--user", "zoe", "--trace")
        outcome = run(*plain(server), *tls)
    assert outcome.status == 0, outcome.err
    assert server.connection.tls
    assert server.connection.user == "zoe"
    assert len(server.messages) == 1
    assert "geheim" not in outcome.err
    lines = outcome.err.splitlines()
    assert lines[0].startswith("<-- 220 ")
    assert "--> DATA" in lines
    assert any(line.startswith("--> AUTH SCRAM-SHA-256 ****") for line in lines)


def test_only_the_authority_given_is_trusted(
    run: Run, loopback_identity: LoopbackIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_on_a_system_that_trusts_the_server() -> int:
        handle = ssmtp_open()
        ssmtp_do_config(handle, f"SSLCACertFilePaths={loopback_identity.ca_file}")
        return handle

    monkeypatch.setattr("ssmtp_compat.cli.send.ssmtp_open", open_on_a_system_that_trusts_the_server)
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().pem())
    with ScriptedServer(tls=loopback_identity.server_context()) as server:
        assert run(*plain(server), "--tls", "starttls").status == 0
        outcome = run(*plain(server), "--tls", "starttls", "--ca-file", str(other))
    assert outcome.status == 69
    assert outcome.err.startswith("ssmtp-compat: 280: ")
    assert len(server.messages) == 1


def test_signed_and_encrypted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority, zoe: Identity, juergen: Identity
) -> None:
    files = {"zoe.pfx": zoe.pfx("hunter2"), "juergen.pem": juergen.certificate_pem(), "zoe.pem": zoe.certificate_pem()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("SSMTP_PFX_PASSWORD", "hunter2")
    certificates = [option for name in ("juergen.pem", "zoe.pem") for option in ("--encrypt-to", str(tmp_path / name))]
    with ScriptedServer() as server:
        outcome = run(*plain(server), "--sign", str(tmp_path / "zoe.pfx"), *certificates, stdin=b"secret\n")
    assert outcome.status == 0, outcome.err
    reader = PythonReader()
    content = server.messages[0].content
    assert b"secret" not in content
    for person in (juergen, zoe):
        signed, certificate = reader.verify(reader.decrypt(content, person), authority.pem())
        assert signed.endswith(b"\r\n\r\nsecret\r\n")
        assert certificate == zoe.certificate


def test_only_signed_and_only_encrypted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zoe: Identity, juergen: Identity
) -> None:
    (tmp_path / "zoe.pfx").write_bytes(zoe.pfx("x"))
    (tmp_path / "juergen.pem").write_bytes(juergen.certificate_pem())
    monkeypatch.setenv("SSMTP_PFX_PASSWORD", "x")
    with ScriptedServer() as server:
        assert run(*plain(server), "--sign", str(tmp_path / "zoe.pfx")).status == 0
        assert run(*plain(server), "--encrypt-to", str(tmp_path / "juergen.pem")).status == 0
    types = [parsed(message).get_content_type() for message in server.messages]
    assert types == ["multipart/signed", "application/pkcs7-mime"]
