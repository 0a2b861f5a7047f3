"""Which proxy, and how to speak to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError

__all__ = ["ProxyKind", "TunnelError", "TunnelOptions"]


class ProxyKind(Enum):
    """The protocol of a proxy; the value is its name for people."""

    HTTP = "HTTP proxy"
    SOCKS4 = "SOCKS4 proxy"
    SOCKS4A = "SOCKS4A proxy"
    SOCKS5 = "SOCKS5 proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelOptions:
    """One proxy."""

    kind: ProxyKind
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """More header fields of the CONNECT request, which may hold a secret."""
    resolve_remotely: bool = False
    """Whether the proxy looks the mail server's name up. HTTP and SOCKS4A proxies always do."""
    use_ipv6: int = 0
    """For the look-up on this side, as :func:`net.resolver.resolve` takes it."""


class TunnelError(SSMTPError):
    """The proxy refused the tunnel, or broke it: code 118. The connection to it is of no more use."""

    def __init__(self, kind: ProxyKind, reason: str) -> None:
        super().__init__(ErrorCode.FIREWALL, f"{_BEGINNING}: The {kind.value} {reason}.")


_BEGINNING: Final = "Firewall error"
