"""A file that appears whole or not at all, and that nobody finds half written, whatever happens to the process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["write_whole"]


def write_whole(target: Path, content: bytes) -> None:
    """Write ``content`` to a file that only its owner can read, in place of any that ``target`` names.

    Until it is whole it has no name, so that what was encrypted is not left about by a process that is killed. Where
    the system has no such files (O_TMPFILE of Linux, which not every file system takes) or cannot name them, it stands
    under another name in the same directory, and signals that end a process wait until it is renamed or removed.

    Raises OSError; then a file that was there before is still what it was.
    """
    if not _written_without_name(target, content):
        with _end_signals_wait():
            _write_named(target, content)


def _written_without_name(target: Path, content: bytes) -> bool:
    flag: int | None = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return False
    try:
        descriptor = os.open(target.parent, flag | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:
        return False  # what is wrong with the directory itself, the other way will tell
    with os.fdopen(descriptor, "wb") as file:
        _fill(file, content)
        try:
            _name(file.fileno(), target)
        except OSError:
            # Without /proc, or without links in this file system. What else it is, the other way will tell.
            return False
    return True


def _name(descriptor: int, target: Path) -> None:
    directory = os.open(target.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            _link(descriptor, target.name, directory)
        except FileExistsError:
            # A link replaces nothing, so the name of the old file is taken over from a second one. In between, only
            # SIGKILL or a loss of power leaves that behind.
            with _end_signals_wait():
                second = f".ssmtp-compat.{os.urandom(8).hex()}"
                _link(descriptor, second, directory)
                try:
                    os.rename(second, target.name, src_dir_fd=directory, dst_dir_fd=directory)
                except BaseException:
                    os.unlink(second, dir_fd=directory)
                    raise
    finally:
        os.close(directory)


def _link(descriptor: int, name: str, directory: int) -> None:
    # What stands in /proc is a link to the file, which is what is to get the name.
    os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=directory, follow_symlinks=True)


def _write_named(target: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".ssmtp-compat.", dir=target.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            _fill(file, content)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _fill(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _end_signals_wait() -> Iterator[None]:
    if os.name != "posix":
        yield
        return
    from .drain.signals import end_signals_blocked  # of signals that other systems do not have

    with end_signals_blocked():
        yield
