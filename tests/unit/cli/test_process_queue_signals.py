"""process-queue is told to end, or killed: no process stays, and the next run can take up every file."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssmtp_compat.cli.drain.signals import EndSignals
from unit.cli.conftest import BUFFERED
from wire.queued import queue_messages, recipient
from wire.scripted_server import ScriptedServer, Stall


@pytest.fixture(autouse=True)
def _signals_as_in_a_terminal() -> Iterator[None]:
    """A program inherits which signals are ignored, and under nohup or in the background some are."""
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGHUP, hang_up)
    signal.signal(signal.SIGINT, interrupt)


@contextmanager
def running(directory: Path, port: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    server = ("--server", "127.0.0.1", "--port", str(port), "--tls", "none")
    process = subprocess.Popen(
        [sys.executable, "-m", "ssmtp_compat", "process-queue", str(directory), *server, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=BUFFERED,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def workers(process: subprocess.Popen[str]) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pending_signals(pid: int) -> int:
    (mask,) = re.findall(r"^ShdPnd:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(mask, 16)


def at_rest(pid: int) -> bool:
    """Whether every thread waits for something: what came in before has been dealt with."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(stat.rpartition(")")[2].split()[0] == "S" for stat in stats)


def names(directory: Path, ending: str) -> list[str]:
    return sorted(path.name for path in directory.glob(f"*{ending}"))


class Gate:
    """Answers yes, the first time not before it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: str) -> str:
        self.reached.set()
        assert self.opened.wait(10)
        return "250 ok"


Ask = Callable[[subprocess.Popen[str]], object]


def terminate_all(process: subprocess.Popen[str]) -> None:
    """What systemd does to a service."""
    for pid in (*workers(process), process.pid):
        os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda process: process.terminate(), 75),
        (lambda process: process.send_signal(signal.SIGHUP), 75),
        (lambda process: os.killpg(process.pid, signal.SIGINT), 130),  # Ctrl-C goes to the whole group
        (terminate_all, 75),
    ],
)
def test_the_message_under_way_comes_to_its_end_and_no_other_is_begun(tmp_path: Path, ask: Ask, status: int) -> None:
    waiting = queue_messages(tmp_path, 40)
    gate = Gate()
    with ScriptedServer(replies={"RCPT": gate}, extensions=()) as server, running(tmp_path, server.port) as process:
        assert gate.reached.wait(10)
        (worker,) = workers(process)
        ask(process)
        # The signal has come to the command, what it says of it has come to the worker, and that is dealt with too.
        wait_until(lambda: not pending_signals(process.pid) and at_rest(process.pid) and at_rest(worker))
        gate.opened.set()
        out, err = process.communicate(timeout=10)
    assert process.returncode == status
    assert out.splitlines() == [f"{waiting[0]}: sent", "1 sent, 0 put back, 0 failed, 0 refused, 39 not tried"]
    assert err == ("ssmtp-compat: interrupted\n" if status == 130 else "")
    assert server.connection.commands[-1] == "QUIT"
    assert names(tmp_path, "") == waiting[1:]
    assert not alive(worker)


def test_a_worker_that_has_hardly_begun_is_not_killed_by_what_is_for_the_command(tmp_path: Path) -> None:
    queue_messages(tmp_path, 3)
    with ScriptedServer() as server, running(tmp_path, server.port) as process:
        wait_until(lambda: bool(workers(process)))
        terminate_all(process)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (75, "")
    assert out == "0 sent, 0 put back, 0 failed, 0 refused, 3 not tried\n"


def test_a_log_has_each_line_at_once(tmp_path: Path) -> None:
    (first, _) = queue_messages(tmp_path, 2)
    gate = Gate()

    def second_waits(line: str) -> str:
        return gate(line) if recipient(1) in line else "250 ok"

    with (
        ScriptedServer(replies={"RCPT": second_waits}, extensions=()) as server,
        running(tmp_path, server.port) as process,
    ):
        assert process.stdout.readline() == f"{first}: sent\n"
        gate.opened.set()
        process.communicate(timeout=10)
    assert process.returncode == 0


def test_the_second_signal_breaks_off_what_is_under_way(tmp_path: Path) -> None:
    waiting = queue_messages(tmp_path, 4)
    with (
        ScriptedServer(faults={"MESSAGE": Stall()}) as server,
        running(tmp_path, server.port, "--workers", "2") as process,
    ):
        wait_until(lambda: server.commands.count("DATA") == 2 and len(list(tmp_path.glob("*.sending"))) == 4)
        children = workers(process)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.terminate()
        out, err = process.communicate(timeout=5)
    assert process.returncode == 75
    # Behind each message whose verdict is still to come the next one may be under way too.
    put_back = err.count(" put back: Operation interrupted.\n")
    assert 2 <= put_back == err.count("ssmtp-compat: 301: ") == err.count("\n")
    assert out == f"0 sent, {put_back} put back, 0 failed, 0 refused, {4 - put_back} not tried\n"
    assert names(tmp_path, "") == waiting
    assert not any(map(alive, children))


def test_when_the_command_is_killed_its_workers_finish_their_message_and_end(tmp_path: Path) -> None:
    queue_messages(tmp_path, 5)
    gate = Gate()
    with (
        ScriptedServer(replies={"RCPT": gate}, extensions=()) as server,
        running(tmp_path, server.port, "--workers", "2") as process,
    ):
        wait_until(lambda: len(server.connections) == 2 and gate.reached.is_set())
        children = workers(process)
        assert len(children) == 2
        process.kill()
        process.wait()
        gate.opened.set()
        wait_until(lambda: not any(map(alive, children)))
    sent = len(server.messages)
    assert sent <= 2
    assert len(names(tmp_path, ".queued")) == 5 - sent
    assert names(tmp_path, ".sending") == []
    assert [connection.commands[-1] for connection in server.connections] == ["QUIT", "QUIT"]


# -- a worker left alone, in a process of its own ---------------------------------------------------------------------

_WORKER = "from ssmtp_compat.cli.drain import worker; worker.GRACE_SECONDS = worker.LAST_SECONDS = 0.1; {}worker.main()"


@contextmanager
def worker_process(directory: Path, port: int, setup: str = "") -> Iterator[subprocess.Popen[bytes]]:
    server = {"server": "127.0.0.1", "port": port, "tls": "none", "ca_file": None, "user": None, "timeout": 60}
    task = {"directory": str(directory), "server": server, "password": "", "trace": False}
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER.format(setup)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    try:
        (name,) = names(directory, ".queued")
        for message in (["task", task], ["take", [name, 0]]):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_a_worker_left_alone_with_a_server_that_is_silent_gives_its_message_back(tmp_path: Path) -> None:
    (name,) = queue_messages(tmp_path, 1)
    with ScriptedServer(faults={"MESSAGE": Stall()}) as server, worker_process(tmp_path, server.port) as process:
        wait_until(lambda: "DATA" in server.commands)
        process.stdin.close()
        assert process.wait(5) == 0
    assert names(tmp_path, "") == [name]


def test_a_worker_that_nothing_brings_to_its_end_ends_all_the_same(tmp_path: Path) -> None:
    queue_messages(tmp_path, 1)
    deaf = "worker.ssmtp_do_interrupt = lambda handle: 0; "
    with ScriptedServer(faults={"MESSAGE": Stall()}) as server, worker_process(tmp_path, server.port, deaf) as process:
        wait_until(lambda: "DATA" in server.commands)
        process.stdin.close()
        assert process.wait(5) == 70
    assert len(names(tmp_path, ".sending")) == 1  # without a lock, so that the next run takes it up


def test_a_signal_that_was_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with EndSignals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.read() == 0
            os.kill(os.getpid(), signal.SIGTERM)
            assert (signals.read(), signals.by_keyboard) == (1, False)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
