"""At a terminal process-queue draws a bar if rich is there; everywhere else it writes plain lines."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from unit.cli.conftest import BUFFERED
from wire.queued import queue_messages
from wire.scripted_server import Delay, ScriptedServer

COUNTS = "2 sent, 0 put back, 1 failed, 0 refused, 0 not tried"
_WITHOUT_RICH = "import sys; sys.modules['rich'] = sys.modules['rich.console'] = None; "
_MAIN = "import sys; from ssmtp_compat.cli import main; sys.exit(main(sys.argv[1:]))"


def at_a_terminal(
    directory: Path, *, term: str = "xterm", stdout: int | None = None, setup: str = ""
) -> tuple[str, str]:
    """What the terminal shows, and what a pipe gets on standard output."""
    queue_messages(directory, 3)
    controller, terminal = pty.openpty()
    with ScriptedServer(replies={"RCPT": ["250 ok", "550 5.1.1 [bold]no :smile:"]}) as server:
        options = ["--server", "127.0.0.1", "--port", str(server.port), "--tls", "none"]
        process = subprocess.Popen(
            [sys.executable, "-c", setup + _MAIN, "process-queue", str(directory), *options],
            stdin=subprocess.DEVNULL,
            stdout=terminal if stdout is None else stdout,
            stderr=terminal,
            env={**os.environ, "TERM": term, "COLUMNS": "200"},
        )
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # Linux says EIO when nobody has the terminal open any more
            while piece := os.read(controller, 65536):
                shown += piece
        os.close(controller)
        piped = process.communicate(timeout=10)[0] or b""
    assert process.returncode == 69
    return shown.decode(), piped.decode()


def test_a_bar_takes_the_place_of_what_was_sent_and_failures_stay_to_be_read(tmp_path: Path) -> None:
    shown, _ = at_a_terminal(tmp_path)
    assert "━" in shown
    assert "3/3" in shown
    assert ": sent" not in shown
    # Whatever a server says stays as it is.
    assert re.search(r"ssmtp-compat: 161: \S+ failed: 550 5\.1\.1 \[bold\]no :smile:\r\n", shown)
    assert shown.rstrip().endswith(COUNTS)


def test_a_pipe_gets_the_names_of_what_was_sent_although_there_is_a_bar(tmp_path: Path) -> None:
    shown, piped = at_a_terminal(tmp_path, stdout=subprocess.PIPE)
    assert "━" in shown
    assert piped.count(": sent\n") == 2
    assert piped.endswith(f"\n{COUNTS}\n")
    assert "\x1b" not in piped


@pytest.mark.parametrize(("term", "setup"), [("xterm", _WITHOUT_RICH), ("dumb", "")])
def test_without_rich_or_on_a_dumb_terminal_there_are_lines(tmp_path: Path, term: str, setup: str) -> None:
    shown, _ = at_a_terminal(tmp_path, term=term, setup=setup)
    assert shown.count(": sent\r\n") == 2
    assert shown.count(" failed: 550 5.1.1 [bold]no :smile:\r\n") == 1
    assert shown.endswith(f"\r\n{COUNTS}\r\n")
    assert "\x1b" not in shown


def test_the_mail_goes_out_without_any_standard_stream(tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 3)
    (tmp_path / names[0]).chmod(0o666)
    with ScriptedServer() as server:
        options = f"--server 127.0.0.1 --port {server.port} --tls none"
        command = f"exec {sys.executable} -m ssmtp_compat process-queue {tmp_path} {options} <&- >&- 2>&-"
        assert subprocess.run(["sh", "-c", command], timeout=30).returncode == 69
    assert len(server.messages) == 2
    missing = f"exec {sys.executable} -m ssmtp_compat process-queue {tmp_path}/missing {options} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", missing], timeout=30).returncode == 73


def test_the_mail_goes_out_when_nobody_reads_the_lines_any_more(tmp_path: Path) -> None:
    queue_messages(tmp_path, 20)
    with ScriptedServer() as server:
        options = ["--server", "127.0.0.1", "--port", str(server.port), "--tls", "none"]
        process = subprocess.Popen(
            [sys.executable, "-m", "ssmtp_compat", "process-queue", str(tmp_path), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=BUFFERED,
        )
        process.stdout.close()
        with process.stderr as errors:
            assert errors.read() == b""
        assert process.wait(10) == 0
    assert len(server.messages) == 20


def test_the_mail_goes_out_when_the_terminal_is_closed(tmp_path: Path) -> None:
    names = queue_messages(tmp_path, 20)
    (tmp_path / names[10]).chmod(0o666)
    controller, terminal = pty.openpty()
    with ScriptedServer(faults={"RCPT": Delay(0.05)}) as server:
        command = f"trap '' HUP; exec {sys.executable} -m ssmtp_compat process-queue {tmp_path}"
        process = subprocess.Popen(
            ["sh", "-c", f"{command} --server 127.0.0.1 --port {server.port} --tls none"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={**BUFFERED, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(terminal)
        shown = b""
        while not re.search(rb"[1-9] sent", shown):
            shown += os.read(controller, 65536)
        os.close(controller)
        assert process.wait(20) == 69
    assert len(server.messages) == 19
