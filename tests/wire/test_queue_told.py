"""A caller of the library says which files a run sends, and is told what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ssmtp_compat import handles
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.operations.queueing import Outcome, QueueOptions
from ssmtp_compat.spool.directory import SpoolDirectory, Waiting
from wire.mailer import Mailer
from wire.queue_runs import delivered, endings
from wire.queued_file import write_queued
from wire.scripted_server import Close, ScriptedServer, Step

pytestmark = pytest.mark.usefixtures("no_leaks")

Told = list[tuple[str, Outcome, int]]


def run(port: int, spool: Path, waiting: Iterator[Waiting] | None = None) -> Told:
    told: Told = []

    def settled(name: str, outcome: Outcome, error: SSMTPError | None, trouble: SSMTPError | None) -> None:
        assert trouble is None
        told.append((name, outcome, int(error.code) if error is not None else 0))

    options = QueueOptions(waiting=waiting, settled=settled)
    with Mailer(port) as mailer:
        handles.invoke(mailer.handle, lambda client: client.process_queue(str(spool), options), lambda _: None)
    return told


def test_what_becomes_of_each_file_is_told(spool: Path):
    for number, recipient in enumerate(["", "refused@example.test", "later@example.test"]):
        write_queued(spool, number, recipient=recipient)
    write_queued(spool, 3).write_bytes(b"")
    write_queued(spool, 4).chmod(0o666)
    replies = {"RCPT": lambda line: "550 no" if "refused" in line else "450 no" if "later" in line else "250 OK"}
    with ScriptedServer(replies=replies) as server:
        told = run(server.port, spool)
    assert sorted(told) == [
        ("message-00000.queued", Outcome.SENT, 0),
        ("message-00001.queued", Outcome.FAILED, 161),
        ("message-00002.queued", Outcome.PUT_BACK, 161),
        ("message-00003.queued", Outcome.FAILED, 302),
        ("message-00004.queued", Outcome.REFUSED, 302),
    ]


def test_the_files_that_are_given_are_sent_and_no_others(spool: Path):
    for number in range(4):
        write_queued(spool, number)

    def some() -> Iterator[Waiting]:
        with SpoolDirectory(str(spool)) as directory:
            yield from directory.waiting()[1:3]

    with ScriptedServer() as server:
        told = run(server.port, spool, some())
    assert [name for name, _, _ in told] == ["message-00001.queued", "message-00002.queued"]
    assert sorted(delivered(server)) == [1, 2]


def test_what_had_no_turn_is_not_told_of(spool: Path, closed_port: int):
    for number in range(3):
        write_queued(spool, number)
    assert run(closed_port, spool) == []
    with ScriptedServer(faults={Step("MESSAGE", 1): Close()}) as server:
        told = run(server.port, spool)
    assert sorted(told) == [(f"message-0000{number}.queued", Outcome.PUT_BACK, 0) for number in range(2)]
    assert endings(spool) == [".queued"] * 3
