"""A judge that is a program of ours around a foreign library, and that goes on running: starting it costs too much."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from interop.judges.judge import Result
from interop.processes import find


class Conversation:
    """A request is a line of fields with tabs between them, file names most of them, of which the first two are what is
    read and what is written. The answer is a line too: "ok", or "no", a tab and the reason.
    """

    def __init__(self, directory: Path, *command: str | Path, env: dict[str, str] | None = None) -> None:
        self._directory = directory
        self._asking = threading.Lock()  # two judges may share one program
        name, *arguments = (str(part) for part in command)
        program = find(name)
        assert program, f"no program {name}"
        self._complaints = (directory / "stderr").open("wb")
        self._process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=env,
            cwd=directory,
            encoding="utf-8",
        )

    def ask(self, action: str, data: bytes, *fields: str | Path) -> Result:
        with self._asking:
            return self._ask(action, data, *fields)

    def _ask(self, action: str, data: bytes, *fields: str | Path) -> Result:
        source, target = self._directory / "in", self._directory / "out"
        source.write_bytes(data)
        target.write_bytes(b"")
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("\t".join((action, str(source), str(target), *map(str, fields))) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and the missing answer says so
        answer = self._process.stdout.readline()
        assert answer, f"{self._process.args} ended:\n{(self._directory / 'stderr').read_text(errors='replace')}"
        ok, _, report = answer.rstrip("\n").partition("\t")
        return Result(ok == "ok", target.read_bytes() if ok == "ok" else b"", report)

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._complaints.close()
