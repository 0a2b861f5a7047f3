"""Every example runs as it stands, against a server with TLS, and what arrives is what it says it sends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from asn1crypto import cms

from loopback_identity import LoopbackIdentity
from ssmtp_compat.cli.demo.people import Authority
from ssmtp_compat.cli.demo.readers import find_reader
from ssmtp_compat.cli.demo.server import LOOPBACK, EmbeddedServer

EXAMPLES = Path(__file__).parents[2] / "examples"
ADDRESSES = ("zoe@example.org", "juergen@example.org")


@pytest.fixture
def server(loopback_identity: LoopbackIdentity) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(loopback_identity.server_context()) as embedded:
        yield embedded


def run(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=60,
        check=False,
    )


def arguments(server: EmbeddedServer, identity: LoopbackIdentity) -> tuple[str, ...]:
    return (LOOPBACK, str(server.port), str(identity.ca_file), *ADDRESSES)


def arrived(server: EmbeddedServer) -> bytes:
    (message,) = server.received
    assert message.secured
    assert (message.sender, message.recipients) == (ADDRESSES[0], ADDRESSES[1:])
    return message.content


def test_send_plain(server: EmbeddedServer, loopback_identity: LoopbackIdentity) -> None:
    done = run("send_plain.py", *arguments(server, loopback_identity))
    assert (done.returncode, done.stdout, done.stderr) == (0, "sent\n", "")
    message = cast(EmailMessage, message_from_bytes(arrived(server), policy=policy.default))
    assert message["Subject"] == "Grüße"
    assert message.get_content().splitlines() == ["Schöne Grüße!"]


def test_sign_and_encrypt(server: EmbeddedServer, loopback_identity: LoopbackIdentity, tmp_path: Path) -> None:
    authority = Authority()
    zoe, juergen = authority.person("Zoë", ADDRESSES[0]), authority.person("Jürgen", ADDRESSES[1])
    (tmp_path / "zoe.pfx").write_bytes(zoe.pfx("geheim"))
    (tmp_path / "juergen.pem").write_bytes(juergen.certificate_pem())
    files = (str(tmp_path / "zoe.pfx"), str(tmp_path / "juergen.pem"))
    done = run("sign_and_encrypt.py", *arguments(server, loopback_identity), *files, PFX_PASSWORD="geheim")
    assert (done.returncode, done.stdout, done.stderr) == (0, "sent\n", "")
    reader = find_reader(tmp_path)
    signed, certificate = reader.verify(reader.decrypt(arrived(server), juergen), authority.pem())
    assert certificate == zoe.certificate
    text = cast(EmailMessage, message_from_bytes(signed, policy=policy.default)).get_content()
    assert text.splitlines() == ["Nur für dich: der Schlüssel liegt unter der Matte."]


def test_sign_and_encrypt_sends_nothing_when_it_cannot_sign(
    server: EmbeddedServer, loopback_identity: LoopbackIdentity, tmp_path: Path
) -> None:
    person = Authority().person("Zoë", ADDRESSES[0])
    (tmp_path / "zoe.pfx").write_bytes(person.pfx("geheim"))
    (tmp_path / "zoe.pem").write_bytes(person.certificate_pem())
    files = (str(tmp_path / "zoe.pfx"), str(tmp_path / "zoe.pem"))
    done = run("sign_and_encrypt.py", *arguments(server, loopback_identity), *files, PFX_PASSWORD="wrong")
    assert done.returncode == 1
    assert done.stdout.startswith("271: ")
    assert server.received == []


def test_a_blind_copy_of_an_encrypted_message_is_a_message_of_its_own(
    server: EmbeddedServer, loopback_identity: LoopbackIdentity, tmp_path: Path
) -> None:
    authority = Authority()
    juergen, chef = authority.person("Jürgen", ADDRESSES[1]), authority.person("Chef", "chef@example.org")
    (tmp_path / "juergen.pem").write_bytes(juergen.certificate_pem())
    (tmp_path / "chef.pem").write_bytes(chef.certificate_pem())
    files = (str(tmp_path / "juergen.pem"), str(tmp_path / "chef.pem"))
    done = run("blind_copy.py", *arguments(server, loopback_identity), "chef@example.org", *files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "sent\nsent\n", "")
    open_one, blind_one = server.received
    assert (open_one.recipients, blind_one.recipients) == (ADDRESSES[1:], ("chef@example.org",))
    reader = find_reader(tmp_path)
    for received, owner in ((open_one, juergen), (blind_one, chef)):
        message = message_from_bytes(received.content, policy=policy.default)
        assert message["To"] == ADDRESSES[1]
        assert b"chef" not in received.content
        envelope = cms.ContentInfo.load(message.get_payload(decode=True))["content"]
        named = [info.chosen["rid"].chosen["serial_number"].native for info in envelope["recipient_infos"]]
        assert named == [owner.certificate.serial_number]
        entity = message_from_bytes(reader.decrypt(received.content, owner), policy=policy.default)
        assert cast(EmailMessage, entity).get_content().splitlines() == ["Der Schlüssel liegt unter der Matte."]


def test_queue_and_drain(server: EmbeddedServer, loopback_identity: LoopbackIdentity, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    done = run("queue_and_drain.py", *arguments(server, loopback_identity), str(spool))
    assert (done.returncode, done.stdout, done.stderr) == (0, "all sent\n", "")
    assert all(message.secured for message in server.received)
    contents = [message_from_bytes(message.content, policy=policy.default) for message in server.received]
    assert [content["Subject"] for content in contents] == ["Erstens", "Zweitens"]
    assert list(spool.iterdir()) == []


def test_queue_and_drain_keeps_what_cannot_be_sent(
    server: EmbeddedServer, loopback_identity: LoopbackIdentity, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(Authority().pem())
    spool = tmp_path / "spool"
    spool.mkdir()
    done = run("queue_and_drain.py", LOOPBACK, str(server.port), str(stranger), *ADDRESSES, str(spool))
    assert done.returncode == 1
    assert done.stdout.startswith("280: ")
    assert len(list(spool.glob("*.queued"))) == 2


def test_trace_events(server: EmbeddedServer, loopback_identity: LoopbackIdentity) -> None:
    done = run("trace_events.py", *arguments(server, loopback_identity))
    assert (done.returncode, done.stderr) == (0, "")
    assert arrived(server).endswith(b"\r\n\r\none\r\ntwo\r\nthree\r\n")
    lines = done.stdout.splitlines()
    assert "--> STARTTLS" in lines
    assert "    server certificate: CN=localhost, status OK" in lines
    assert "    17 octets of the text sent, 100 %" in lines
    assert lines[-1] == "sent"


def test_every_example_is_short_run_here_and_shown_in_the_documentation() -> None:
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {"blind_copy.py", "queue_and_drain.py", "send_plain.py", "sign_and_encrypt.py", "trace_events.py"}
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    for name in names:
        assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 40
        assert f"{{literalinclude}} ../examples/{name}" in page
