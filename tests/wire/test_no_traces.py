"""Signing, encrypting and sending write no file and start no program: what is secret is nowhere but in memory."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from loopback_identity import LoopbackIdentity
from unit.pki.authority import Issued, issue, name
from wire.mailer import MESSAGE
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks")

# In a process of its own, since an audit hook stays for good. It tells what was opened for writing, and every event of
# Python with which a file is made, moved or linked, or a program started.
PROGRAM = """
import base64, json, os, sys
import ssmtp_compat as ssmtp

done = []
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
SUSPECT = ("subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.mkdir", "os.rename",
           "os.link", "os.symlink", "os.truncate", "tempfile.", "shutil.")

def watch(event, arguments):
    if event.startswith(SUSPECT) or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
        done.append(f"{event} {arguments}")

orders = json.load(sys.stdin)
sys.addaudithook(watch)
exec(orders["before"])
handle = ssmtp.ssmtp_open()
for property_name, value in orders["properties"].items():
    assert ssmtp.ssmtp_set(handle, ssmtp.PropertyID[property_name], value) == 0, ssmtp.ssmtp_get_last_error(handle)
ssmtp.ssmtp_do_config(handle, "SSLCACertFilePaths=" + orders["anchors"])
assert ssmtp.ssmtp_do_addrecipientcert(handle, orders["recipient"]) == 0
for method in (ssmtp.ssmtp_do_signandencrypt, ssmtp.ssmtp_do_send):
    assert method(handle) == 0, ssmtp.ssmtp_get_last_error(handle)
ssmtp.ssmtp_close(handle)
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def alice() -> Issued:
    now = datetime.now(UTC).replace(microsecond=0)
    return issue(
        name(("CN", "Alice")),
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1),
        emails=("alice@example.test",),
    )


def deliver(port: int, alice: Issued, identity: LoopbackIdentity, before: str = "") -> list[str]:
    """What a process did beside signing, encrypting and sending with a PFX store in memory, inside TLS."""
    lock = BestAvailableEncryption(b"open")
    pfx = pkcs12.serialize_key_and_certificates(b"x", alice.key, alice.x509, None, lock)  # type: ignore[arg-type]
    store = base64.b64encode(pfx).decode()
    orders: dict[str, Any] = {
        "before": before,
        "anchors": str(identity.ca_file),
        "recipient": alice.certificate.pem().decode(),
        "properties": {
            **MESSAGE,
            "MailServer": "localhost",
            "MailPort": port,
            "SSLStartMode": 2,
            "User": "alice",
            "Password": "secret",
            "MessageText": "only for Bob\r\n" * 100_000,
            "CertStoreType": 3,
            "CertStore": store,
            "CertStorePassword": "open",
            "CertSubject": "*",
            "SSLCertStoreType": 3,
            "SSLCertStore": store,
            "SSLCertStorePassword": "open",
            "SSLCertSubject": "*",
        },
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    done: list[str] = json.loads(run.stdout)
    return done


def test_signing_encrypting_and_sending_leave_no_trace(
    alice: Issued, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    with ScriptedServer(tls=server_tls, users={"alice": "secret"}) as server:
        assert deliver(server.port, alice, loopback_identity) == []
    (message,) = server.messages
    assert b"application/pkcs7-mime" in message.content
    assert b"only for Bob" not in message.content


def test_the_watch_sees_what_it_looks_for(
    alice: Issued, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    traces = (
        "import subprocess, tempfile; subprocess.run(['true']); os.unlink(tempfile.mkstemp()[1])",
        "os.close(os.open(os.devnull, os.O_WRONLY))",
    )
    with ScriptedServer(tls=server_tls, users={"alice": "secret"}) as server:
        seen = deliver(server.port, alice, loopback_identity, "; ".join(traces))
    assert {"subprocess.Popen", "tempfile.mkstemp", "open"} <= {event.split()[0] for event in seen}
