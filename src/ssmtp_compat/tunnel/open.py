"""Opening the way through a proxy."""

from __future__ import annotations

from collections.abc import Callable

from ..net.deadline import Deadline
from ..net.stream import Stream
from .options import ProxyKind, TunnelOptions

__all__ = ["open_tunnel"]


def open_tunnel(dial: Callable[[], Stream], options: TunnelOptions, host: str, port: int, deadline: Deadline) -> Stream:
    """Connect to ``host`` and ``port`` through a proxy to which ``dial`` connects; the stream has nothing of its talk.

    Raises what :func:`socks.connect_socks4` and :func:`http_connect.connect_http` raise, and what ``dial`` raises;
    nothing is left open then.
    """
    with deadline.during(f"asking the {options.kind.value} {options.host} for {host} port {port}"):
        if options.kind is ProxyKind.HTTP:
            from .http_connect import connect_http  # it loads h11, which the others do not need

            return connect_http(dial, options, host, port, deadline)
        from .socks import connect_socks4, connect_socks5

        stream = dial()
        try:
            ask = connect_socks5 if options.kind is ProxyKind.SOCKS5 else connect_socks4
            ask(stream, options, host, port, deadline)
        except BaseException:
            stream.abort()
            raise
        return stream
