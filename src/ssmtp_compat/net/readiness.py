"""The one place that waits: for a socket and the cancel token together, no longer than the deadline allows."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Sequence
from typing import Final

from .deadline import CancelToken, Deadline

__all__ = ["pause", "readable_now", "wait_any_writable", "wait_readable", "wait_writable"]

_LONGEST: Final = 86400.0
"""Seconds of one wait, after which the wait begins again: ``poll`` counts milliseconds in a C int."""


def wait_readable(sock: socket.socket, deadline: Deadline, at_most: float = math.inf) -> bool:
    """Return True when ``sock`` has octets, an end or an error to deliver; False when ``at_most`` seconds are over.

    Raises as ``deadline.remaining`` does.
    """
    return _wait(sock, (), deadline, at_most)


def wait_writable(sock: socket.socket, deadline: Deadline, at_most: float = math.inf) -> bool:
    """Return True when ``sock`` takes octets, has connected or has failed; False when ``at_most`` seconds are over.

    Raises as ``deadline.remaining`` does.
    """
    return _wait(None, (sock,), deadline, at_most)


def wait_any_writable(socks: Sequence[socket.socket], deadline: Deadline, at_most: float = math.inf) -> bool:
    """:func:`wait_writable` for several sockets: True when it is so for at least one of them."""
    return _wait(None, socks, deadline, at_most)


def readable_now(sock: socket.socket, deadline: Deadline) -> bool:
    """Whether ``sock`` has octets, an end or an error to deliver; raises as ``deadline.remaining`` does."""
    ready = _poll(sock, (), deadline.cancel, 0)
    deadline.check()
    return ready


def _wait(
    readable: socket.socket | None, writable: Sequence[socket.socket], deadline: Deadline, at_most: float
) -> bool:
    end = math.inf if at_most == math.inf else time.monotonic() + at_most
    while True:
        left = deadline.remaining()
        seconds = _LONGEST if left is None else min(left, _LONGEST)
        if end < math.inf:
            # Looked at once even when no time is left, so that 0 seconds ask what is there now.
            seconds = max(0.0, min(end - time.monotonic(), seconds))
        ready = _poll(readable, writable, deadline.cancel, seconds)
        deadline.check()
        if ready or not seconds:
            return ready


def pause(seconds: float, deadline: Deadline) -> None:
    """Let ``seconds`` pass without doing anything. It is our own wait, so it does not count as the peer's silence.

    Raises :class:`~ssmtp_compat.errors.OperationInterruptedError`, and
    :class:`~ssmtp_compat.errors.OperationTimeoutError` where the deadline is absolute.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        deadline.progress()
        allowed = deadline.remaining()
        _poll(None, (), deadline.cancel, left if allowed is None else min(left, allowed))
    deadline.progress()
    deadline.check()


def _poll(
    readable: socket.socket | None, writable: Sequence[socket.socket], cancel: CancelToken | None, seconds: float
) -> bool:
    """Whether one of the sockets is ready within ``seconds``, or ``cancel`` was called."""
    if not hasattr(select, "poll"):
        return _select(readable, writable, cancel, seconds)
    poller = select.poll()
    if readable is not None:
        poller.register(readable, select.POLLIN)
    for sock in writable:
        poller.register(sock, select.POLLOUT)
    if cancel is not None:
        poller.register(cancel, select.POLLIN)
    # Rounded up: a wait cut to 0 ms would spin until the last fraction of a millisecond is over.
    return bool(poller.poll(math.ceil(seconds * 1000)))


def _select(
    readable: socket.socket | None, writable: Sequence[socket.socket], cancel: CancelToken | None, seconds: float
) -> bool:
    reading = [source for source in (readable, cancel) if source is not None]
    if not reading and not writable:  # Windows refuses to wait for nothing
        time.sleep(seconds)
        return False
    # Windows reports a connection that failed only as an exceptional condition.
    return any(select.select(reading, writable, writable, seconds))
