"""A process is killed at every system call of its work on a queue, and nothing is lost.

``SSMTP_EVERY_POINT=1`` repeats it for the settings that change the work.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.processes import require
from interop.queue_victims import Nursery, Victim
from interop.strace import kill_at, trace
from wire.queue_runs import delivered, run
from wire.queued_file import write_queued
from wire.scripted_server import EXTENSIONS, ScriptedServer

pytestmark = pytest.mark.interop

AT_LEAST = 200
ALL_SETTINGS = bool(os.environ.get("SSMTP_EVERY_POINT"))
REFUSED, LATER, LEFT_BY_A_DEAD_ONE = 2, 4, 5
COUNT = 10


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    require("strace")
    with Nursery() as nursery:
        yield nursery


def fill(spool: Path) -> None:
    for path in spool.iterdir():
        path.unlink()
    special = {REFUSED: "refused@example.test", LATER: "later@example.test"}
    for number in range(COUNT):
        ending = ".sending" if number == LEFT_BY_A_DEAD_ONE else ".queued"
        write_queued(spool, number, recipient=special.get(number, ""), ending=ending)


def refusing_server() -> ScriptedServer:
    def rcpt(line: str) -> str:
        return "550 5.1.1 no" if "refused" in line else "450 4.2.1 later" if "later" in line else "250 OK"

    return ScriptedServer(replies={"RCPT": rcpt}, extensions=[*EXTENSIONS, "CHUNKING"])


@pytest.mark.parametrize(
    "settings",
    [{}, *([{"KeepQueue": True}, {"UseChunking": True}, {"UsePipelining": False}] if ALL_SETTINGS else [])],
    ids=lambda settings: "-".join(settings) or "defaults",
)
def test_a_sender_killed_at_any_system_call_loses_nothing(
    nursery: Nursery, spool: Path, tmp_path: Path, settings: dict[str, object]
):
    def sender(port: int) -> Victim:
        return nursery.process_queue(str(spool), port, **settings)

    fill(spool)
    with refusing_server() as whole:
        calls = trace(unharmed := sender(whole.port), tmp_path / "log")
        unharmed.wait()
    points = [call for call in calls if call.name != "exit_group"]
    assert len(points) >= AT_LEAST
    killed = twice = 0
    for point in points:
        fill(spool)
        with refusing_server() as first:
            killed += kill_at(sender(first.port), tmp_path / "log", point)
        with ScriptedServer() as second:
            run(second.port, spool, **settings)
        counts = delivered(first, second)
        # Set aside before the death, or else sent by the second run, whose server takes it.
        failed = set(range(COUNT)) - set(counts)
        assert failed <= {REFUSED}, point
        repeated = counts.total() - len(counts)
        assert repeated <= 1, (point, counts)
        twice += repeated
        kept = set(counts) if "KeepQueue" in settings else set()
        expected = [*((number, "failed reason") for number in failed), *((number, "sent") for number in kept)]
        names = {f"message-{number:05d}.{ending}" for number, endings in expected for ending in endings.split()}
        assert {path.name for path in spool.iterdir()} == names, point
    assert killed >= AT_LEAST
    assert twice, "no process died between the server's yes and the end of the file: the points are not dense enough"
    print(f"{killed} deaths at {len({(call.name, call.nth) for call in points})} points, {twice} messages sent twice")


def test_a_writer_killed_at_any_system_call_leaves_a_whole_message_or_none(
    nursery: Nursery, spool: Path, tmp_path: Path
):
    points = trace(whole := nursery.queue(str(spool)), tmp_path / "log")
    assert whole.wait() == 0
    outcomes = Counter[int]()
    for point in points:
        for path in spool.iterdir():
            path.unlink()
        kill_at(nursery.queue(str(spool)), tmp_path / "log", point)
        queued = [path for path in spool.iterdir() if path.suffix == ".queued"]
        with ScriptedServer() as receiver:
            assert run(receiver.port, spool) == (0, ""), point
        assert [message.content.endswith(b"\r\n\r\nHello\r\n") for message in receiver.messages] == [True] * len(queued)
        assert not list(spool.iterdir()), point
        outcomes[len(queued)] += 1
    assert set(outcomes) == {0, 1}
