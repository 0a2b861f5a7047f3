"""Help, wrong usage, and where passwords come from."""

from __future__ import annotations

import getpass
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ssmtp_compat import __version__
from unit.cli.conftest import NOBODY, Run, status_for_nobody
from wire.scripted_server import Delay, ScriptedServer

MINIMUM = ("send", "--server", "127.0.0.1", "--from", "zoe@example.org")

WRONG = [
    ((), "{demo,send,queue,process-queue,verify,decrypt}"),
    (("post",), "post"),
    (("send",), "--server"),
    (MINIMUM, "--to, --cc or --bcc"),
    ((*MINIMUM, "--to", "a@b.org", "--port", "0"), "no port"),
    ((*MINIMUM, "--to", "a@b.org", "--port", "smtp"), "no port"),
    ((*MINIMUM, "--to", "a@b.org", "--timeout", "-1"), "--timeout"),
    ((*MINIMUM, "--to", "a@b.org", "--tls", "maybe"), "maybe"),
    ((*MINIMUM, "--to", "a@b.org", "--header", "no colon"), "Name: value"),
    ((*MINIMUM, "--to", "a@b.org", "--header", ""), "Name: value"),
    ((*MINIMUM, "--to", "a@b.org", "--header", "X: 1\r\nBcc: eve@example.org"), "Name: value"),
    ((*MINIMUM, "--to", "a@b.org", "--password", "secret"), "--password secret (ssmtp-compat send --help"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_wrong_usage_is_one_line_and_64(run: Run, arguments: tuple[str, ...], text: str) -> None:
    outcome = run(*arguments)
    assert outcome.status == 64
    assert outcome.err.startswith("ssmtp-compat: ")
    assert text in outcome.err
    assert outcome.err.count("\n") == 1


def test_help_names_every_option_and_every_exit_status(run: Run) -> None:
    outcome = run("send", "--help")
    assert outcome.status == 0
    options = ["server", "port", "tls", "ca-file", "user", "timeout", "trace", "from", "to", "cc", "bcc", "subject"]
    options += ["header", "body", "sign", "encrypt-to"]
    assert [option for option in options if f"--{option}" not in outcome.out] == []
    assert [code for code in ("64", "65", "69", "75", "77") if f"\n  {code}  " not in outcome.out] == []
    assert "SSMTP_PASSWORD" in outcome.out
    assert "demo" in run("--help").out


def test_help_of_the_queue_commands_names_what_is_theirs_too(run: Run) -> None:
    queue, process_queue = run("queue", "--help"), run("process-queue", "--help")
    assert (queue.status, process_queue.status) == (0, 0)
    for option in ("--from", "--sign", "--encrypt-to", "without effect"):
        assert option in queue.out
    assert [code for code in ("64", "65", "73") if f"\n  {code}  " not in queue.out] == []
    for option in ("--workers", "--watch", "--server", "--user", "--ca-file", "SSMTP_PASSWORD"):
        assert option in process_queue.out
    assert [code for code in (64, 65, 69, 73, 75, 77, 130) if f"\n {code:3}  " not in process_queue.out] == []


def test_lines_of_help_fit_a_terminal_of_120_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    for command in ("demo", "send", "queue", "process-queue", "verify", "decrypt"):
        out = run(command, "--help").out
        assert max(map(len, out.splitlines())) <= 120, command
        assert "\nexit status:\n" in out


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out == f"ssmtp-compat {__version__}\n"


def test_the_package_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "ssmtp_compat", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, f"ssmtp-compat {__version__}\n")


def test_the_password_is_asked_for_when_the_environment_has_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "geheim"

    monkeypatch.setattr(getpass, "getpass", answer)
    with ScriptedServer(users={"zoe": "geheim"}) as server:
        options = ("--port", str(server.port), "--tls", "none", "--to", "bob@example.org", "--user", "zoe")
        assert run(*MINIMUM, *options).status == 0
    assert server.connection.user == "zoe"
    assert prompts == ["Password of zoe at 127.0.0.1: "]


def test_without_a_terminal_no_line_of_the_message_is_taken_for_the_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    def no_terminal(prompt: str) -> str:
        warnings.warn("cannot control echo", getpass.GetPassWarning, stacklevel=2)
        return sys.stdin.readline()

    monkeypatch.setattr(getpass, "getpass", no_terminal)
    outcome = run(*MINIMUM, "--port", str(closed_port), "--to", "b@x.org", "--user", "zoe", stdin=b"first line\n")
    assert outcome.status == 64
    assert "SSMTP_PASSWORD" in outcome.err
    assert sys.stdin.readline() == "first line\n"


def _run_with_a_reader_that_leaves(arguments: list[str], stream: str) -> subprocess.Popen[str]:
    """Run the command until ``stream`` has given one line, close that stream, and wait for the end."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-m", "ssmtp_compat", *arguments], encoding="utf-8", **pipes)
    process.stdin.close()
    pipe = getattr(process, stream)
    assert pipe.readline()
    pipe.close()
    process.wait(30)
    return process


def test_the_demo_ends_quietly_when_nobody_reads_on() -> None:
    process = _run_with_a_reader_that_leaves(["demo"], "stdout")
    with process.stderr as rest:
        assert (process.returncode, rest.read()) == (1, "")


def test_the_message_goes_out_when_nobody_reads_the_trace_any_more() -> None:
    with ScriptedServer(faults={"EHLO": Delay(0.3)}) as server:
        options = ["--port", str(server.port), "--tls", "none", "--to", "bob@example.org", "--trace"]
        process = _run_with_a_reader_that_leaves([*MINIMUM, *options], "stderr")
        process.stdout.close()
    assert process.returncode == 0
    assert len(server.messages) == 1


@pytest.mark.parametrize("nobody", NOBODY)
def test_the_message_goes_out_where_nobody_can_hear_of_it(nobody: str) -> None:
    with ScriptedServer(replies={"RCPT": ["250 ok", "550 nobody"]}) as server:
        options = ["--port", str(server.port), "--tls", "none", "--to", "bob@example.org", "--bcc", "eve@example.org"]
        assert status_for_nobody(nobody, *MINIMUM, *options, "--trace") == 0
    assert len(server.messages) == 1


@pytest.mark.parametrize("nobody", ["2>&-", "2>/dev/full"])
def test_a_failure_keeps_its_status_where_nobody_can_hear_of_it(tmp_path: Path, nobody: str) -> None:
    assert status_for_nobody(nobody, "process-queue", str(tmp_path / "missing"), "--server", "x") == 73
    assert status_for_nobody(nobody, "process-queue") == 64
