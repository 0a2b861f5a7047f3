"""Where a command puts what it made: the standard output, or a file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .inputs import STANDARD
from .outcomes import CommandError, Exit
from .reporting import silence
from .whole_file import write_whole

__all__ = ["write_output"]


def write_output(path: str, content: bytes, option: str) -> None:
    """Write ``content`` to the standard output or to a file that only its owner can read, in place of any of that name
    or, where that is a link, of the one it leads to.

    Raises :class:`CommandError` naming ``option``; then a file that was there before is still what it was.
    """
    try:
        if path == STANDARD:
            _write_standard(content)
            return
        named = Path(path)
        if _is_file(named):
            write_whole(named.resolve(), content)
        else:
            # A pipe or a device, /dev/null say, is written to; a file in its place would be the end of it.
            named.write_bytes(content)
    except BrokenPipeError:
        raise  # no failure but the choice of whoever reads
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        failed = SSMTPError(ErrorCode.CANNOT_OPEN_FILE, reason or str(error))
        raise CommandError(failed.code, f"{option} {path}: {failed.message}", Exit.BAD_DATA) from error


def _is_file(path: Path) -> bool:
    """Whether it is a file, or is to be one. Raises OSError for a link that is not to be followed, as in /tmp."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def _write_standard(content: bytes) -> None:
    if sys.stdout is None:  # closed, as a daemon's may be
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError:
        silence(sys.stdout)
        raise
