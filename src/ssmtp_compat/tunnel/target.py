"""Where a proxy is asked to connect to: an address, or a name that it looks up itself."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, TypeAlias

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, InvalidValueError
from ..net.deadline import Deadline
from ..net.resolver import resolve
from .options import ProxyKind, TunnelOptions

__all__ = ["Address", "Target", "find_targets"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Target: TypeAlias = Address | str
"""A name is in ASCII and has nothing in it that means more than a name to any proxy."""

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_SOCKS4: Final = (ProxyKind.SOCKS4, ProxyKind.SOCKS4A)
# 0.0.0.0 is no destination; the others say in SOCKS4A that a name follows, for which a proxy would wait for ever.
_NO_DESTINATION_4: Final = ipaddress.IPv4Network("0.0.0.0/24")


def find_targets(options: TunnelOptions, host: str, port: int, deadline: Deadline) -> list[Target]:
    """What to ask the proxy for, in the order in which to try it: the name alone where the proxy looks it up.

    Raises :class:`InvalidValueError` (20005) for what is no host name or does not go with the proxy, and
    :class:`ConnectionFailedError` (102 for the null address, and what :func:`resolve` raises).
    """
    targets: list[Target]
    if options.resolve_remotely or options.kind in (ProxyKind.HTTP, ProxyKind.SOCKS4A):
        targets = [_parse(host)]
    else:
        use_ipv6 = 0 if options.kind is ProxyKind.SOCKS4 else options.use_ipv6
        if options.kind is ProxyKind.SOCKS4 and isinstance(_parse(host), ipaddress.IPv6Address):
            raise InvalidValueError(ErrorCode.INVALID_VALUE, "A SOCKS4 proxy takes no IPv6 address; SOCKS5 does.")
        targets = [_parse(row.ip) for row in resolve(host, port, use_ipv6, deadline)]
    usable = [target for target in targets if not _is_null(target, options)]
    if not usable:
        raise ConnectionFailedError(ErrorCode.NULL_ADDRESS, f"While connecting to {host} ({targets[0]}).")
    return usable


def _parse(host: str) -> Target:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _name(host)
    # A zone means something on this host only. Certificates know none either.
    return ipaddress.IPv6Address(int(address)) if address.version == 6 else address


def _name(host: str) -> str:
    try:
        # The codec that getaddrinfo and the check of the certificate apply, so that all three mean the same server.
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{host!a} is no valid host name.")
    return name


def _is_null(target: Target, options: TunnelOptions) -> bool:
    if isinstance(target, str):
        return False
    mapped = target.ipv4_mapped if isinstance(target, ipaddress.IPv6Address) else None
    target = mapped or target
    if options.kind in _SOCKS4 and isinstance(target, ipaddress.IPv4Address):
        return target in _NO_DESTINATION_4
    return target.is_unspecified
