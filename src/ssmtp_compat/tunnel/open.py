"""Opening the way through a proxy."""

from __future__ import annotations

from ..errors import OperationTimeoutError
from ..net.deadline import Deadline
from ..net.stream import Stream
from .options import AddressRefusedError, Dial, ProxyKind, TunnelOptions
from .target import Target, find_targets

__all__ = ["open_tunnel"]


def open_tunnel(dial: Dial, options: TunnelOptions, host: str, port: int, deadline: Deadline) -> Stream:
    """Connect to ``host`` and ``port`` through a proxy to which ``dial`` connects; the stream has nothing of its talk.

    Of several addresses of ``host`` that were found on this side the next is tried, over a new connection, where the
    proxy does not get to one. While there are further ones, an address gets an even share of the time left: a
    proxy may wait for minutes on an address that swallows packets.

    Raises what :func:`target.find_targets`, :func:`socks.connect_socks` and :func:`http_connect.connect_http` raise,
    and what ``dial`` raises; nothing is left open then.
    """
    with deadline.during(f"asking the {options.kind.value} {options.host} for {host} port {port}"):
        *others, last = find_targets(options, host, port, deadline)
        for position, target in enumerate(others):
            left = deadline.remaining()
            share = left / (len(others) + 1 - position) if left is not None else 0
            try:
                stream = _open(dial, options, target, port, deadline.part(share))
            except (AddressRefusedError, OperationTimeoutError):
                deadline.check()
            else:
                deadline.progress()
                return stream
        return _open(dial, options, last, port, deadline)


def _open(dial: Dial, options: TunnelOptions, target: Target, port: int, deadline: Deadline) -> Stream:
    if options.kind is ProxyKind.HTTP:
        from .http_connect import connect_http  # it loads h11, which the others do not need

        return connect_http(dial, options, target, port, deadline)
    from .socks import connect_socks

    return connect_socks(dial, options, target, port, deadline)
