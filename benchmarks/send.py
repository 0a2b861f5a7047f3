"""1,000 messages of 1 KB over one connection against smtplib, and one message of 50 MB against curl."""

from __future__ import annotations

import smtplib
import subprocess
import tempfile
from email.message import EmailMessage

from side_by_side import compare, need, smtp_sink

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID

BODY = ("x" * 70 + "\r\n") * 14
RAW = "From: a@client.example\r\nTo: b@server.example\r\nSubject: benchmark\r\n\r\n" + BODY
MESSAGES = 1000


def handle(port: int, **properties: object) -> int:
    opened = ssmtp.ssmtp_open()
    values = {"MailServer": "127.0.0.1", "MailPort": port, "From": "a@client.example", "SendTo": "b@server.example"}
    for name, value in {**values, **properties}.items():
        assert ssmtp.ssmtp_set(opened, PropertyID[name], value) == 0, ssmtp.ssmtp_get_last_error(opened)
    return opened


def send(opened: int) -> None:
    assert ssmtp.ssmtp_do_send(opened) == 0, ssmtp.ssmtp_get_last_error(opened)


def many_small(port: int) -> None:
    raw, composed = handle(port, Message=RAW), handle(port, Subject="benchmark", MessageText=BODY)
    for opened in (raw, composed):
        assert ssmtp.ssmtp_do_connect(opened) == 0
    client = smtplib.SMTP("127.0.0.1", port)

    def ours_raw() -> None:
        for _ in range(MESSAGES):
            send(raw)

    def smtplib_raw() -> None:
        for _ in range(MESSAGES):
            client.sendmail("a@client.example", "b@server.example", RAW)

    def ours_composed() -> None:
        for number in range(MESSAGES):
            ssmtp.ssmtp_set(composed, PropertyID.SendTo, f"b{number}@server.example")
            send(composed)

    def smtplib_composed() -> None:
        for number in range(MESSAGES):
            message = EmailMessage()
            message["From"], message["To"] = "a@client.example", f"b{number}@server.example"
            message["Subject"] = "benchmark"
            message.set_content(BODY)
            client.send_message(message)

    compare("1,000 x 1 KB, message ready, against smtplib.sendmail", ours_raw, smtplib_raw, goal=0.7)
    compare("1,000 x 1 KB, composed, against smtplib.send_message", ours_composed, smtplib_composed, goal=0.7)
    client.quit()
    ssmtp.ssmtp_close(raw)
    ssmtp.ssmtp_close(composed)


def one_large(port: int) -> None:
    body = BODY * (50_000_000 // len(BODY))
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(b"From: a@client.example\r\n\r\n" + body.encode())
        file.flush()
        url = f"smtp://127.0.0.1:{port}"
        command = [need("curl"), "-s", url, "--mail-from", "a@client.example", "--mail-rcpt", "b@server.example", "-T"]

        def curl() -> None:
            subprocess.run([*command, file.name], check=True)

        text = handle(port, MessageText=body)
        compare("50 MB as MessageText, against curl -T", lambda: send(text), curl, goal=1.5)
        ssmtp.ssmtp_close(text)
        raw = handle(port, Message="From: a@client.example\r\n\r\n" + body)
        compare("50 MB as Message, against curl -T", lambda: send(raw), curl, goal=1.5)
        ssmtp.ssmtp_close(raw)


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        many_small(sink_port)
        one_large(sink_port)
