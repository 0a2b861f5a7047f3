"""What docs/queues.md shows happens, and its recipes are lines that the command takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ssmtp_compat.cli.command_line import _parser
from ssmtp_compat.cli.outcomes import Exit
from ssmtp_compat.cli.send_options import PROCESS_QUEUE_EPILOG
from unit.cli.conftest import Run
from wire.scripted_server import ScriptedServer

PAGE = (Path(__file__).parents[3] / "docs/queues.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NAME = re.compile(r"\d{20}-\d+-[0-9a-f]{8}\.queued")


def block(language: str, text: str) -> str:
    (found,) = [content for kind, content in BLOCKS if kind == language and text in content]
    return found


def test_the_run_that_is_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("See you at noon\n")
    said = []
    with ScriptedServer() as server:
        for line in re.findall(r"^\$ (.*)$", block("text", "$ "), re.MULTILINE):
            said.append(f"$ {line}\n")
            program, *arguments = shlex.split(line)
            if program == "mkdir":
                Path(*arguments).mkdir()
                continue
            assert program == "ssmtp-compat"
            if "--server" in arguments:
                arguments[arguments.index("--server") + 1] = "127.0.0.1"
                arguments += ["--port", str(server.port), "--tls", "none"]
            outcome = run(*arguments)
            assert (outcome.status, outcome.err) == (0, "")
            said.append(outcome.out)
    assert len(server.messages) == 1
    assert NAME.sub("NAME", "".join(said)) == NAME.sub("NAME", block("text", "$ "))


def test_the_recipes_are_lines_that_the_command_takes() -> None:
    unit, crontab = block("ini", "[Service]"), block("text", "*/5")
    (service,) = re.findall(r"^ExecStart=\S*/ssmtp-compat (.*)$", unit, re.MULTILINE)
    (job,) = re.findall(r"ssmtp-compat (.*) >/dev/null$", crontab, re.MULTILINE)
    assert _parser().parse_args(shlex.split(service)).watch
    assert not _parser().parse_args(shlex.split(job)).watch
    (final,) = re.findall(r"^RestartPreventExitStatus=(.*)$", unit, re.MULTILINE)
    assert set(map(int, final.split())) <= set(Exit)


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here; Debian package systemd")
    unit = tmp_path / "outgoing-mail.service"
    # The programs and users of the recipe need not be here.
    unit.write_text(re.sub(r"ExecStart=\S*", f"ExecStart={shutil.which('true')}", block("ini", "[Service]")))
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert not [line for line in done.stderr.splitlines() if "outgoing-mail" in line], done.stderr


def test_the_page_and_the_help_have_the_same_exit_statuses() -> None:
    page = re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)
    assert page == re.findall(r"^ {1,3}(\d+)  ", PROCESS_QUEUE_EPILOG, re.MULTILINE)
    assert set(map(int, page)) <= set(Exit)
