"""The command line: its options, its help, and the one place where a failure becomes a line and an exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from .. import __version__
from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .outcomes import CommandError, Exit
from .read_options import DECRYPT_EPILOG, VERIFY_EPILOG, add_decrypt_options, add_verify_options
from .reporting import PROGRAM, complain, say, silence
from .send_options import (
    PROCESS_QUEUE_EPILOG,
    QUEUE_EPILOG,
    SEND_EPILOG,
    add_process_queue_options,
    add_queue_options,
    add_send_options,
)

__all__ = ["main"]


DEMO_EPILOG: Final = """\
exit status:
   0  the message was delivered, decrypted and verified
   1  it was not, or the extra [demo] is not installed
  64  wrong usage of this command
"""


class _Parser(argparse.ArgumentParser):
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        # Otherwise the parser of the whole command would complain, which knows none of these options.
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown

    def error(self, message: str) -> NoReturn:
        say(sys.stderr, f"{PROGRAM}: usage: {message} ({self.prog} --help tells more)")
        self.exit(Exit.USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments``, by default those of the process, and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal whose character set lacks a letter gets an escape in its place rather than a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command].run(options)
    except CommandError as failure:
        complain(failure.code, failure.text)
        return failure.status
    except KeyboardInterrupt:
        say(sys.stderr, f"{PROGRAM}: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)  # whoever read along has gone, "head" for example
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
        complain(missing.code, missing.message)
        return 1
    return run(sys.stdout)


def _send(options: argparse.Namespace) -> int:
    from .send import send

    for code, text in send(options):
        complain(code, f"not delivered to one recipient: {text}")
    return Exit.OK


def _queue(options: argparse.Namespace) -> int:
    from .send import queue

    # Whoever takes a failure of this for one of the queue would queue it again.
    say(sys.stdout, queue(options))
    return Exit.OK


def _process_queue(options: argparse.Namespace) -> int:
    from .drain.command import process_queue

    return process_queue(options)


def _verify(options: argparse.Namespace) -> int:
    from .read import verify

    return verify(options)


def _decrypt(options: argparse.Namespace) -> int:
    from .read import decrypt

    return decrypt(options)


@dataclass(frozen=True, slots=True)
class _Command:
    run: Callable[[argparse.Namespace], int]
    summary: str
    description: str
    epilog: str = ""
    add_options: Callable[[argparse.ArgumentParser], None] = lambda _: None


_COMMANDS: Final = {
    "demo": _Command(
        _demo,
        "sign, encrypt and send a message to a mail server in this process, and check what arrived",
        "Sign, encrypt and send a message to a mail server in this process, with throwaway certificates; then decrypt\n"
        "and verify what arrived with another program. Nothing leaves this machine and nothing stays on it.",
        DEMO_EPILOG,
    ),
    "send": _Command(_send, "send a message", "Send one message.", SEND_EPILOG, add_send_options),
    "queue": _Command(
        _queue,
        "put a message into a directory, to be sent later",
        "Put one message, signed and encrypted if wanted, into a directory. No server is asked.",
        QUEUE_EPILOG,
        add_queue_options,
    ),
    "process-queue": _Command(
        _process_queue,
        "send the messages that wait in a directory",
        "Send the messages that wait in a directory, the oldest first. Several such processes may run at once.",
        PROCESS_QUEUE_EPILOG,
        add_process_queue_options,
    ),
    "verify": _Command(
        _verify,
        "check the signature of a message",
        "Check who signed a message, and whether it is as it was signed.",
        VERIFY_EPILOG,
        add_verify_options,
    ),
    "decrypt": _Command(
        _decrypt,
        "decrypt a message",
        "Decrypt a message. The result has the From, To and Subject of the message around it.",
        DECRYPT_EPILOG,
        add_decrypt_options,
    ),
}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM, description="Send and read mail, signed and encrypted if wanted.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    subcommands = parser.add_subparsers(dest="command", required=True, metavar=f"{{{','.join(_COMMANDS)}}}")
    for name, command in _COMMANDS.items():
        command.add_options(
            subcommands.add_parser(
                name,
                help=command.summary,
                description=command.description,
                epilog=command.epilog,
                formatter_class=argparse.RawDescriptionHelpFormatter,
                allow_abbrev=False,
            )
        )
    return parser
