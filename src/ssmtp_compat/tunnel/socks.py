"""SOCKS4, SOCKS4A and SOCKS5 (RFC 1928, RFC 1929), as a client that asks for one connection.

Exactly the octets of each answer are read and none behind it: the mail server's greeting may follow at once.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..net.deadline import Deadline
from ..net.stream import Stream
from .options import AddressRefusedError, Dial, ProxyKind, TunnelError, TunnelOptions, login_octets
from .target import Target

__all__ = ["connect_socks"]

_CONNECT: Final = 1
_GRANTED_4: Final = 0x5A
_FAILED_4: Final = 0x5B
_REFUSALS_4: Final = {
    _FAILED_4: "rejected the request or failed to connect",
    0x5C: "rejected the request, because it finds no identd here",
    0x5D: "rejected the request, because identd names another user",
}
# An address that cannot be, which says that a name follows (SOCKS4A).
_NAME_FOLLOWS: Final = b"\0\0\0\1"

_NO_AUTHENTICATION: Final = 0
_USER_AND_PASSWORD: Final = 2
_NONE_ACCEPTABLE: Final = 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NOT_ALLOWED, _NO_CONNECT = 2, 7
_REFUSALS_5: Final = {
    1: "reports a general failure",
    _NOT_ALLOWED: "does not allow this connection by its rules",
    3: "reports: network unreachable",
    4: "reports: host unreachable",
    5: "reports: connection refused",
    6: "reports: time to live expired",
    _NO_CONNECT: "does not support CONNECT",
    8: "does not support this type of address",
}
_MOST: Final = 255
"""Octets of a user or a password, whose length is one octet (RFC 1929 2). Names are no longer either."""


def connect_socks(dial: Dial, options: TunnelOptions, target: Target, port: int, deadline: Deadline) -> Stream:
    """Ask the proxy to which ``dial`` connects for a connection to ``target`` and ``port``.

    A user is told to a SOCKS5 proxy that asks for one only. Raises :class:`TunnelError` (118) when the proxy refuses or
    breaks the protocol, :class:`InvalidValueError` (20005) for what the protocol cannot carry, and what the stream
    raises; nothing is left open then.
    """
    user = login_octets(options.user, "FirewallUser")
    password = login_octets(options.password, "FirewallPassword")
    talk = _Talk(dial(deadline), options.kind, deadline)
    try:
        if options.kind is ProxyKind.SOCKS5:
            talk.log_in((user, password) if options.can_log_in else None)
            talk.connect_5(target, port)
        else:
            talk.connect_4(target, port, user)
    except BaseException:
        talk.stream.abort()
        raise
    return talk.stream


class _Talk:
    """The requests and answers over one connection."""

    def __init__(self, stream: Stream, kind: ProxyKind, deadline: Deadline) -> None:
        self.stream = stream
        self._kind = kind
        self._deadline = deadline

    def connect_4(self, target: Target, port: int, user: bytes) -> None:
        if isinstance(target, ipaddress.IPv4Address):
            address, name = target.packed, b""
        else:
            address, name = _NAME_FOLLOWS, str(target).encode("ascii") + b"\0"
        self.stream.write(struct.pack("!BBH", 4, _CONNECT, port) + address + user + b"\0" + name, self._deadline)
        # The rest of an answer is read behind a yes only: with a refusal some proxies leave it out.
        version, code = self._read(2, AddressRefusedError)
        if version != 0:  # the version of the answer, not of the protocol
            raise TunnelError(self._kind, f"answered with {version}, which is no SOCKS4")
        if code != _GRANTED_4:
            refused = AddressRefusedError if code == _FAILED_4 else TunnelError
            raise refused(self._kind, _REFUSALS_4.get(code, f"answered with code {code}"))
        self._read(6)

    def log_in(self, login: tuple[bytes, bytes] | None) -> None:
        methods = [_NO_AUTHENTICATION] + [_USER_AND_PASSWORD] * bool(login)
        self.stream.write(bytes((5, len(methods), *methods)), self._deadline)
        version, method = self._read(2)
        self._check_version(version, 5)
        if method == _NONE_ACCEPTABLE:
            accepts = "neither going without a user nor user and password" if login else "nobody without a user"
            raise TunnelError(self._kind, f"accepts {accepts}")
        if method not in methods:
            raise TunnelError(self._kind, f"chose the login method {method}, which was not offered")
        if method == _USER_AND_PASSWORD and login:
            self._tell(*login)

    def _tell(self, user: bytes, password: bytes) -> None:
        if max(len(user), len(password)) > _MOST:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"FirewallUser and FirewallPassword have {_MOST} octets at most in SOCKS5."
            )
        message = bytes((1, len(user))) + user + bytes((len(password),)) + password
        self.stream.write(message, self._deadline)
        version, status = self._read(2)
        self._check_version(version, 1)
        if status:
            raise TunnelError(self._kind, "refuses FirewallUser and FirewallPassword")

    def connect_5(self, target: Target, port: int) -> None:
        if isinstance(target, str):
            address = bytes((_NAME, len(target))) + target.encode("ascii")
        else:
            address = bytes((_IPV4 if target.version == 4 else _IPV6,)) + target.packed
        self.stream.write(bytes((5, _CONNECT, 0)) + address + struct.pack("!H", port), self._deadline)
        version, code = self._read(2, AddressRefusedError)  # OpenSSH closes in place of a refusal
        self._check_version(version, 5)
        if code:
            refused = TunnelError if code in (_NOT_ALLOWED, _NO_CONNECT) else AddressRefusedError
            raise refused(self._kind, _REFUSALS_5.get(code, f"answered with code {code}"))
        kind = self._read(2)[1]
        if kind == _NAME:
            size = self._read(1)[0]
        elif kind in (_IPV4, _IPV6):
            size = 4 if kind == _IPV4 else 16
        else:
            raise TunnelError(self._kind, f"answered with an address of type {kind}, which does not exist")
        self._read(size + 2)

    def _check_version(self, found: int, wanted: int) -> None:
        if found != wanted:
            text = f"answered with version {found} in place of {wanted}; it may be another kind"
            raise TunnelError(self._kind, text)

    def _read(self, octets: int, closed: type[TunnelError] = TunnelError) -> bytes:
        data = b""
        while len(data) < octets:
            piece = self.stream.read(octets - len(data), self._deadline)
            if not piece:
                raise closed(self._kind, "closed the connection in place of an answer")
            data += piece
        return data
