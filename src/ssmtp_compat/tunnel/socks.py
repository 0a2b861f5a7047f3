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
from ..net.resolver import resolve
from ..net.stream import Stream
from .options import ProxyKind, TunnelError, TunnelOptions

__all__ = ["connect_socks4", "connect_socks5"]

_CONNECT: Final = 1
_GRANTED_4: Final = 0x5A
_REFUSALS_4: Final = {
    0x5B: "rejected the request or failed to connect",
    0x5C: "rejected the request, because it finds no identd here",
    0x5D: "rejected the request, because identd names another user",
}
# An address that cannot be, which says that a name follows (SOCKS4A).
_NAME_FOLLOWS: Final = b"\0\0\0\1"

_NO_AUTHENTICATION: Final = 0
_USER_AND_PASSWORD: Final = 2
_NONE_ACCEPTABLE: Final = 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4
_REFUSALS_5: Final = {
    1: "reports a general failure",
    2: "does not allow this connection by its rules",
    3: "reports: network unreachable",
    4: "reports: host unreachable",
    5: "reports: connection refused",
    6: "reports: time to live expired",
    7: "does not support CONNECT",
    8: "does not support this type of address",
}
_MOST: Final = 255
"""Octets of a name, a user or a password, whose length is one octet."""


def connect_socks4(stream: Stream, options: TunnelOptions, host: str, port: int, deadline: Deadline) -> None:
    """Ask the proxy at the other end of ``stream`` for a connection to ``host`` and ``port``.

    Raises :class:`TunnelError` (118) when the proxy refuses or breaks the protocol, :class:`InvalidValueError` (20005)
    for what the protocol cannot carry, and what the stream raises.
    """
    user = _field(options.user, "FirewallUser")
    if options.kind is ProxyKind.SOCKS4A or options.resolve_remotely:
        address, name = _address_4(host), b""
        if address is None:
            address, name = _NAME_FOLLOWS, _field(host, "MailServer") + b"\0"
    else:
        found = resolve(host, port, 0, deadline)[0]
        address, name = ipaddress.IPv4Address(found.ip).packed, b""
    stream.write(struct.pack("!BBH", 4, _CONNECT, port) + address + user + b"\0" + name, deadline)
    version, code = _read(stream, 8, options, deadline)[:2]
    if version != 0:  # the version of the answer, not of the protocol
        raise TunnelError(options.kind, f"answered with {version}, which is no SOCKS4")
    if code != _GRANTED_4:
        raise TunnelError(options.kind, _REFUSALS_4.get(code, f"answered with code {code}"))


def connect_socks5(stream: Stream, options: TunnelOptions, host: str, port: int, deadline: Deadline) -> None:
    """As :func:`connect_socks4`. A user is told to a proxy that asks for one only."""
    methods = [_NO_AUTHENTICATION] + [_USER_AND_PASSWORD] * bool(options.user)
    stream.write(bytes((5, len(methods), *methods)), deadline)
    version, method = _read(stream, 2, options, deadline)
    _check_version(version, 5, options)
    if method == _NONE_ACCEPTABLE:
        offered = "neither going without a user nor user and password" if options.user else "nobody without a user"
        raise TunnelError(options.kind, f"accepts {offered}")
    if method not in methods:
        raise TunnelError(options.kind, f"chose the login method {method}, which was not offered")
    if method == _USER_AND_PASSWORD:
        _log_in(stream, options, deadline)
    address = _address_5(options, host, port, deadline)
    stream.write(bytes((5, _CONNECT, 0)) + address + struct.pack("!H", port), deadline)
    version, code, _, kind = _read(stream, 4, options, deadline)
    _check_version(version, 5, options)
    if code:
        # Nothing is read behind a refusal: proxies leave the rest out, or close.
        raise TunnelError(options.kind, _REFUSALS_5.get(code, f"answered with code {code}"))
    if kind == _NAME:
        size = _read(stream, 1, options, deadline)[0]
    elif kind in (_IPV4, _IPV6):
        size = 4 if kind == _IPV4 else 16
    else:
        raise TunnelError(options.kind, f"answered with an address of type {kind}, which does not exist")
    _read(stream, size + 2, options, deadline)


def _log_in(stream: Stream, options: TunnelOptions, deadline: Deadline) -> None:
    user, password = _field(options.user, "FirewallUser"), _field(options.password, "FirewallPassword")
    stream.write(bytes((1, len(user))) + user + bytes((len(password),)) + password, deadline)
    version, status = _read(stream, 2, options, deadline)
    _check_version(version, 1, options)
    if status:
        raise TunnelError(options.kind, "refuses FirewallUser and FirewallPassword")


def _address_5(options: TunnelOptions, host: str, port: int, deadline: Deadline) -> bytes:
    if options.resolve_remotely:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            name = _field(host, "MailServer")
            return bytes((_NAME, len(name))) + name
    else:
        address = ipaddress.ip_address(resolve(host, port, options.use_ipv6, deadline)[0].ip.partition("%")[0])
    return bytes((_IPV4 if address.version == 4 else _IPV6,)) + address.packed


def _address_4(host: str) -> bytes | None:
    try:
        return ipaddress.IPv4Address(host).packed
    except ValueError:
        return None


def _field(text: str, what: str) -> bytes:
    encoded = text.encode("idna") if what == "MailServer" else text.encode("utf-8")
    if len(encoded) > _MOST or b"\0" in encoded:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"{what} has to be {_MOST} octets at most for a SOCKS proxy, and none of them NUL."
        )
    return encoded


def _check_version(found: int, wanted: int, options: TunnelOptions) -> None:
    if found != wanted:
        raise TunnelError(options.kind, f"answered with version {found} in place of {wanted}; it may be another kind")


def _read(stream: Stream, octets: int, options: TunnelOptions, deadline: Deadline) -> bytes:
    data = b""
    while len(data) < octets:
        piece = stream.read(octets - len(data), deadline)
        if not piece:
            raise TunnelError(options.kind, "closed the connection in place of an answer")
        data += piece
    return data
