"""Host names to socket addresses, under a deadline although ``getaddrinfo`` knows none."""

from __future__ import annotations

import socket
import threading
from typing import Any, Final, NamedTuple

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, from_os_error
from .deadline import Deadline
from .readiness import Readiness

__all__ = ["ResolvedAddress", "resolve"]

_FAMILIES: Final = {0: socket.AF_INET, 1: socket.AF_INET6, 2: socket.AF_UNSPEC}


class ResolvedAddress(NamedTuple):
    """One address that a name stands for: family and address as the ``socket`` module takes them."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]

    @property
    def ip(self) -> str:
        return str(self.sockaddr[0])


def resolve(host: str, port: int, use_ipv6: int, deadline: Deadline) -> list[ResolvedAddress]:
    """Return the addresses of ``host``, in the order in which they are to be tried.

    ``use_ipv6`` is 0 for IPv4 only, 1 for IPv6 only, 2 for IPv6 first and IPv4 behind it. An address literal is
    answered at once. A name is looked up in a thread of its own, so that the deadline and its cancel token hold; a
    thread that nobody waits for any more ends with the resolver's own time-out.

    Raises :class:`ConnectionFailedError` with a code from 11001 to 11004 for a name without addresses.
    """
    family = _FAMILIES[use_ipv6]
    if not host.isprintable():  # getaddrinfo would look up what stands before a NUL
        raise _no_name(host, "it holds control characters")
    with deadline.during(f"looking up {host}"):
        try:
            found = _literal(host, port, family) or _look_up(host, port, family, deadline)
        except socket.gaierror as error:
            raise from_os_error(error, deadline.doing) from error
        except UnicodeError as error:  # from the codec of host names: a label is too long or empty
            raise _no_name(host, str(error)) from error
    return sorted(found, key=lambda address: address.family != socket.AF_INET6)


def _no_name(host: str, reason: str) -> ConnectionFailedError:
    text = f"While looking up {host!r}: this is no valid host name ({reason})."
    return ConnectionFailedError(ErrorCode.WSAHOST_NOT_FOUND, text)


def _literal(host: str, port: int, family: int) -> list[ResolvedAddress]:
    try:
        return _getaddrinfo(host, port, family, socket.AI_NUMERICHOST)
    except socket.gaierror:  # no literal of this family, so it may be a name
        return []


def _look_up(host: str, port: int, family: int, deadline: Deadline) -> list[ResolvedAddress]:
    outcome: list[list[ResolvedAddress] | Exception] = []
    ours, theirs = socket.socketpair()

    def look_up() -> None:
        with theirs:  # its closing is what wakes the waiting side
            try:
                outcome.append(_getaddrinfo(host, port, family, 0))
            except (OSError, UnicodeError) as error:
                outcome.append(error)

    with ours:
        try:
            threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
        except RuntimeError:
            # No thread to be had: too many, or the interpreter is shutting down and an atexit handler sends a mail.
            look_up()
        Readiness(readable=ours).wait(deadline)
    result = outcome[0]
    if isinstance(result, Exception):
        raise result
    return result


def _getaddrinfo(host: str, port: int, family: int, flags: int) -> list[ResolvedAddress]:
    rows = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)
    return [ResolvedAddress(row[0], row[4]) for row in rows]
