"""A small file from the web by way of an HTTP proxy (RFC 9112 3.2.2).

Not through CONNECT, which nearly every proxy refuses for the web's own port 80.
"""

from __future__ import annotations

from dataclasses import replace

from ..net.deadline import Deadline
from ..net.web_request import WebRequest, not_fetched
from .http_talk import ProxyRequest, ask_proxy
from .options import Dial, TunnelOptions

__all__ = ["forward"]


def forward(dial: Dial, options: TunnelOptions, request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
    """Have the proxy to which ``dial`` connects make ``request``; returns status and body of the answer.

    Of the fields of ``options`` those go along that are for a proxy (``Proxy-``); the others are for the tunnel to the
    mail server and no business of whoever publishes the file. Raises as :func:`ask_proxy` does, and
    :class:`ConnectionFailedError` for an answer that is too large.
    """
    for_proxies = tuple(field for field in options.headers if field[0].lower().startswith("proxy-"))
    options = replace(options, headers=for_proxies)
    with deadline.during(f"asking the {options.kind.value} {options.host} for {request.url}"):
        asked = ProxyRequest(request.method, request.url, options, request.headers, request.body)
        talk, response = ask_proxy(dial, options, asked, deadline)
        try:
            body = talk.body(request.most) if response.status_code == 200 else b""
        finally:
            talk.stream.close()
    if body is None:
        raise not_fetched(f"it has more than {request.most} octets")
    return response.status_code, body
