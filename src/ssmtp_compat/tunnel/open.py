"""Opening the way through a proxy."""

from __future__ import annotations

from collections.abc import Callable

from ..net.deadline import Deadline
from ..net.stream import Stream
from .options import AddressRefusedError, ProxyKind, TunnelOptions
from .target import Target, find_targets

__all__ = ["open_tunnel"]


def open_tunnel(dial: Callable[[], Stream], options: TunnelOptions, host: str, port: int, deadline: Deadline) -> Stream:
    """Connect to ``host`` and ``port`` through a proxy to which ``dial`` connects; the stream has nothing of its talk.

    Of several addresses of ``host`` that were found on this side the next is tried, over a new connection, where the
    proxy does not get to one. Raises what :func:`target.find_targets`, :func:`socks.connect_socks` and
    :func:`http_connect.connect_http` raise, and what ``dial`` raises; nothing is left open then.
    """
    with deadline.during(f"asking the {options.kind.value} {options.host} for {host} port {port}"):
        *others, last = find_targets(options, host, port, deadline)
        for target in others:
            try:
                return _open(dial, options, target, port, deadline)
            except AddressRefusedError:
                continue
        return _open(dial, options, last, port, deadline)


def _open(dial: Callable[[], Stream], options: TunnelOptions, target: Target, port: int, deadline: Deadline) -> Stream:
    if options.kind is ProxyKind.HTTP:
        from .http_connect import connect_http  # it loads h11, which the others do not need

        return connect_http(dial, options, target, port, deadline)
    from .socks import connect_socks

    return connect_socks(dial, options, target, port, deadline)
