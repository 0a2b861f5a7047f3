"""Getting what revocation needs by the way that leads to the web, which is the mail's: through a proxy or without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..net.deadline import Deadline
from ..net.stream import Stream
from ..net.tcp import TcpOptions, connect
from ..net.web_request import WebRequest

if TYPE_CHECKING:
    from ..tunnel.options import TunnelOptions

__all__ = ["Web"]


@dataclass(frozen=True, slots=True)
class Web:
    """Where the requests start from, and which proxy they go through."""

    tcp: TcpOptions
    """Those of the connection to the mail server, of which only the local side counts."""
    proxy_for: Callable[[str], TunnelOptions | None]
    """The proxy that leads to a host; None where the way is direct."""
    remark: Callable[[str], None]
    """Is told of each request before it is made."""

    def ask(self, request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
        """Make ``request``; returns status and body of the answer. Raises what connecting, the proxy and HTTP raise."""
        proxy = self.proxy_for(request.host)
        by = f" through the {proxy.kind.value} {proxy.host} port {proxy.port}" if proxy is not None else ""
        self.remark(f"Asking {request.url}{by} about a certificate.")
        if proxy is None:
            return self._over(self._connect(request.host, request.port, deadline), request, deadline)

        def dial(deadline: Deadline) -> Stream:
            return self._connect(proxy.host, proxy.port, deadline)

        from ..tunnel.options import ProxyKind

        if proxy.kind is ProxyKind.HTTP:
            from ..tunnel.http_forward import forward

            return forward(dial, proxy, request, deadline)
        from ..tunnel.open import open_tunnel

        return self._over(open_tunnel(dial, proxy, request.host, request.port, deadline), request, deadline)

    def _connect(self, host: str, port: int, deadline: Deadline) -> Stream:
        # Not from the local port, which the mail's own connection has.
        return connect(TcpOptions(host, port, self.tcp.local_host, use_ipv6=self.tcp.use_ipv6), deadline)

    @staticmethod
    def _over(stream: Stream, request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
        from ..tls.http_fetch import ask_over

        return ask_over(stream, request, deadline)
