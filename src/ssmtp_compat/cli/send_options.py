"""Options and help of the commands that send: send, queue and process-queue."""

from __future__ import annotations

import argparse
import re
from typing import Final

__all__ = [
    "PROCESS_QUEUE_EPILOG",
    "QUEUE_EPILOG",
    "SEND_EPILOG",
    "add_process_queue_options",
    "add_queue_options",
    "add_send_options",
]

MAXIMUM_WORKERS: Final = 100
"""Postfix, by default, takes 50 connections from one client at a time (smtpd_client_connection_count_limit)."""

SEND_EPILOG: Final = """\
examples:
  echo "See you at noon" | ssmtp-compat send --server mail.example.org --user alice \\
      --from alice@example.org --to bob@example.org --subject Lunch
  ssmtp-compat send --server relay.example.org --port 25 --from alice@example.org --to bob@example.org \\
      --body letter.txt --sign alice.pfx --encrypt-to bob.pem --encrypt-to alice.pem

passwords are taken from the environment, else asked for at the terminal:
  SSMTP_PASSWORD      for --user
  SSMTP_PFX_PASSWORD  for --sign

exit status:
   0  the server has taken the message (a refused blind copy is told on standard error)
  64  wrong usage of this command
  65  wrong data: an address, a header, a file, a certificate, the password of the PFX file
  69  the server refused the message, is not to be found, or its certificate is not to be trusted
  75  try again later: a 4yz reply, a time-out, the network
  77  the server refused the log-in, demands one, or forbids the message by its policy (5.7.z)
"""

QUEUE_EPILOG: Final = """\
examples:
  name=$(echo "See you at noon" | ssmtp-compat queue /var/spool/outgoing \\
      --from alice@example.org --to bob@example.org --subject Lunch)
  ssmtp-compat process-queue /var/spool/outgoing --server mail.example.org

a password is taken from the environment, else asked for at the terminal:
  SSMTP_PFX_PASSWORD  for --sign

exit status:
   0  the message is on the disk, and the name of its file on standard output
  64  wrong usage of this command
  65  wrong data: an address, a header, a file, a certificate, the password of the PFX file
  73  the directory is missing, cannot be written, or is full: nothing is queued
"""

PROCESS_QUEUE_EPILOG: Final = """\
examples:
  ssmtp-compat process-queue /var/spool/outgoing --server mail.example.org --user alice --workers 4
  ssmtp-compat process-queue /var/spool/outgoing --server mail.example.org --watch

a password is taken from the environment, else asked for at the terminal:
  SSMTP_PASSWORD      for --user

each outcome is a line, "sent" on standard output and the others, with the reason, on standard error; the counts come
last. At a terminal a progress bar takes the place of the lines of what was sent (pip install 'ssmtp_compat[cli]').
SIGTERM and Ctrl-C let what is under way come to its end, 10 seconds at most; a second one breaks it off.

exit status:
   0  all was sent; or --watch was asked to end
  64  wrong usage of this command
  65  wrong data: a file of certificates, a name of a server
  69  a message failed for good, or a file was refused; or the server is not to be found or not to be trusted, or a
      worker process died
  73  the directory is missing, or cannot be read or written
  75  something waits for another time: a 4yz reply, a time-out, the network, a signal to end
  77  the server refused the log-in, or the connection by its policy (5.7.z)
 130  interrupted from the keyboard
"""


def add_send_options(parser: argparse.ArgumentParser) -> None:
    _add_server_options(parser.add_argument_group("server"))
    _add_message_options(parser)


def add_queue_options(parser: argparse.ArgumentParser) -> None:
    _add_directory(parser, "the directory that the message is to wait in; it has to exist")
    _add_message_options(parser)
    # A line for send becomes one for queue by its first word.
    ignored = parser.add_argument_group("server", "taken as send does, and without effect: process-queue connects")
    _add_server_options(ignored, required=False)


def add_process_queue_options(parser: argparse.ArgumentParser) -> None:
    _add_directory(parser, "the directory that the messages wait in")
    parser.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="how many processes send at the same time, each over a connection of its own; default 1",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="go on until a signal ends it: send what comes in, and try again what was put back, after 1 to 2 minutes "
        "at first and 2 to 4 hours in the end",
    )
    _add_server_options(parser.add_argument_group("server"))


def _add_directory(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("directory", metavar="DIR", help=text)


def _add_server_options(server: argparse._ArgumentGroup, *, required: bool = True) -> None:
    server.add_argument("--server", required=required, metavar="HOST", help="name or address of the mail server")
    server.add_argument(
        "--port", type=_port, help="TCP port; default 465 with --tls implicit, 25 with --tls none, else 587"
    )
    server.add_argument(
        "--tls",
        choices=("auto", "starttls", "implicit", "none"),
        default="auto",
        help="auto (default): STARTTLS on ports 25 and 587, else TLS from the first byte; starttls and implicit: "
        "the one or the other on any port; none: everybody on the way can read along",
    )
    server.add_argument(
        "--ca-file", metavar="PEM", help="trust the authorities in this file only; default: those of the system"
    )
    server.add_argument("--user", metavar="NAME", help="log in under this name")
    server.add_argument(
        "--timeout",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="how long the server may keep silent; default 60, 0 for ever",
    )
    server.add_argument("--trace", action="store_true", help="show the dialogue on standard error; secrets read ****")


def _add_message_options(parser: argparse.ArgumentParser) -> None:
    message = parser.add_argument_group("message")
    message.add_argument("--from", dest="sender", required=True, metavar="ADDRESS", help="the sender's address")
    message.add_argument("--to", action="append", default=[], metavar="ADDRESS", help="recipient; may be repeated")
    message.add_argument("--cc", action="append", default=[], metavar="ADDRESS", help="copy; may be repeated")
    message.add_argument(
        "--bcc",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="copy that no other recipient sees; may be repeated",
    )
    message.add_argument("--subject", default="", metavar="TEXT", help="the subject; default none")
    message.add_argument(
        "--header",
        action="append",
        default=[],
        type=_header,
        metavar="'NAME: VALUE'",
        help="another header field; may be repeated",
    )
    message.add_argument(
        "--body", default="-", metavar="FILE", help="the text, UTF-8; '-' (default) is the standard input"
    )

    smime = parser.add_argument_group("S/MIME")
    smime.add_argument("--sign", metavar="PFX", help="sign with the key and certificate in this file (PKCS #12)")
    smime.add_argument(
        "--encrypt-to",
        action="append",
        default=[],
        metavar="CERT",
        help="encrypt for the certificate in this file (PEM or DER); give one for each recipient",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAXIMUM_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes from 1 to {MAXIMUM_WORKERS}")
    return int(text)


def _header(text: str) -> str:
    # RFC 5322 2.2: printable ASCII without the colon. An empty line at the start would replace the whole header.
    if not re.match(r"[!-9;-~]+:", text) or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 'Name: value'")
    return text
