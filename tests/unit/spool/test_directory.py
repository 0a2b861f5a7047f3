"""Putting files into a directory, and what the disk is told when."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.spool import claim as claiming
from ssmtp_compat.spool.claim import Claim, UnsafeFileError, claim_file
from ssmtp_compat.spool.directory import SpoolDirectory, Waiting, lock


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    monkeypatch.setattr(os, "fsync", seen.append)
    return seen


def queued(path: Path, name: str = "x.queued", content: bytes = b"x") -> Waiting:
    (path / name).write_bytes(content)
    (path / name).chmod(0o600)
    return Waiting(name, 0)


def claimed(directory: SpoolDirectory, waiting: Waiting) -> Claim:
    claim = claim_file(directory, waiting)
    assert claim is not None
    return claim


def names(path: Path) -> set[str]:
    return {entry.name for entry in path.iterdir()}


def test_changes_within_a_tenth_of_a_second_are_flushed_together(tmp_path: Path, flushes: list[int]):
    clock = Clock()
    with SpoolDirectory(str(tmp_path), clock) as directory:
        for number in range(100):
            claim = claimed(directory, queued(tmp_path, f"{number}.queued"))
            clock.now += 0.0625
            claim.sent(keep=False)
            claim.close()
            directory.flush_when_due()
        assert len(flushes) == 50
        assert set(flushes) == {directory.descriptor}


def test_nothing_is_flushed_where_nothing_changed(tmp_path: Path, flushes: list[int]):
    clock = Clock()
    with SpoolDirectory(str(tmp_path), clock) as directory:
        clock.now += 1
        directory.flush_when_due()
        directory.flush()
    assert flushes == []


def test_a_flush_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flushes: list[int]):
    with SpoolDirectory(str(tmp_path)) as directory:
        claim = claimed(directory, queued(tmp_path))
        claim.close()
        with monkeypatch.context() as patch:

            def fail(_: int) -> None:
                raise OSError(5, "Input/output error")

            patch.setattr(os, "fsync", fail)
            with pytest.raises(SSMTPError, match="cannot be flushed to the disk: Input/output error"):
                directory.flush()
        directory.flush()
        assert len(flushes) == 1


def test_a_file_that_nobody_lived_to_finish_is_removed(tmp_path: Path):
    stem = "01795614138576380298-5809-06c0e8af"
    for name in (f"{stem}.unfinished", "foreign.unfinished", f"{stem}.tmp"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / f"{stem[:-1]}0.unfinished").symlink_to(tmp_path / "foreign.unfinished")
    with SpoolDirectory(str(tmp_path)) as directory:
        assert directory.waiting() == []
    assert names(tmp_path) == {"foreign.unfinished", f"{stem}.tmp", f"{stem[:-1]}0.unfinished"}


def test_a_file_that_is_being_written_is_neither_removed_nor_sent(tmp_path: Path):
    def chunks():
        with SpoolDirectory(str(tmp_path)) as other:
            assert other.waiting() == []
        yield b"whole"

    with SpoolDirectory(str(tmp_path)) as directory:
        name = directory.put(chunks())
    assert (tmp_path / name).read_bytes() == b"whole"


def test_a_name_that_is_not_yet_on_the_disk_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def flush(descriptor: int) -> None:
        with SpoolDirectory(str(tmp_path)) as other:
            seen.extend(claim_file(other, waiting) for waiting in other.waiting())

    monkeypatch.setattr(os, "fsync", flush)
    with SpoolDirectory(str(tmp_path)) as directory:
        directory.put([b"x"])
    assert seen == [None]


@pytest.mark.parametrize("end", ["removed", "renamed", "replaced"])
def test_a_file_that_another_sender_finishes_meanwhile_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
):
    waiting = queued(tmp_path)

    def late_lock(descriptor: int) -> bool:
        if end == "removed":
            (tmp_path / "x.queued").unlink()
        else:
            (tmp_path / "x.queued").rename(tmp_path / "x.sent")
        if end == "replaced":
            queued(tmp_path)
        return lock(descriptor)

    monkeypatch.setattr(claiming, "lock", late_lock)
    with SpoolDirectory(str(tmp_path)) as directory:
        assert claim_file(directory, waiting) is None


def test_a_file_that_vanishes_in_the_last_moment_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def rename(self: SpoolDirectory, old: str, new: str) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(SpoolDirectory, "rename", rename)
    with SpoolDirectory(str(tmp_path)) as directory:
        assert claim_file(directory, queued(tmp_path)) is None


def test_a_file_on_its_way_is_not_replaced_by_a_new_one_of_its_name(tmp_path: Path):
    with SpoolDirectory(str(tmp_path)) as directory:
        first = claimed(directory, queued(tmp_path, content=b"first"))
        with pytest.raises(UnsafeFileError, match="another file of its name is on its way"):
            claim_file(directory, queued(tmp_path, content=b"second"))
        with pytest.raises(SSMTPError, match="cannot be put back"):
            first.put_back()
        first.close()
    assert (tmp_path / "x.sending").read_bytes() == b"first"
    assert (tmp_path / "x.queued").read_bytes() == b"second"


def test_a_failed_file_is_not_replaced_by_another_of_its_name(tmp_path: Path):
    (tmp_path / "x.failed").write_bytes(b"first")
    (tmp_path / "x.reason").write_bytes(b"the first one's")
    with SpoolDirectory(str(tmp_path)) as directory:
        claim = claimed(directory, queued(tmp_path, content=b"second"))
        for _ in range(2):
            with pytest.raises(SSMTPError, match=r"there is a x\.failed"):
                claim.failed("why")
            claim.close()
            claim = claimed(directory, Waiting("x.sending", 0))
        claim.close()
    assert (tmp_path / "x.failed").read_bytes() == b"first"
    assert (tmp_path / "x.reason").read_bytes() == b"the first one's"
    assert names(tmp_path) == {"x.failed", "x.reason", "x.sending"}


def test_what_others_have_locked_is_left_to_them(tmp_path: Path):
    waiting = queued(tmp_path)
    with (tmp_path / "x.queued").open("rb") as held, SpoolDirectory(str(tmp_path)) as directory:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert claim_file(directory, waiting) is None
    assert names(tmp_path) == {"x.queued"}


@pytest.mark.parametrize("replaced", [False, True])
def test_a_directory_that_is_gone_is_not_taken_for_an_empty_one(tmp_path: Path, replaced: bool):
    spool = tmp_path / "spool"
    spool.mkdir()
    with SpoolDirectory(str(spool)) as directory:
        assert directory.waiting() == []
        spool.rename(tmp_path / "old")
        if replaced:
            spool.mkdir()
        with pytest.raises(SSMTPError, match="another directory" if replaced else "No such file") as caught:
            directory.waiting()
    assert caught.value.code == 302


def test_no_descriptor_stays_open(tmp_path: Path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    with SpoolDirectory(str(tmp_path)) as directory:
        directory.put([b"x"])
        (waiting,) = directory.waiting()
        claim = claimed(directory, waiting)
        claim.failed("why")
        claim.close()
        assert claim_file(directory, waiting) is None
        (tmp_path / "link.queued").symlink_to(tmp_path)
        with pytest.raises(UnsafeFileError):
            claim_file(directory, Waiting("link.queued", 0))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
