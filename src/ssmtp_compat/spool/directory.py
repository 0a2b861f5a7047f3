"""A directory of queued messages: putting one in, listing what waits, and having the disk learn of both.

A message is one file, and its state is the ending of its name: ``.queued`` waits, ``.sending`` is on its way, ``.sent``
and ``.failed`` are done with. A name changes by rename, which happens or does not. Who writes or sends a file has a
lock on it that vanishes with the process.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError, UnsupportedError

__all__ = [
    "FAILED",
    "QUEUED",
    "REASON",
    "SENDING",
    "SENT",
    "SpoolDirectory",
    "Waiting",
    "failed",
    "lock",
    "shown",
    "told",
]

QUEUED: Final = ".queued"
SENDING: Final = ".sending"
SENT: Final = ".sent"
FAILED: Final = ".failed"
REASON: Final = ".reason"
"""Beside a ``.failed`` file: why, as one line of text."""
_UNFINISHED: Final = ".unfinished"
_LEFTOVER: Final = re.compile(r"[0-9]{20}-[0-9]+-[0-9a-f]{8}" + re.escape(_UNFINISHED))
_OWNER_ONLY: Final = 0o600

_FLUSH_EVERY: Final = 0.1
"""Seconds of work whose changes are flushed together. What is lost with the machine's power is then sent twice, so it
should be little; a disk takes 1 to 10 ms for it, so it should not be done for each message."""


class Waiting(NamedTuple):
    """A file that is to be sent, as far as its name goes."""

    name: str
    modified_ns: int

    @property
    def stem(self) -> str:
        """The name without its ending, which it keeps."""
        return self.name.rpartition(".")[0]


class SpoolDirectory:
    """One directory, open until :meth:`close`. Raises :class:`SSMTPError` (302) naming it where it cannot be used.

    ``clock`` answers seconds that never run backwards.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        if not path.strip():
            raise SSMTPError(ErrorCode.CANNOT_OPEN_FILE, "No directory is named for the queue.")
        if path.startswith("\\\\") or "://" in path:
            raise SSMTPError(
                ErrorCode.CANNOT_OPEN_FILE, f"{path!r}: a queue is a local directory, no share and no URL."
            )
        if not hasattr(os, "O_DIRECTORY"):
            raise UnsupportedError(
                ErrorCode.NOT_SUPPORTED, "Queues need the directories and locks of POSIX, which this system lacks."
            )
        try:
            self.path = Path(path).absolute()
            self.descriptor: Final = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except NotADirectoryError as error:
            raise SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{path!r} is no directory; a queue has to be one.") from error
        except (OSError, ValueError) as error:
            raise failed(f"The directory {path!r} of the queue cannot be used", error) from error
        try:
            self._check_others()
        except BaseException:
            self.close()
            raise
        self._clock = clock
        self._flushed_at = clock()
        self._changed = False

    def _check_others(self) -> None:
        # Everybody could delete mail, or have it sent again. The group and the owner are whom the directory was made
        # for, and may: that is how several users share one.
        with told(f"The directory {str(self.path)!r} of the queue cannot be used"):
            mode = os.fstat(self.descriptor).st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise SSMTPError(
                ErrorCode.CANNOT_OPEN_FILE,
                f"Everybody may delete files in the directory {str(self.path)!r} of the queue "
                f"(mode {stat.S_IMODE(mode):04o}); take that right away (chmod o-w), or set the sticky bit (chmod +t).",
            )

    def close(self) -> None:
        """Give the descriptor back. What was not flushed may be forgotten by the disk."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- putting messages in ------------------------------------------------------------------------------------------

    def put(self, chunks: Iterable[bytes | memoryview]) -> str:
        """Write a new file of ``chunks``, durably, and return its name. On any failure nothing of it stays."""
        with told(f"A message cannot be queued in {str(self.path)!r}"):
            descriptor, stem = self._create()
            with open(descriptor, "wb") as file:  # noqa: PTH123  of the descriptor, which nobody can have swapped
                name = stem + _UNFINISHED
                try:
                    file.writelines(chunks)
                    file.flush()
                    os.fsync(descriptor)
                    self.rename(name, stem + QUEUED)
                    name = stem + QUEUED
                    # Nobody takes it before: the lock goes with the file's descriptor, behind this.
                    self.flush()
                except BaseException:
                    with suppress(OSError):
                        self.unlink(name)
                    raise
        return name

    def _create(self) -> tuple[int, str]:
        """A new file, locked, and its name without the ending."""
        while True:
            stem = f"{time.time_ns():020d}-{os.getpid()}-{os.urandom(4).hex()}"
            descriptor = self.open(stem + _UNFINISHED, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                if lock(descriptor) and os.fstat(descriptor).st_nlink:
                    return descriptor, stem
            except BaseException:
                self._abandon(descriptor, stem)
                raise
            # Taken for a leftover in the moment before it was locked.
            self._abandon(descriptor, stem)

    def _abandon(self, descriptor: int, stem: str) -> None:
        with suppress(OSError):
            self.unlink(stem + _UNFINISHED)
        os.close(descriptor)

    # -- listing them -------------------------------------------------------------------------------------------------

    def waiting(self) -> list[Waiting]:
        """What is to be sent, oldest first: queued files, and those on their way, whose sender may be dead.

        Files that a process did not live to finish are removed by the way. A directory that was deleted or replaced
        since it was opened is an error.
        """
        found = []
        with told(f"The queue in {str(self.path)!r} cannot be read"):
            self._check_still_there()
            with os.scandir(self.descriptor) as entries:
                for entry in entries:
                    if entry.name.endswith((QUEUED, SENDING)):
                        found.append(Waiting(entry.name, _modified_ns(entry)))
                    elif _LEFTOVER.fullmatch(entry.name):
                        self._remove_leftover(entry.name)
        return sorted(found, key=lambda one: (one.modified_ns, one.name))

    def _check_still_there(self) -> None:
        # A deleted directory reads as an empty one, and what comes into a new one of its name would wait for ever.
        if not os.path.samestat(self.path.stat(), os.fstat(self.descriptor)):
            raise OSError(errno.ESTALE, "another directory has taken its place")

    def _remove_leftover(self, name: str) -> None:
        with suppress(OSError):  # it harms nobody where it is
            descriptor = self.open(name, os.O_RDWR)
            try:
                status = os.fstat(descriptor)
                if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and lock(descriptor):
                    self.unlink(name)
            finally:
                os.close(descriptor)

    # -- names and the disk -------------------------------------------------------------------------------------------

    def open(self, name: str, flags: int) -> int:
        """Open a file of this directory: not through a link, which may lead anywhere, and not waiting for the other end
        of a pipe."""
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(name, flags, _OWNER_ONLY, dir_fd=self.descriptor)

    def status(self, name: str) -> os.stat_result | None:
        """What stands under a name of this directory, a link itself and not what it leads to; None for nothing."""
        try:
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        self._changed = True

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self.descriptor)
        self._changed = True

    def flush_when_due(self) -> None:
        """As :meth:`flush`, if the last time is a while ago."""
        if self._changed and self._clock() - self._flushed_at >= _FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Have the changed names written to the disk."""
        if self._changed:
            self._flushed_at = self._clock()  # and where it fails, it is not tried at once again
            with told(f"The directory {str(self.path)!r} cannot be flushed to the disk"):
                os.fsync(self.descriptor)
            self._changed = False


def _modified_ns(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0  # what is wrong with it is told when it is claimed, and nothing is where it is gone


def shown(name: str) -> str:
    """A file's name as it may stand in a text: who made the file chose it, with line ends in it perhaps."""
    return name if name.isprintable() else ascii(name)[1:-1]


def lock(descriptor: int) -> bool:
    """Lock an open file for this descriptor alone; False where somebody else has it."""
    import fcntl  # no module of Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise what the system says of a file as :class:`SSMTPError` (302) that begins with ``what``."""
    try:
        yield
    except OSError as error:
        raise failed(what, error) from error


def failed(what: str, error: OSError | ValueError) -> SSMTPError:
    """What the system says of a file (302), behind ``what``."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SSMTPError(ErrorCode.CANNOT_OPEN_FILE, f"{what}: {reason}.")
