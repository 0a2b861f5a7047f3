"""TCP: options, connecting, and the stream over a socket that never blocks."""

from __future__ import annotations

import errno
import ipaddress
import math
import os
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, InvalidValueError, UnsupportedError, from_os_error
from .deadline import Deadline
from .pacing import Pacer
from .readiness import Readiness, pause
from .resolver import ResolvedAddress, resolve

__all__ = ["TcpOptions", "TcpStream", "connect"]

# A process that has SIGPIPE back at its default, as many command-line programs do, must not die of a closed connection.
_SEND_FLAGS: Final = getattr(socket, "MSG_NOSIGNAL", 0)
# struct linger has two ints, on Windows two unsigned shorts.
_LINGER: Final = "HH" if os.name == "nt" else "ii"
# Seconds; RFC 8305 section 8 recommends so many between two attempts.
_NEXT_ATTEMPT: Final = 0.25
# What a connect that does not wait answers, on POSIX and on Windows.
_UNDER_WAY: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK)
_LARGEST_INT: Final = 2**31 - 1
_HARD_CLOSE: Final = struct.pack(_LINGER, 1, 0)


@dataclass(frozen=True, slots=True)
class TcpOptions:
    """Where to connect, from where, and with which socket options. Options of 0 or ``""`` leave the system's choice."""

    host: str
    """A name or an address literal."""
    port: int
    local_host: str = ""
    local_port: int = 0
    use_ipv6: int = 0
    """0 IPv4 only, 1 IPv6 only, 2 IPv6 first and IPv4 behind it."""
    no_delay: bool = True
    keep_alive: bool = False
    keep_alive_time_ms: int = 0
    """Idle milliseconds before the first probe; implies ``keep_alive``. Rounded up to whole seconds."""
    keep_alive_interval_ms: int = 0
    """Milliseconds between probes; implies ``keep_alive``. Rounded up to whole seconds."""
    linger: bool = True
    """False: closing drops what was not yet sent and resets the connection."""
    linger_time: int = 0
    """Seconds that closing may take to send what is left."""
    receive_buffer: int = 0
    """Octets of SO_RCVBUF."""
    send_buffer: int = 0
    """Octets of SO_SNDBUF."""
    max_transfer_rate: int = 0
    """Octets a second, in each direction by itself."""


class TcpStream:
    """A connected socket as a :class:`~ssmtp_compat.net.stream.Stream`."""

    def __init__(self, sock: socket.socket, max_transfer_rate: int = 0) -> None:
        """Take ``sock`` over. ``max_transfer_rate`` is in octets a second, 0 without limit."""
        sock.setblocking(False)
        self._socket = sock
        self._arrivals = Readiness(readable=sock)
        self._open = True
        self._sending = Pacer(max_transfer_rate) if max_transfer_rate else None
        self._receiving = Pacer(max_transfer_rate) if max_transfer_rate else None
        self._local = _endpoint(sock.getsockname)
        self._peer = _endpoint(sock.getpeername)

    @property
    def socket(self) -> socket.socket:
        """The socket underneath, for reading its options. It stays the stream's."""
        return self._socket

    @property
    def local_address(self) -> str:
        return self._local[0]

    @property
    def local_port(self) -> int:
        return self._local[1]

    @property
    def peer_address(self) -> str:
        return self._peer[0]

    def read(self, limit: int, deadline: Deadline) -> bytes:
        if not self._open:
            raise _closed()
        deadline.progress()
        if self._receiving is not None:
            limit = min(limit, self._receiving.burst)
            pause(self._receiving.wait(0), deadline)
        while True:
            # Asked first, because an answer is hardly ever there before it is waited for.
            self._arrivals.wait(deadline)
            try:
                data = self._socket.recv(limit)
            except BlockingIOError:
                continue  # a readiness that was none
            except OSError as error:
                raise from_os_error(error, deadline.doing or f"reading from {self.peer_address}") from error
            else:
                deadline.progress()
                if self._receiving is not None:
                    self._receiving.wait(len(data))
                return data

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        if not self._open:
            raise _closed()
        deadline.progress()
        if not seconds:
            return self._arrivals.now(deadline)
        return self._arrivals.wait(deadline, at_most=seconds)

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        if not self._open:
            raise _closed()
        deadline.resume()
        if self._sending is None:
            self._send(data, deadline)
            return
        with memoryview(data) as octets:
            for start in range(0, len(octets), self._sending.burst):
                burst = octets[start : start + self._sending.burst]
                pause(self._sending.wait(len(burst)), deadline)
                self._send(burst, deadline)

    def close(self) -> None:
        if self._open:
            self._open = False
            # The connection may have broken before; the descriptor is given back all the same.
            with suppress(OSError):
                self._socket.close()

    def abort(self) -> None:
        if self._open:
            # Or closing might wait to send what is left. Fails where the connection is gone, and then is not needed.
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_CLOSE)
            self.close()

    def _send(self, data: bytes | memoryview, deadline: Deadline) -> None:
        rest = data
        while rest:
            try:
                sent = self._socket.send(rest, _SEND_FLAGS)
            except BlockingIOError:
                Readiness(writable=(self._socket,)).wait(deadline)
                continue
            except OSError as error:
                raise from_os_error(error, deadline.doing or f"sending to {self.peer_address}") from error
            deadline.progress()
            if sent == len(rest):  # as nearly always for what is short, which needs no view on what is left of it
                return
            deadline.check()
            rest = memoryview(rest)[sent:]


def connect(options: TcpOptions, deadline: Deadline) -> TcpStream:
    """Connect to the address of ``options.host`` that answers first.

    The deadline holds for all of it: looking up the name and trying its addresses. They are tried in their order, each
    when the one before has failed or has not answered for a quarter of a second, and what is begun goes on meanwhile
    (RFC 8305): an address that swallows packets costs no more than that.

    Raises :class:`ConnectionFailedError` (the last failure; 102 where the name leads to the null address),
    :class:`OperationTimeoutError` and :class:`OperationInterruptedError`.
    """
    target = f"{options.host} port {options.port}"
    deadline.progress()
    addresses = resolve(options.host, options.port, options.use_ipv6, deadline)
    usable = [address for address in addresses if not _is_null(address.ip)]
    if not usable:
        raise ConnectionFailedError(ErrorCode.NULL_ADDRESS, f"While connecting to {target} ({addresses[0].ip}).")
    return TcpStream(_race(options, usable, deadline), options.max_transfer_rate)


def _race(options: TcpOptions, addresses: list[ResolvedAddress], deadline: Deadline) -> socket.socket:
    """The socket of the first address that answers; all others are closed."""
    leaving = f" from local port {options.local_port}" if options.local_port else ""
    waiting = deque(addresses)
    running: dict[socket.socket, str] = {}  # and what is being done with it
    failure: ConnectionFailedError | None = None
    try:
        with deadline.during(deadline.doing):
            while waiting or running:
                try:
                    if waiting:
                        address = waiting.popleft()
                        deadline.doing = f"connecting to {options.host} port {options.port} ({address.ip}){leaving}"
                        running[_begin_connecting(options, address, deadline)] = deadline.doing
                    if (connected := _settled(running, deadline, _NEXT_ATTEMPT if waiting else math.inf)) is not None:
                        return connected
                except ConnectionFailedError as error:
                    failure = error
    finally:
        for sock in running:
            sock.close()
    raise failure or AssertionError("no address was tried")


def _begin_connecting(options: TcpOptions, address: ResolvedAddress, deadline: Deadline) -> socket.socket:
    try:
        sock = socket.socket(address.family, socket.SOCK_STREAM)
    except OSError as error:  # a family that this host lacks, or no descriptor left
        raise from_os_error(error, deadline.doing) from error
    try:
        sock.setblocking(False)
        _set_options(sock, options)
        if options.local_host or options.local_port:
            _bind(sock, options, address, deadline)
        number = sock.connect_ex(address.sockaddr)
    except BaseException:
        sock.close()
        raise
    if number and number not in _UNDER_WAY:
        sock.close()
        raise from_os_error(OSError(number, os.strerror(number)), deadline.doing)
    return sock


def _settled(running: dict[socket.socket, str], deadline: Deadline, seconds: float) -> socket.socket | None:
    """Wait for an answer and take its socket out of ``running``: return it, or raise why it has failed.

    None when ``seconds`` are over, and when nothing runs.
    """
    if not running or not Readiness(writable=(*running,)).wait(deadline, at_most=seconds):
        return None
    # Of several that have answered it is the first in their order. One alone need not be asked again.
    sock = next(sock for sock in running if len(running) == 1 or Readiness(writable=(sock,)).now(deadline))
    doing = running.pop(sock)
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not number:
        return sock
    sock.close()
    raise from_os_error(OSError(number, os.strerror(number)), doing)


def _bind(sock: socket.socket, options: TcpOptions, address: ResolvedAddress, deadline: Deadline) -> None:
    ipv6 = address.family == socket.AF_INET6
    local_host = options.local_host or ("::" if ipv6 else "0.0.0.0")  # noqa: S104  every interface, as without a bind
    local = resolve(local_host, options.local_port, int(ipv6), deadline)[0]
    if options.local_port and os.name == "posix":
        # Or the port could not be used again for a minute: who closes a connection first keeps its end in TIME_WAIT.
        # Two connections from it to the same server stay impossible. On Windows the option would take the port away
        # from whoever has it.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(local.sockaddr)
    except OSError as error:
        raise from_os_error(error, f"binding to local host {local_host} port {options.local_port}") from error


def _set_options(sock: socket.socket, options: TcpOptions) -> None:
    _set(sock, socket.IPPROTO_TCP, "TCP_NODELAY", int(options.no_delay))
    if options.keep_alive or options.keep_alive_time_ms or options.keep_alive_interval_ms:
        _set(sock, socket.SOL_SOCKET, "SO_KEEPALIVE", 1)
    if options.keep_alive_time_ms:
        name = "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE"  # the latter on macOS
        _set(sock, socket.IPPROTO_TCP, name, math.ceil(options.keep_alive_time_ms / 1000))
    if options.keep_alive_interval_ms:
        _set(sock, socket.IPPROTO_TCP, "TCP_KEEPINTVL", math.ceil(options.keep_alive_interval_ms / 1000))
    if options.receive_buffer:
        _set(sock, socket.SOL_SOCKET, "SO_RCVBUF", options.receive_buffer)
    if options.send_buffer:
        _set(sock, socket.SOL_SOCKET, "SO_SNDBUF", options.send_buffer)
    if not options.linger:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_CLOSE)
    elif options.linger_time:
        _set_linger(sock, options.linger_time)


def _set(sock: socket.socket, level: int, name: str, value: int) -> None:
    number = getattr(socket, name, None)
    if number is None:
        raise UnsupportedError(ErrorCode.NOT_SUPPORTED, f"This platform has no socket option {name}.")
    if not 0 <= value <= _LARGEST_INT:
        raise _refused(name, value, f"0 to {_LARGEST_INT} is possible")
    try:
        sock.setsockopt(level, number, value)
    except OSError as error:
        raise _refused(name, value, str(error)) from error


def _set_linger(sock: socket.socket, seconds: int) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, seconds))
    except (OSError, struct.error) as error:
        raise _refused("SO_LINGER", seconds, str(error)) from error


def _closed() -> ConnectionFailedError:
    return ConnectionFailedError(ErrorCode.NOT_CONNECTED, "The connection was closed.")


def _refused(name: str, value: int, reason: str) -> InvalidValueError:
    text = f"The system does not take {value} for the socket option {name}: {reason}."
    return InvalidValueError(ErrorCode.INVALID_VALUE, text)


def _endpoint(name: Callable[[], object]) -> tuple[str, int]:
    """Address and port out of what ``getsockname`` answers; a socket pair's has neither."""
    try:
        sockaddr = name()
    except OSError:  # the connection may have broken already; the first read says so
        return "", 0
    if isinstance(sockaddr, tuple):
        return str(sockaddr[0]), int(sockaddr[1])
    return "", 0


def _is_null(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_unspecified
