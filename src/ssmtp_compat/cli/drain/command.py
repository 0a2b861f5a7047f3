"""The process-queue command: from its options to a crew, and from what came of it to an exit status."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from typing import Any, Final

from ... import ssmtp_close, ssmtp_open
from ...catalog.errors import ErrorCode
from ...errors import SSMTPError, UnsupportedError
from ...spool.directory import SpoolDirectory
from ..outcomes import CommandError, Exit
from ..reporting import PROGRAM, say
from ..server import describe_server, server_password
from .agenda import Agenda
from .bar import open_bar
from .report import Report

__all__ = ["process_queue"]

_SERVER_OPTIONS: Final = ("server", "port", "tls", "ca_file", "user", "timeout")


def process_queue(options: argparse.Namespace) -> Exit:
    """Send what waits in a directory. Raises :class:`CommandError` for what keeps it from going on."""
    try:
        return _process_queue(options)
    except UnsupportedError as error:
        raise CommandError(error.code, error.message, Exit.UNAVAILABLE) from error
    except SSMTPError as error:
        raise CommandError(error.code, error.message, Exit.DIRECTORY) from error


def _process_queue(options: argparse.Namespace) -> Exit:
    if os.name != "posix":
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED, "process-queue needs a POSIX system, for its file locks and signals."
        )
    from .crew import Crew

    with SpoolDirectory(options.directory) as directory:
        waiting = directory.waiting()
        task = _task(options, directory)
        agenda = Agenda(again=options.watch, clock=time.monotonic, uniform=random.uniform)
        agenda.found(waiting)
        report = Report(None if options.watch or not waiting else open_bar(len(waiting)))
        crew = Crew(directory, task, agenda, report, size=options.workers, watch=options.watch)
        try:
            crew.run()
        finally:
            report.close(None if options.watch else agenda.left)
    if options.watch:
        return report.gave_up
    if crew.by_keyboard:
        say(sys.stderr, f"{PROGRAM}: interrupted")
        return Exit.INTERRUPTED
    return report.status(agenda.left)


def _task(options: argparse.Namespace, directory: SpoolDirectory) -> dict[str, Any]:
    """What the workers are told; what is wrong with it is found here, once and not by each of them."""
    secret = server_password(options)
    handle = ssmtp_open()
    try:
        describe_server(handle, options, secret)
    finally:
        ssmtp_close(handle)
    return {
        "directory": str(directory.path),
        "server": {name: getattr(options, name) for name in _SERVER_OPTIONS},
        "password": secret,
        "trace": options.trace,
    }
