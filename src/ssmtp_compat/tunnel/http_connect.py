"""HTTP CONNECT (RFC 9110 9.3.6): a tunnel through an HTTP proxy."""

from __future__ import annotations

import ipaddress
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..net.deadline import Deadline
from ..net.stream import Stream
from .http_talk import ProxyRequest, ask_proxy
from .options import Dial, TunnelOptions
from .replayed import Replayed
from .target import Target

__all__ = ["connect_http"]

_UNAUTHORIZED: Final = 401
"""What tinyproxy answers to a wrong password."""
_OURS: Final = ("host", "content-length", "transfer-encoding", "trailer", "upgrade")
"""Fields that say where the request goes and how long it is."""


def connect_http(dial: Dial, options: TunnelOptions, target: Target, port: int, deadline: Deadline) -> Stream:
    """Ask an HTTP proxy for a tunnel to ``target`` and ``port``, and return the stream through it.

    ``dial`` connects to the proxy. Raises as :func:`ask_proxy` does, also with :class:`TunnelError` (118) for a proxy
    that refuses the tunnel, and with :class:`InvalidValueError` (20005) for fields that are not the caller's to set.
    """
    names = [name.lower() for name, _ in options.headers]
    for name in _OURS:
        if name in names:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"FirewallData has the field {name}, which is not for it to set."
            )
    host = f"[{target}]" if isinstance(target, ipaddress.IPv6Address) else str(target)
    authority = f"{host}:{port}"
    request = ProxyRequest("CONNECT", authority, options, [(b"Host", authority.encode("ascii"))])
    talk, response = ask_proxy(dial, options, request, deadline)
    try:
        if response.status_code == _UNAUTHORIZED:
            talk.refuse_login(response)
        if not 200 <= response.status_code < 300:
            talk.fail(f"answered: {talk.quote(response)}")
        beginning = talk.read_too_much
    except BaseException:
        talk.stream.abort()
        raise
    return Replayed(talk.stream, beginning) if beginning else talk.stream
