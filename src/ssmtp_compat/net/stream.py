"""The narrow seam between protocols and transports: TCP, a tunnel, TLS and a test's mock are all a :class:`Stream`."""

from __future__ import annotations

from typing import Protocol

from .deadline import Deadline

__all__ = ["Stream", "StreamAround"]


class Stream(Protocol):
    """A two-way stream of octets. One thread uses it at a time; only a ``CancelToken`` may act from another one."""

    def read(self, limit: int, deadline: Deadline) -> bytes:
        """Return what is there, at least one and at most ``limit`` octets; ``b""`` is the orderly end of the stream.

        Raises :class:`~ssmtp_compat.errors.OperationTimeoutError`,
        :class:`~ssmtp_compat.errors.OperationInterruptedError` and
        :class:`~ssmtp_compat.errors.ConnectionFailedError`, and a layer's own errors. After any of them the stream is
        only good for :meth:`abort`.
        """
        ...

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        """Whether octets, the end of the stream or an error are there to be read within ``seconds``, which may be 0.

        Raises :class:`~ssmtp_compat.errors.OperationInterruptedError`, after which the stream is as good as before, and
        what :meth:`read` raises.
        """
        ...

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        """Hand all of ``data`` to the transport. Raises as :meth:`read` does; how much was sent is then unknown."""
        ...

    def close(self) -> None:
        """End the stream in good order. Idempotent, never raises."""
        ...

    def abort(self) -> None:
        """Drop the stream at once, together with what was not yet sent. Idempotent, never raises."""
        ...

    @property
    def local_address(self) -> str:
        """The textual IP address of this end, ``""`` where it is unknown."""
        ...

    @property
    def peer_address(self) -> str:
        """The textual IP address of the other end, ``""`` where it is unknown."""
        ...


class StreamAround:
    """A :class:`Stream` that hands everything on to another one; what is built on it changes a part of that."""

    def __init__(self, inner: Stream) -> None:
        self._inner = inner

    def read(self, limit: int, deadline: Deadline) -> bytes:
        return self._inner.read(limit, deadline)

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return self._inner.readable_within(seconds, deadline)

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        self._inner.write(data, deadline)

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    @property
    def local_address(self) -> str:
        return self._inner.local_address

    @property
    def peer_address(self) -> str:
        return self._inner.peer_address
