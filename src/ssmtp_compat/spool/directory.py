"""A directory of queued messages: putting one in, and taking one out so that nobody else does.

A message is one file, and its state is the ending of its name: ``.queued`` waits, ``.sending`` is on its way, ``.sent``
and ``.failed`` are done with. A name changes by rename, which happens or does not, and the directory is flushed to the
disk behind each change that must not be forgotten. Who sends a file has a lock on it that vanishes with the process.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError, UnsupportedError

__all__ = ["FAILED", "QUEUED", "REASON", "SENDING", "SENT", "Claim", "SpoolDirectory", "Waiting"]

QUEUED: Final = ".queued"
SENDING: Final = ".sending"
SENT: Final = ".sent"
FAILED: Final = ".failed"
REASON: Final = ".reason"
"""Beside a ``.failed`` file: why, as one line of text."""
_UNFINISHED: Final = ".unfinished"
_OWNER_ONLY: Final = 0o600
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is to be sent, as far as its name goes."""

    name: str
    modified_ns: int

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0]


class SpoolDirectory:
    """One directory. Raises :class:`SSMTPError` (302) naming it where it cannot be used."""

    def __init__(self, path: str) -> None:
        if not path.strip():
            raise SSMTPError(ErrorCode.CANNOT_OPEN_FILE, "No directory is named for the queue.")
        if path.startswith("\\\\") or "://" in path:
            raise SSMTPError(
                ErrorCode.CANNOT_OPEN_FILE, f"{path!r}: a queue is a local directory, no share and no URL."
            )
        try:
            self.path = Path(path).absolute()
            if not stat.S_ISDIR(self.path.stat().st_mode):
                raise SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{path!r} is no directory; a queue has to be one.")
        except (OSError, ValueError) as error:
            raise _failed(f"The directory {path!r} of the queue cannot be used", error) from error

    def put(self, chunks: Iterable[bytes | memoryview]) -> str:
        """Write a new file of ``chunks``, durably, and return its name. On any failure nothing of it stays."""
        stem = f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(4).hex()}"
        unfinished, final = self.path / (stem + _UNFINISHED), self.path / (stem + QUEUED)
        with _told(f"A message cannot be queued in {str(self.path)!r}"):
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            try:
                with open(descriptor, "wb") as file:  # noqa: PTH123  of the descriptor, which nobody can have swapped
                    for chunk in chunks:
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.rename(final)
            except BaseException:
                with suppress(OSError):
                    unfinished.unlink()
                raise
            self.flush()
        return final.name

    def waiting(self) -> list[Waiting]:
        """What is to be sent, oldest first: queued files, and those on their way, whose sender may be dead."""
        found = []
        with _told(f"The queue in {str(self.path)!r} cannot be read"), os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.endswith((QUEUED, SENDING)):
                    with suppress(FileNotFoundError):  # gone since it was listed
                        found.append(Waiting(entry.name, entry.stat(follow_symlinks=False).st_mtime_ns))
        return sorted(found, key=lambda one: (one.modified_ns, one.name))

    def claim(self, waiting: Waiting) -> Claim | None:
        """Take a file, so that nobody else sends it; None where somebody else has it or it is gone.

        Raises :class:`UnsafeFileError` for what is no file of ours, which is left alone.
        """
        path = self.path / waiting.name
        try:
            # Not through a link, which may lead anywhere, and not waiting for the other end of a pipe.
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = (
                "it is a symbolic link" if error.errno == errno.ELOOP else f"it cannot be opened ({error.strerror})"
            )
            raise UnsafeFileError(waiting.name, reason) from error
        try:
            status = os.fstat(descriptor)
            _check_safe(waiting.name, status)
            if not _lock(descriptor) or not _is_still(path, status):
                os.close(descriptor)
                return None
            claim = Claim(self, descriptor, waiting.stem, status.st_size)
            if waiting.name.endswith(QUEUED):
                with _told(f"{waiting.name} cannot be taken out of the queue"):
                    claim.rename(QUEUED, SENDING)
        except BaseException:
            with suppress(OSError):
                os.close(descriptor)
            raise
        return claim

    def flush(self) -> None:
        """Have the directory's names written to the disk."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Claim:
    """A file on its way, and what becomes of it. Exactly one of the three ends it; without one it stays on its way, and
    whoever comes next takes it up again."""

    def __init__(self, directory: SpoolDirectory, descriptor: int, stem: str, size: int) -> None:
        self.descriptor: Final = descriptor
        self.name: Final = stem + QUEUED
        """The name under which it was queued."""
        self.size: Final = size
        self._directory = directory
        self._stem = stem

    def sent(self, *, keep: bool) -> None:
        """The server has taken it: delete the file, or keep it as ``.sent``."""
        with self._ending(f"{self._stem}{SENDING} was sent and cannot be taken away"):
            if keep:
                self.rename(SENDING, SENT)
            else:
                self._path(SENDING).unlink()
            # Without this a crash could bring the file back, and the message would be sent again.
            self._directory.flush()

    def failed(self, reason: str) -> None:
        """It will never be taken: keep it as ``.failed`` with the reason beside it."""
        with self._ending(f"{self._stem}{SENDING} failed and cannot be set aside"):
            reason_path = self._path(REASON)
            with suppress(FileNotFoundError):
                reason_path.unlink()
            descriptor = os.open(reason_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _OWNER_ONLY)
            # A name of a file in the reason may be no text at all.
            with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  as in put
                file.write(" ".join(reason.split()) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self.rename(SENDING, FAILED)
            self._directory.flush()

    def put_back(self) -> None:
        """It may be taken later: queue it again."""
        with self._ending(f"{self._stem}{SENDING} cannot be put back"):
            self.rename(SENDING, QUEUED)
            self._directory.flush()

    def rename(self, old: str, new: str) -> None:
        self._path(old).rename(self._path(new))

    def close(self) -> None:
        """Let go of the file as it is."""
        with suppress(OSError):
            os.close(self.descriptor)

    def _path(self, ending: str) -> Path:
        return self._directory.path / (self._stem + ending)

    @contextmanager
    def _ending(self, what: str) -> Iterator[None]:
        try:
            with _told(what):
                yield
        finally:
            self.close()


class UnsafeFileError(SSMTPError):
    """A name in the queue stands for something that must be left alone: neither sent, nor renamed, nor deleted."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(ErrorCode.CANNOT_OPEN_FILE, f"{name} in the queue is left alone: {reason}.")


def _check_safe(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(name, "it is no regular file")
    if status.st_uid not in (os.geteuid(), 0):
        raise UnsafeFileError(name, f"it belongs to another user (uid {status.st_uid})")
    if status.st_mode & _OTHERS_MAY_WRITE:
        raise UnsafeFileError(name, f"others may write it (mode {stat.S_IMODE(status.st_mode):04o})")
    if status.st_nlink != 1:
        raise UnsafeFileError(name, "it has a second name (a hard link), so that a lock on it means nothing")


def _lock(descriptor: int) -> bool:
    """Lock an open file for this descriptor alone; False where somebody else has it."""
    try:
        import fcntl
    except ImportError as error:
        raise UnsupportedError(
            ErrorCode.NOT_SUPPORTED, "ProcessQueue needs the file locks of POSIX, which this system lacks."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, status: os.stat_result) -> bool:
    """Whether ``path`` still names the file that was opened: its sender may have finished it meanwhile."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _failed(what, error) from error


def _failed(what: str, error: OSError | ValueError) -> SSMTPError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{what}: {reason}.")
