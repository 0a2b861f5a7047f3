"""Many messages over one connection and one message to many, against smtplib; a message of 50 MB against curl.

The first two on loopback and behind a line with a round trip of 20 ms, where round trips are what counts.
"""

from __future__ import annotations

import smtplib
import subprocess
import tempfile
from email.message import EmailMessage

from delay_proxy import delay_proxy
from side_by_side import compare, need, smtp_sink

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID

BODY = ("x" * 70 + "\r\n") * 14
RAW = "From: a@client.example\r\nTo: b@server.example\r\nSubject: benchmark\r\n\r\n" + BODY
ROUND_TRIP = 0.02
RECIPIENTS = [f"b{number}@server.example" for number in range(1000)]


def handle(port: int, **properties: object) -> int:
    opened = ssmtp.ssmtp_open()
    values = {"MailServer": "127.0.0.1", "MailPort": port, "From": "a@client.example", "SendTo": "b@server.example"}
    for name, value in {**values, **properties}.items():
        assert ssmtp.ssmtp_set(opened, PropertyID[name], value) == 0, ssmtp.ssmtp_get_last_error(opened)
    return opened


def send(opened: int) -> None:
    assert ssmtp.ssmtp_do_send(opened) == 0, ssmtp.ssmtp_get_last_error(opened)


def many_small(port: int, where: str, messages: int, rounds: int) -> None:
    raw, composed = handle(port, Message=RAW), handle(port, Subject="benchmark", MessageText=BODY)
    for opened in (raw, composed):
        assert ssmtp.ssmtp_do_connect(opened) == 0
    client = smtplib.SMTP("127.0.0.1", port)

    def ours_raw() -> None:
        for _ in range(messages):
            send(raw)

    def smtplib_raw() -> None:
        for _ in range(messages):
            client.sendmail("a@client.example", "b@server.example", RAW)

    def ours_composed() -> None:
        for number in range(messages):
            ssmtp.ssmtp_set(composed, PropertyID.SendTo, f"b{number}@server.example")
            send(composed)

    def smtplib_composed() -> None:
        for number in range(messages):
            message = EmailMessage()
            message["From"], message["To"] = "a@client.example", f"b{number}@server.example"
            message["Subject"] = "benchmark"
            message.set_content(BODY)
            client.send_message(message)

    title = f"{messages:,} x 1 KB {where}"
    compare(f"{title}, message ready, against smtplib.sendmail", ours_raw, smtplib_raw, goal=0.6, rounds=rounds)
    title += ", composed, against smtplib.send_message"
    compare(title, ours_composed, smtplib_composed, goal=0.6, rounds=rounds)
    client.quit()
    ssmtp.ssmtp_close(raw)
    ssmtp.ssmtp_close(composed)


def many_recipients(port: int, where: str, rounds: int) -> None:
    ours = handle(port, Message=RAW, SendTo=", ".join(RECIPIENTS))
    assert ssmtp.ssmtp_do_connect(ours) == 0
    client = smtplib.SMTP("127.0.0.1", port)
    compare(
        f"a message to 1,000 {where}, against smtplib.sendmail",
        lambda: send(ours),
        lambda: client.sendmail("a@client.example", RECIPIENTS, RAW),
        goal=0.55,
        rounds=rounds,
    )
    client.quit()
    ssmtp.ssmtp_close(ours)


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
        many_small(sink_port, "on loopback", 1000, rounds=7)
        many_recipients(sink_port, "on loopback", rounds=7)
        with delay_proxy(sink_port, ROUND_TRIP) as far:
            many_small(far, "at 20 ms", 25, rounds=5)
            many_recipients(far, "at 20 ms", rounds=3)
        one_large(sink_port)
