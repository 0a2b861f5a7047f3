"""strace on a process that has stopped before its work: what it asks of the system, and its death at one such call."""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from interop.packages import find
from interop.processes import do_without
from interop.queue_victims import Victim

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)", re.MULTILINE)


class Call(NamedTuple):
    """One system call."""

    name: str
    nth: int
    """Counted from 1 among the calls of its name."""
    rest: str
    """Arguments and result as strace shows them, with the path behind each descriptor."""


def trace(victim: Victim, log: Path, *options: str) -> list[Call]:
    """Let ``victim`` work to its end, and return what it asked of the system. ``options`` are strace's."""
    program = find("strace")
    assert program
    command = [program, "-y", "-s", "256", "-o", str(log), *options, "-p", str(victim.pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = process.stderr.readline()
        if "attached" not in said:
            victim.kill()
            victim.wait()
            do_without(f"nobody may watch another process here: {said}")
        victim.go()
        process.stderr.read()
    seen: Counter[str] = Counter()
    calls = []
    for name, rest in _CALL.findall(log.read_text(errors="replace")):
        seen[name] += 1
        calls.append(Call(name, seen[name], rest))
    return calls


def kill_at(victim: Victim, log: Path, call: Call) -> bool:
    """Kill ``victim`` where it makes ``call``, which then does not happen; False where it ended without making it."""
    trace(victim, log, "-e", f"inject={call.name}:signal=KILL:when={call.nth}")
    return victim.wait() == -signal.SIGKILL
