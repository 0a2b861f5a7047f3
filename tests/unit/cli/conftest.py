"""The command, run in this process with the standard input that a test gives it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ssmtp_compat.cli import main
from ssmtp_compat.cli.demo.people import Authority, Identity

BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""The environment in which Python keeps what is written until it is told to let go of it, as it does by default."""


NOBODY = (">&-", ">/dev/full", "2>&-", "2>/dev/full", "reader gone")
"""Ways in which nobody takes what a command says."""


def status_for_nobody(nobody: str, *arguments: str) -> int:
    """The exit status of the command where ``nobody`` listens."""
    redirection = nobody if nobody in NOBODY[:-1] else ""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "ssmtp_compat", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if redirection else writer,
            stderr=subprocess.PIPE,
            env=BUFFERED,
            timeout=30,
        )
    finally:
        os.close(writer)
    assert b"Traceback" not in process.stderr
    assert b"Exception ignored" not in process.stderr
    return process.returncode


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("send", "--server", ..., stdin=b"...")``."""
    for variable in ("SSMTP_PASSWORD", "SSMTP_PFX_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)

    def run_command(*arguments: str, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse ends --help and wrong usage this way
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run_command


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def zoe(authority: Authority) -> Identity:
    return authority.person("Zoë Meyer", "zoe@example.org")


@pytest.fixture(scope="session")
def juergen(authority: Authority) -> Identity:
    return authority.person("Jürgen Groß", "juergen@example.org")
