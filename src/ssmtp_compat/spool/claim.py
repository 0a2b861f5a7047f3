"""Taking a file out of the queue, so that nobody else does, and what becomes of it."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .directory import FAILED, QUEUED, REASON, SENDING, SENT, SpoolDirectory, Waiting, failed, lock, shown, told

__all__ = ["Claim", "StuckFileError", "UnsafeFileError", "claim_file"]

_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
# These are no single file's own: the next one would fail in the same way.
_EVERY_FILES: Final = (errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT)


class UnsafeFileError(SSMTPError):
    """A name in the queue stands for something that must be left alone: neither sent, nor renamed, nor deleted."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(ErrorCode.CANNOT_OPEN_FILE, f"{shown(name)} in the queue is left alone: {reason}.")


class StuckFileError(SSMTPError):
    """The file of a message that was sent cannot be taken away; the next run will send it once more."""


class Claim:
    """A file on its way. One of :meth:`sent`, :meth:`failed` and :meth:`put_back` says what becomes of it; without one
    it stays on its way, and whoever comes next behind :meth:`close` takes it up again.

    Each raises :class:`SSMTPError` (302) where the file's name cannot be changed.
    """

    def __init__(self, directory: SpoolDirectory, descriptor: int, stem: str, size: int) -> None:
        self.descriptor: Final = descriptor
        self.name: Final = stem + QUEUED
        """The name under which it was queued."""
        self.size: Final = size
        self._directory = directory
        self._stem = stem

    def sent(self, *, keep: bool) -> None:
        """The server has taken it: delete the file, or keep it as ``.sent``. Raises :class:`StuckFileError`."""
        try:
            if keep:
                # In the place of an older one of the same name, or this one would be sent again.
                self._directory.rename(self._stem + SENDING, self._stem + SENT)
            else:
                self._directory.unlink(self._stem + SENDING)
        except FileNotFoundError as error:
            raise SSMTPError(
                ErrorCode.CANNOT_OPEN_FILE, f"{shown(self.name)} was sent, and its file vanished meanwhile."
            ) from error
        except OSError as error:
            raise StuckFileError(
                ErrorCode.CANNOT_OPEN_FILE, f"{shown(self.name)} was sent and cannot be taken away: {error.strerror}."
            ) from error

    def failed(self, reason: str) -> None:
        """It will never be taken: keep it as ``.failed`` with the reason beside it."""
        with told(f"{shown(self.name)} failed and cannot be set aside"):
            self._check_free(FAILED)  # first, for the reason beside one that is there is that one's
            try:
                self._write_reason(reason)
                self._rename(SENDING, FAILED)
            except BaseException:
                self._remove_reason()
                raise

    def put_back(self) -> None:
        """It may be taken later: queue it again."""
        with told(f"{shown(self.name)} cannot be put back"):
            self._rename(SENDING, QUEUED)

    def close(self) -> None:
        """Let go of the file as it is."""
        with suppress(OSError):
            os.close(self.descriptor)

    def begin(self, ending: str) -> bool:
        """Put it, which has ``ending``, on its way; False where it is gone."""
        if ending == SENDING:
            # Who died over it may have died over setting it aside.
            with suppress(OSError):
                if self._directory.status(self._stem + FAILED) is None:
                    self._remove_reason()
            return True
        try:
            self._rename(ending, SENDING)
        except FileNotFoundError:
            return False
        except FileExistsError as error:
            raise UnsafeFileError(self._stem + ending, "another file of its name is on its way") from error
        except OSError as error:
            raise _unusable(self._stem + ending, error) from error
        return True

    def _rename(self, old: str, new: str) -> None:
        self._check_free(new)
        self._directory.rename(self._stem + old, self._stem + new)

    def _check_free(self, ending: str) -> None:
        # Other programs may use a name twice, and the system replaces what has the new name.
        if self._directory.status(self._stem + ending) is not None:
            raise FileExistsError(errno.EEXIST, f"there is a {shown(self._stem + ending)}")

    def _write_reason(self, reason: str) -> None:
        self._remove_reason()
        descriptor = self._directory.open(self._stem + REASON, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  as in put
            file.write(" ".join(reason.split()) + "\n")
            file.flush()
            os.fsync(descriptor)

    def _remove_reason(self) -> None:
        with suppress(OSError):
            self._directory.unlink(self._stem + REASON)


def claim_file(directory: SpoolDirectory, waiting: Waiting) -> Claim | None:
    """Take a file, so that nobody else sends it; None where somebody else has it or it is gone.

    Raises :class:`UnsafeFileError` for what is no file of ours or cannot be taken, which is left alone, and
    :class:`SSMTPError` (302) where the same would be true of every other file.
    """
    try:
        descriptor = directory.open(waiting.name, os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(waiting.name, error) from error
    try:
        claim = _claim(directory, waiting, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    if claim is None:
        os.close(descriptor)
    return claim


def _claim(directory: SpoolDirectory, waiting: Waiting, descriptor: int) -> Claim | None:
    try:
        status = os.fstat(descriptor)
        _check_safe(waiting.name, status)
        if not lock(descriptor) or not _is_still(directory, waiting.name, status):
            return None
    except OSError as error:
        raise _unusable(waiting.name, error) from error
    claim = Claim(directory, descriptor, waiting.stem, status.st_size)
    return claim if claim.begin(waiting.name.removeprefix(waiting.stem)) else None


def _unusable(name: str, error: OSError) -> SSMTPError:
    if error.errno in _EVERY_FILES:
        return failed(f"{shown(name)} cannot be taken out of the queue", error)
    is_link = error.errno == errno.ELOOP
    return UnsafeFileError(name, "it is a symbolic link" if is_link else f"it cannot be taken ({error.strerror})")


def _check_safe(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(name, "it is no regular file")
    if status.st_uid not in (os.geteuid(), 0):
        raise UnsafeFileError(name, f"it belongs to another user (uid {status.st_uid})")
    if status.st_mode & _OTHERS_MAY_WRITE:
        raise UnsafeFileError(name, f"others may write it (mode {stat.S_IMODE(status.st_mode):04o})")
    if status.st_nlink > 1:
        raise UnsafeFileError(name, "it has a second name (a hard link), so that a lock on it means nothing")


def _is_still(directory: SpoolDirectory, name: str, status: os.stat_result) -> bool:
    """Whether ``name`` still names the file that was opened: its sender may have finished it meanwhile."""
    found = directory.status(name)
    return found is not None and (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)
