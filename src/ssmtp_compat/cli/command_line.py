"""The command line: its options, its help, and the one place where a failure becomes a line and an exit status."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from .. import __version__
from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .dialogue import one_line
from .outcomes import CommandError, Exit
from .read_options import DECRYPT_EPILOG, VERIFY_EPILOG, add_decrypt_options, add_verify_options

__all__ = ["main"]

_PROGRAM: Final = "ssmtp-compat"
_INTERRUPTED: Final = 130  # what a shell reports for a program ended by Ctrl-C

_SEND_EPILOG: Final = """\
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{_PROGRAM}: usage: {message} ({self.prog} --help tells more)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments``, by default those of the process, and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal whose character set lacks a letter gets an escape in its place rather than a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except CommandError as failure:
        _complain(failure.code, failure.text)
        return failure.status
    except KeyboardInterrupt:
        sys.stderr.write(f"{_PROGRAM}: interrupted\n")
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read along has gone, "head" for example. What is still in the buffer would fail again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _demo(_: argparse.Namespace) -> int:
    try:
        from .demo.story import run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "aiosmtpd":
            raise
        missing = SSMTPError(
            ErrorCode.MISSING_EXTRA, "The demo needs aiosmtpd for its mail server: pip install 'ssmtp_compat[demo]'"
        )
        _complain(missing.code, missing.message)
        return 1
    return run(sys.stdout)


def _send(options: argparse.Namespace) -> int:
    from .send import send

    for code, text in send(options):
        _complain(code, f"not delivered to one recipient: {text}")
    return Exit.OK


def _verify(options: argparse.Namespace) -> int:
    from .read import verify

    return verify(options)


def _decrypt(options: argparse.Namespace) -> int:
    from .read import decrypt

    return decrypt(options)


_COMMANDS: Final = {"demo": _demo, "send": _send, "verify": _verify, "decrypt": _decrypt}


def _complain(code: int, text: str) -> None:
    sys.stderr.write(f"{_PROGRAM}: {int(code)}: {one_line(text)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=_PROGRAM, description="Send mail by SMTP, signed and encrypted if wanted.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{_PROGRAM} {__version__}")
    subcommands = parser.add_subparsers(dest="command", required=True, metavar="{demo,send,verify,decrypt}")
    subcommands.add_parser(
        "demo",
        help="sign, encrypt and send a message to a mail server in this process, and check what arrived",
        description="Sign, encrypt and send a message to a mail server in this process, with throwaway certificates; "
        "then decrypt and verify what arrived with another program. Nothing leaves this machine and nothing stays on "
        "it. Exit status 0 if the message was delivered, decrypted and verified, otherwise 1.",
        allow_abbrev=False,
    )
    for name, text, description, epilog, add_options in (
        ("send", "send a message", "Send one message.", _SEND_EPILOG, _add_send_options),
        (
            "verify",
            "check the signature of a message",
            "Check who signed a message, and whether it is as it was signed.",
            VERIFY_EPILOG,
            add_verify_options,
        ),
        (
            "decrypt",
            "decrypt a message",
            "Decrypt a message. The result has the From, To and Subject of the message around it.",
            DECRYPT_EPILOG,
            add_decrypt_options,
        ),
    ):
        add_options(
            subcommands.add_parser(
                name,
                help=text,
                description=description,
                epilog=epilog,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser


def _add_send_options(parser: argparse.ArgumentParser) -> None:
    server = parser.add_argument_group("server")
    server.add_argument("--server", required=True, metavar="HOST", help="name or address of the mail server")
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

    message = parser.add_argument_group("message")
    message.add_argument("--from", dest="sender", required=True, metavar="ADDRESS", help="the sender's address")
    message.add_argument("--to", action="append", default=[], metavar="ADDRESS", help="recipient; may be repeated")
    message.add_argument("--cc", action="append", default=[], metavar="ADDRESS", help="copy; may be repeated")
    message.add_argument(
        "--bcc", action="append", default=[], metavar="ADDRESS", help="copy that no other recipient sees; repeatable"
    )
    message.add_argument("--subject", default="", metavar="TEXT")
    message.add_argument(
        "--header", action="append", default=[], type=_header, metavar="'NAME: VALUE'", help="another header field"
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


def _header(text: str) -> str:
    # RFC 5322 2.2: printable ASCII without the colon. An empty line at the start would replace the whole header.
    if not re.match(r"[!-9;-~]+:", text) or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 'Name: value'")
    return text
