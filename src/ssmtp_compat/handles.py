"""Layer 5: integers that stand for clients, and the last error of each.

A handle value is never used twice, so that one kept too long cannot reach another script's client.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from .catalog.errors import ERRORS, ErrorCode
from .errors import SSMTPError
from .events import CallbackError

if TYPE_CHECKING:
    from .client import SSMTPClient

__all__ = ["close", "interrupt", "invoke", "last_error", "open_handle"]

T = TypeVar("T")


@dataclass(slots=True)
class _Entry:
    client: SSMTPClient
    error: tuple[int, str] = (0, "")


# Both are safe without a lock: one operation on a dict or a count is atomic.
_entries: Final[dict[int, _Entry]] = {}
_numbers: Final = itertools.count(1)

_INVALID: Final = (int(ErrorCode.INVALID_HANDLE), ERRORS[ErrorCode.INVALID_HANDLE].message)


def _find(handle: object) -> _Entry | None:
    return _entries.get(handle) if isinstance(handle, int) and not isinstance(handle, bool) else None


def open_handle() -> int:
    """Make a client and return its handle, a positive number."""
    # Imported here, so that importing the library costs little more than its tables of names.
    from .client import SSMTPClient

    handle = next(_numbers)
    _entries[handle] = _Entry(SSMTPClient())
    return handle


def close(handle: object) -> int:
    """Forget a handle and give its client up; returns 0, or 20001 for a handle that is not open."""
    entry = _entries.pop(handle, None) if _find(handle) is not None else None  # type: ignore[call-overload]
    if entry is None:
        return int(ErrorCode.INVALID_HANDLE)
    entry.client.close()
    return 0


def last_error(handle: object) -> tuple[int, str]:
    """Code and text of the last call with this handle; an unknown handle reports itself."""
    entry = _find(handle)
    return entry.error if entry is not None else _INVALID


def interrupt(handle: object) -> int:
    """Make the method that runs on ``handle`` fail; returns 0, or 20001 for a handle that is not open."""
    entry = _find(handle)
    if entry is None:
        return int(ErrorCode.INVALID_HANDLE)
    # In this order: the method, in its own thread, may have left its own error before this call returns.
    entry.error = (0, "")
    entry.client.interrupt()
    return 0


def invoke(handle: object, action: Callable[[SSMTPClient], T], failure: Callable[[int], T]) -> T:
    """Run ``action`` on the client of ``handle`` and keep its outcome as the last error.

    A failure returns ``failure(code)``. An exception raised by a callback goes on to the caller, as documented; so does
    a defect of this library.
    """
    entry = _find(handle)
    if entry is None:
        return failure(int(ErrorCode.INVALID_HANDLE))
    try:
        result = action(entry.client)
    except SSMTPError as error:
        entry.error = (int(error.code), error.message)
        return failure(int(error.code))
    except CallbackError as fault:
        entry.error = (int(ErrorCode.CALLBACK_FAILED), f"{ERRORS[ErrorCode.CALLBACK_FAILED].message} {fault}.")
        original = fault.original
    except Exception as defect:
        # It goes on to the caller with its traceback; a script that catches it must not read a success afterwards.
        text = f"{ERRORS[ErrorCode.INTERNAL].message} {type(defect).__name__}."
        entry.error = (int(ErrorCode.INTERNAL), text)
        raise
    else:
        entry.error = (0, "")
        return result
    # Outside the handler, so that the cause which the callback gave its exception stays.
    try:
        raise original
    finally:
        del original  # its traceback holds this frame: a circle that would keep the client alive
