"""TLS: sessions a second, with the handshake in full and resumed, and 50 MB against smtplib with ssl, and curl.

A session is a connection, the handshake, EHLO and QUIT.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from side_by_side import compare, need

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID

SESSIONS = 50
RAW = b"From: a@client.example\r\n\r\n" + (b"x" * 70 + b"\r\n") * (50_000_000 // 72)


@contextlib.contextmanager
def tls_sink(directory: Path) -> Iterator[tuple[int, Path]]:
    """Yields the port and the file with the certificate to trust."""
    pem = directory / "server.pem"
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sink"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(directory / "key.pem"), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)
    both = directory / "both.pem"
    both.write_bytes((directory / "key.pem").read_bytes() + pem.read_bytes())
    sink_program = Path(__file__).with_name("tls_sink.py")
    with subprocess.Popen([sys.executable, sink_program, both], stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline()), pem
        finally:
            sink.terminate()


def handle(port: int, trusted: Path, *, reuse: bool = False) -> int:
    opened = ssmtp.ssmtp_open()
    values = {"MailServer": "127.0.0.1", "MailPort": port, "From": "a@client.example", "SendTo": "b@server.example"}
    for name, value in {**values, "SSLStartMode": 1}.items():
        assert ssmtp.ssmtp_set(opened, PropertyID[name], value) == 0, ssmtp.ssmtp_get_last_error(opened)
    for setting in ("SSLCACertFilePaths=", f"OpenSSLCAFile={trusted}", f"ReuseSSLSession={reuse}"):
        ssmtp.ssmtp_do_config(opened, setting)
    return opened


def sessions(opened: int) -> None:
    for _ in range(SESSIONS):
        assert ssmtp.ssmtp_do_connect(opened) == 0, ssmtp.ssmtp_get_last_error(opened)
        assert ssmtp.ssmtp_do_disconnect(opened) == 0


def handshakes(port: int, trusted: Path) -> None:
    full, resumed = handle(port, trusted), handle(port, trusted, reuse=True)
    context = ssl.create_default_context(cafile=str(trusted))

    def theirs() -> None:
        for _ in range(SESSIONS):
            client = smtplib.SMTP_SSL("127.0.0.1", port, context=context)
            client.ehlo()
            client.quit()

    for name, opened in (("full", full), ("resumed", resumed)):
        sessions(opened)
        start = time.perf_counter()
        sessions(opened)
        print(f"sessions a second, handshake {name}: {SESSIONS / (time.perf_counter() - start):.0f}")
    title = f"{SESSIONS} sessions"
    compare(f"{title}, resumed against full", lambda: sessions(resumed), lambda: sessions(full), goal=1.0)
    # A callback in Python judges each certificate, the steps are noted, and each wait can be interrupted.
    compare(f"{title}, full, against smtplib.SMTP_SSL", lambda: sessions(full), theirs, goal=1.5)
    compare(f"{title}, resumed, against smtplib.SMTP_SSL", lambda: sessions(resumed), theirs, goal=1.3)
    ssmtp.ssmtp_close(full)
    ssmtp.ssmtp_close(resumed)


def one_large(port: int, trusted: Path, directory: Path) -> None:
    path = directory / "large.eml"
    path.write_bytes(RAW)
    ours = handle(port, trusted)
    assert ssmtp.ssmtp_set(ours, PropertyID.Message, RAW) == 0
    context = ssl.create_default_context(cafile=str(trusted))

    def send() -> None:
        assert ssmtp.ssmtp_do_send(ours) == 0, ssmtp.ssmtp_get_last_error(ours)

    def theirs() -> None:
        with smtplib.SMTP_SSL("127.0.0.1", port, context=context) as client:
            client.sendmail("a@client.example", "b@server.example", RAW)

    command = [need("curl"), "-s", "--cacert", str(trusted), f"smtps://127.0.0.1:{port}", "-T", str(path)]
    command += ["--mail-from", "a@client.example", "--mail-rcpt", "b@server.example"]
    compare("50 MB over TLS, against smtplib with ssl", send, theirs, goal=1.3)
    compare("50 MB over TLS, against curl", send, lambda: subprocess.run(command, check=True), goal=1.5)
    ssmtp.ssmtp_close(ours)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, tls_sink(Path(name)) as (sink_port, certificate):
        handshakes(sink_port, certificate)
        one_large(sink_port, certificate, Path(name))
