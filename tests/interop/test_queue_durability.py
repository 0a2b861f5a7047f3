"""What the disk has been told when a queue says that something is done, by strace."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.processes import require
from interop.queue_victims import Nursery
from interop.strace import trace
from wire.queued_file import write_queued
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.interop

_CHANGES = ("write", "fsync", "renameat", "renameat2", "unlinkat")


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    require("strace")
    with Nursery() as nursery:
        yield nursery


def changes(calls: list[tuple[str, int, str]], spool: Path) -> list[str]:
    """What happened to the directory and its files, in order, like ``rename .queued .sending``."""
    found = []
    for name, _, rest in calls:
        if name not in _CHANGES or str(spool) not in rest:
            continue
        assert rest.partition(" = ")[2].strip()[:1] != "-" or "ENOENT" in rest, rest
        if name == "unlinkat" and "ENOENT" in rest:
            continue
        endings = re.findall(r'\.(\w+)[">]', rest.partition("ssmtp_compat queue")[0]) if name != "fsync" else []
        if name == "fsync":
            endings = [Path(rest.partition("<")[2].partition(">")[0]).suffix[1:] or "directory"]
        found.append(" ".join((name.removesuffix("at"), *endings)))
    return found


def test_a_queued_message_is_on_the_disk_before_its_name_and_its_name_before_queue_returns(
    nursery: Nursery, spool: Path, tmp_path: Path
):
    calls = trace(victim := nursery.queue(str(spool)), tmp_path / "log")
    assert victim.wait() == 0
    assert changes(calls, spool) == [
        "write unfinished",
        "fsync unfinished",
        "rename unfinished queued",
        "fsync directory",
    ]


@pytest.mark.parametrize("keep", [False, True])
def test_what_became_of_each_message_is_on_the_disk_before_the_run_ends(
    nursery: Nursery, spool: Path, tmp_path: Path, keep: bool
):
    for number, recipient in enumerate(["", "refused@example.test", "later@example.test"]):
        write_queued(spool, number, recipient=recipient)

    def rcpt(line: str) -> str:
        return "550 5.1.1 no" if "refused" in line else "450 4.2.1 later" if "later" in line else "250 OK"

    with ScriptedServer(replies={"RCPT": rcpt}) as server:
        calls = trace(victim := nursery.process_queue(str(spool), server.port, KeepQueue=keep), tmp_path / "log")
    assert victim.wait() == 1
    done = changes(calls, spool)
    assert done[-1] == "fsync directory"
    done = [what for what in done if what != "fsync directory"]  # a slow run has more of them
    # One beside the other, for the next message is claimed while the server has the one before.
    taken, put_back, kept = ("rename queued sending", "rename sending queued", "rename sending sent")
    assert Counter(done) == Counter(
        [
            *[taken] * 3,
            kept if keep else "unlink sending",
            "write reason",
            "fsync reason",
            "rename sending failed",
            put_back,
        ]
    )
    assert [what for what in done if "reason" in what or "failed" in what] == [
        "write reason",
        "fsync reason",
        "rename sending failed",
    ]
