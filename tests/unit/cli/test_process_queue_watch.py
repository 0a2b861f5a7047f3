"""process-queue --watch: what comes in goes out, what was put back is tried again, and a signal is its proper end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssmtp_compat.cli.drain import agenda, crew
from ssmtp_compat.operations.queueing import Outcome
from unit.cli.conftest import Run
from wire.queued import queue_messages
from wire.scripted_server import Close, ScriptedServer, Step


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(agenda, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(agenda, "LONGEST_WAIT", 0.2)


def watch(directory: Path, port: int, *more: str) -> tuple[str, ...]:
    server = ("--server", "127.0.0.1", "--port", str(port), "--tls", "none")
    return ("process-queue", str(directory), "--watch", *server, *more)


@contextmanager
def meanwhile(*steps: Callable[[], object]) -> Iterator[None]:
    """While the block runs the command: each step once the one before is true, and SIGTERM behind the last."""
    over = threading.Event()

    def take_steps() -> None:
        patience = time.monotonic() + 20
        for step in steps:
            while not over.is_set() and not step() and time.monotonic() < patience:
                time.sleep(0.01)
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    # Where the command has ended already the signal must not reach pytest.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    thread = threading.Thread(target=take_steps)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGTERM, before)


def test_what_comes_in_goes_out_until_a_signal_which_is_no_failure(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 2)
    with (
        ScriptedServer() as server,
        meanwhile(
            lambda: len(server.messages) == 2,
            lambda: queue_messages(tmp_path, 3),
            lambda: len(server.messages) == 5 and not list(tmp_path.iterdir()),
        ),
    ):
        outcome = run(*watch(tmp_path, server.port, "--workers", "2"))
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.count(": sent\n") == 5
    assert outcome.out.endswith("\n5 sent, 0 put back, 0 failed, 0 refused\n")


def test_it_may_begin_with_nothing_and_connects_when_there_is_something(run: Run, tmp_path: Path) -> None:
    with ScriptedServer() as server, meanwhile(lambda: time.sleep(0.1) or True):
        assert run(*watch(tmp_path, server.port)).status == 0
    assert server.connections == []


def test_what_was_put_back_is_tried_again_after_a_wait_that_is_told(run: Run, tmp_path: Path) -> None:
    (name,) = queue_messages(tmp_path, 1)
    with (
        ScriptedServer(replies={"RCPT": ["450 later", "450 later"]}) as server,
        meanwhile(lambda: not list(tmp_path.iterdir())),
    ):
        outcome = run(*watch(tmp_path, server.port))
    assert outcome.status == 0
    assert len(server.messages) == 1
    assert outcome.err == f"ssmtp-compat: 161: {name} put back: 450 later (next try in 0 s)\n" * 2
    assert outcome.out.splitlines()[-1] == "1 sent, 2 put back, 0 failed, 0 refused"


def test_a_server_that_is_back_gets_everything(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 4)
    with (
        ScriptedServer(
            replies={"GREETING": ["421 closing", "421 closing"]}, faults={Step("MAIL", 2): Close()}
        ) as server,
        meanwhile(lambda: not list(tmp_path.iterdir())),
    ):
        outcome = run(*watch(tmp_path, server.port))
    assert outcome.status == 0
    assert {message.recipients[0] for message in server.messages} == {
        f"bob{number}@example.test" for number in range(4)
    }
    assert outcome.err.count("421 closing (next try in ") == 2


def test_a_message_that_every_connection_breaks_with_does_not_keep_the_others(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 3)
    sent = []

    def break_with_the_first(line: str) -> str:
        return "421 4.3.0 my filter has crashed" if "bob0" in line else "250 ok"

    with (
        ScriptedServer(replies={"RCPT": break_with_the_first}) as server,
        meanwhile(lambda: len(server.messages) == 2, lambda: sent.extend(server.messages) is None),
    ):
        outcome = run(*watch(tmp_path, server.port))
    assert outcome.status == 0
    assert [message.recipients for message in sent] == [["bob1@example.test"], ["bob2@example.test"]]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("replies", "options", "status"),
    [
        ({"GREETING": "554 5.7.1 go away"}, (), 77),
        ({}, ("--tls", "implicit", "--ca-file", "missing.pem"), 65),
    ],
)
def test_what_no_wait_would_heal_ends_it(
    run: Run, tmp_path: Path, replies: dict[str, str], options: tuple[str, ...], status: int
) -> None:
    queue_messages(tmp_path, 3)
    with ScriptedServer(replies=replies) as server:
        outcome = run(*watch(tmp_path, server.port, "--workers", "2", *options))
    assert outcome.status == status
    assert outcome.err.count("\n") == 1
    assert len(list(tmp_path.glob("*.queued"))) == 3


def test_a_log_in_that_was_forgotten_ends_it(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 3)
    with ScriptedServer(replies={"MAIL": "530 5.7.0 log in"}) as server:
        outcome = run(*watch(tmp_path, server.port))
    assert outcome.status == 77
    assert "ssmtp-compat: 161: 530 5.7.0 log in\n" in outcome.err
    assert len(list(tmp_path.glob("*.queued"))) == 3


def test_a_directory_that_has_gone_ends_it(run: Run, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    queue_messages(spool, 1)
    with (
        ScriptedServer() as server,
        meanwhile(lambda: server.messages and not list(spool.iterdir()), lambda: spool.rmdir() is None, lambda: False),
    ):
        outcome = run(*watch(spool, server.port))
    assert outcome.status == 73
    assert outcome.err.startswith("ssmtp-compat: 302: ")


def test_a_file_that_is_left_alone_is_told_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = queue_messages(tmp_path, 1)
    (tmp_path / name).chmod(0o666)
    looked: list[Outcome] = []
    settled = agenda.Agenda.settled

    def count(self: agenda.Agenda, stem: str, outcome: Outcome, **more: bool) -> float | None:
        looked.append(outcome)
        return settled(self, stem, outcome, **more)

    monkeypatch.setattr(agenda.Agenda, "settled", count)
    with ScriptedServer() as server, meanwhile(lambda: len(looked) >= 3):
        outcome = run(*watch(tmp_path, server.port))
    assert (outcome.status, outcome.err.count("\n")) == (0, 1)
    assert server.connections == []


def test_a_worker_that_dies_is_told_and_replaced(run: Run, tmp_path: Path) -> None:
    queue_messages(tmp_path, 2)

    def kill_once(_: str) -> str:
        if len(server.connections) == 1:
            for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
        return "250 ok"

    with ScriptedServer(replies={"RCPT": kill_once}) as server, meanwhile(lambda: not list(tmp_path.iterdir())):
        outcome = run(*watch(tmp_path, server.port))
    assert outcome.status == 0
    assert outcome.err.count("Worker process 1 ended by signal 9.") >= 1
    assert len(server.messages) == 2
