"""Whoever watches a run of a queue is told what became of each file, and may say which files and when."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssmtp_compat import handles
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.operations.queueing import Outcome, QueueOptions
from ssmtp_compat.spool.directory import SpoolDirectory, Waiting
from wire.mailer import Mailer
from wire.queued import queue_messages
from wire.scripted_server import Close, ScriptedServer, Step

pytestmark = pytest.mark.usefixtures("no_leaks")

Told = list[tuple[str, Outcome, int, bool]]


def watched(port: int, directory: Path, waiting: Iterator[Waiting] | None = None) -> tuple[int, Told]:
    """The code of the run, and for each file its recipient's number, outcome, code and whether the file is in order."""
    told: Told = []

    def settled(name: str, outcome: Outcome, error: SSMTPError | None, trouble: SSMTPError | None) -> None:
        told.append((name, outcome, 0 if error is None else int(error.code), trouble is None))

    options = QueueOptions(waiting=waiting, settled=settled)
    with Mailer(port) as mailer:
        code = handles.invoke(mailer.handle, lambda client: client.process_queue(str(directory), options) or 0, int)
    return code, told


def test_each_file_has_one_outcome(tmp_path: Path):
    names = queue_messages(tmp_path, 4)
    (tmp_path / names[3]).chmod(0o666)
    with ScriptedServer(replies={"RCPT": ["250 ok", "450 later", "550 no"]}) as server:
        code, told = watched(server.port, tmp_path)
    assert code == 161
    assert sorted(told) == [
        (names[0], Outcome.SENT, 0, True),
        (names[1], Outcome.PUT_BACK, 161, True),
        (names[2], Outcome.FAILED, 161, True),
        (names[3], Outcome.REFUSED, 302, True),
    ]


def test_what_had_no_turn_before_the_run_ended_is_not_told_of(tmp_path: Path):
    names = queue_messages(tmp_path, 4)
    with ScriptedServer(faults={Step("MAIL", 2): Close()}) as server:
        code, told = watched(server.port, tmp_path)
    assert code == 1120
    assert told == [(names[0], Outcome.SENT, 0, True), (names[1], Outcome.PUT_BACK, 0, True)]


def test_a_message_whose_verdict_is_still_to_come_is_put_back(tmp_path: Path):
    (name,) = queue_messages(tmp_path, 1)
    with ScriptedServer(faults={"MESSAGE": Close()}) as server:
        assert watched(server.port, tmp_path) == (1120, [(name, Outcome.PUT_BACK, 0, True)])


def test_only_what_is_asked_for_is_sent_and_asked_for_when_its_turn_comes(tmp_path: Path):
    names = queue_messages(tmp_path, 3)
    with ScriptedServer() as server:

        def two_of_three() -> Iterator[Waiting]:
            with SpoolDirectory(str(tmp_path)) as directory:
                files = {one.name: one for one in directory.waiting()}
            assert server.connections == []
            yield files[names[2]]
            assert server.messages == []  # it is asked for while the server has the commands of the one before
            yield files[names[0]]

        code, told = watched(server.port, tmp_path, two_of_three())
    assert (code, [name for name, *_ in told]) == (0, [names[2], names[0]])
    assert [path.name for path in tmp_path.iterdir()] == [names[1]]


def test_a_message_does_not_wait_for_what_comes_behind_one_that_cannot_be_sent(tmp_path: Path):
    names = [*queue_messages(tmp_path, 1), *queue_messages(tmp_path, 1, MessageText="x" * 500 + "\r\n")]
    names += queue_messages(tmp_path, 1)
    with ScriptedServer(extensions=["SIZE 400", "PIPELINING"]) as server:

        def all_three() -> Iterator[Waiting]:
            with SpoolDirectory(str(tmp_path)) as directory:
                files = {one.name: one for one in directory.waiting()}
            yield files[names[0]]
            yield files[names[1]]
            assert len(server.messages) == 1
            yield files[names[2]]

        code, told = watched(server.port, tmp_path, all_three())
    assert code == ErrorCode.MESSAGE_TOO_LARGE
    assert [(name, outcome) for name, outcome, *_ in told] == [
        (names[1], Outcome.FAILED),
        (names[0], Outcome.SENT),
        (names[2], Outcome.SENT),
    ]


def test_a_file_that_cannot_be_taken_away_is_told_with_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (name,) = queue_messages(tmp_path, 1)

    def refuse(path: str, *, dir_fd: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)
    with ScriptedServer() as server:
        assert watched(server.port, tmp_path) == (302, [(name, Outcome.SENT, 0, False)])


def test_a_file_whose_name_is_no_text_is_set_aside(tmp_path: Path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.queued")).touch()
    code, told = watched(25, tmp_path)
    assert (code, [outcome for _, outcome, *_ in told]) == (302, [Outcome.FAILED])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".failed", ".reason"]
    (reason,) = tmp_path.glob("*.reason")
    assert "caf\\udce9.queued is no queued message" in reason.read_text(encoding="utf-8")
