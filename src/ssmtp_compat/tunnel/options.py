"""Which proxy, and how to speak to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, SSMTPError
from ..net.deadline import Deadline
from ..net.stream import Stream

__all__ = ["AddressRefusedError", "Dial", "ProxyKind", "TunnelError", "TunnelOptions", "login_octets"]

Dial: TypeAlias = Callable[[Deadline], Stream]
"""Connects to the proxy."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


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
    """More header fields of the CONNECT request, which may hold a secret; in ISO 8859-1."""
    resolve_remotely: bool = False
    """Whether the proxy looks the mail server's name up. HTTP and SOCKS4A proxies always do."""
    use_ipv6: int = 0
    """For the look-up on this side, as :func:`net.resolver.resolve` takes it."""

    @property
    def can_log_in(self) -> bool:
        """Whether there is something to tell a proxy that asks. A token in place of a password needs no user."""
        return bool(self.user or self.password)


class TunnelError(SSMTPError):
    """The proxy refused the tunnel, or broke it: code 118. The connection to it is of no more use."""

    def __init__(self, kind: ProxyKind, reason: str) -> None:
        super().__init__(ErrorCode.FIREWALL, f"{_BEGINNING}: The {kind.value} {reason}.")


class AddressRefusedError(TunnelError):
    """The proxy does not get to this address; it may get to another one of the same server."""


_BEGINNING: Final = "Firewall error"


def login_octets(text: str, what: str) -> bytes:
    """A user or password as it goes out: UTF-8, or the very octets of a URL that are none.

    Raises :class:`InvalidValueError` (20005), with nothing of it in the text, for control characters: RFC 7617 2 bars
    them, and proxies write users into their logs.
    """
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        octets = b"\0"
    if _CONTROL.search(octets.decode("latin-1")):
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{what} has a control character, which no proxy can be told.")
    return octets
