"""What every interop fixture needs: its programs, free ports, bounded waiting, and proof that nothing stays behind."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from interop.packages import PROGRAMS, find, missing_packages

T = TypeVar("T")


def require(*programs: str, plugins: tuple[str, ...] = (), modules: tuple[str, ...] = (), root: bool = False) -> None:
    """Skip the test when a program, a plug-in's package, a module or root's rights are missing; in CI fail it."""
    wanted = [f"{name} (Debian package {PROGRAMS[name]})" for name in programs if not find(name)]
    if plugins and find("dpkg-query"):
        wanted += [f"Debian package {name}" for name in missing_packages() if name in plugins]
    wanted += [f"Python module {name} (dependency group interop)" for name in modules if not find_spec(name)]
    if root and os.geteuid() != 0:
        wanted.append("root's rights, to start this server")
    if wanted:
        do_without(f"missing: {', '.join(wanted)}; run python tests/interop/packages.py as root")


def do_without(text: str) -> NoReturn:
    """Skip the test for the reason ``text``; in CI fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(text)
    pytest.skip(text)


def run(*command: str | Path, data: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
    """Run a program to its end and return its standard output; a failure raises with what it said."""
    done = run_anyhow(*command, data=data, env=env)
    assert done.returncode == 0, (
        f"{command} -> {done.returncode}\n{(done.stdout + done.stderr).decode(errors='replace')}"
    )
    return done.stdout


def run_anyhow(
    *command: str | Path, data: bytes | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, whatever that is."""
    name, *arguments = (str(part) for part in command)
    program = find(name)
    assert program, f"no program {name}"
    environment = {**os.environ, **(env or {})}
    return subprocess.run([program, *arguments], input=data or b"", capture_output=True, timeout=30, env=environment)


@contextmanager
def server_directory(name: str, mode: int = 0o755) -> Iterator[Path]:
    """A directory under /tmp that a server's unprivileged user can enter, which it cannot do with pytest's tmp_path.

    At the end no running process may name the directory any more, in its command line or in its environment.
    """
    with tempfile.TemporaryDirectory(prefix=f"ssmtp-{name}-", dir="/tmp") as text:
        directory = Path(text)
        directory.chmod(mode)
        yield directory
        wait_until(lambda: not processes_naming(directory), f"the processes of {name} to end")


def processes_naming(directory: Path) -> list[int]:
    """Running processes, ourselves apart, that have this path in their command line or environment (Linux)."""
    wanted = os.fsencode(directory)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if wanted in told and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 on which nobody listens, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [sock.getsockname()[1] for sock in sockets]


def listens(port: int) -> bool:
    """Whether somebody accepts connections on 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], T], what: str, seconds: float = 10.0) -> T:
    """Poll until ``condition`` is true and return its value; after ``seconds`` fail, naming ``what``."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.02)
    return value


def assert_ports_free(ports: list[int]) -> None:
    busy = [port for port in ports if listens(port)]
    assert not busy, f"still listening after the stop: {busy}"
