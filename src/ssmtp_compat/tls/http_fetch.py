"""Getting a small file over HTTP (RFC 9112), under a deadline like everything else that waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import h11

from ..net.deadline import Deadline
from ..net.stream import Stream
from ..net.tcp import TcpOptions, connect
from ..net.web_request import WebRequest, not_fetched

__all__ = ["Ask", "ask_directly", "ask_over", "fetch"]

MAXIMUM_SIZE: Final = 16 * 1024 * 1024
"""Octets of a body; the lists of the largest authorities have a few million."""
_SECONDS: Final = 10.0
"""For one file as a whole, however long the method may wait: the mail is what it is about."""
_READ: Final = 65536
_OCSP: Final = "application/ocsp-request"

Ask: TypeAlias = Callable[[WebRequest, Deadline], tuple[int, bytes]]
"""Makes a request by the way that leads to its host; returns status and body of the answer."""


def ask_directly(request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
    """Make ``request`` over a connection of its own, without a proxy."""
    return ask_over(connect(TcpOptions(request.host, request.port), deadline), request, deadline)


def fetch(url: str, request_body: bytes = b"", *, whole: Deadline, ask: Ask = ask_directly) -> bytes:
    """The body of an ``http`` URL. ``whole`` is the deadline of all that is fetched; an interrupt of it ends this too.

    With a ``request_body``, which is a DER OCSPRequest, that is posted (RFC 6960 A.1).

    Raises :class:`ConnectionFailedError` for an answer other than 200, for one that breaks HTTP and for a body that is
    too large, and what ``ask`` raises. Redirections are not followed.
    """
    request = WebRequest.parse(url, request_body, _OCSP, MAXIMUM_SIZE)
    deadline = whole.part(_SECONDS)
    with deadline.during(f"fetching {url}"):
        status, body = ask(request, deadline)
    if status != 200:
        raise not_fetched(f"the answer is {status}")
    return body


def ask_over(stream: Stream, request: WebRequest, deadline: Deadline) -> tuple[int, bytes]:
    """Make ``request`` over ``stream``, which leads to its server and is closed behind it.

    Raises :class:`ConnectionFailedError` for an answer that breaks HTTP or is too large, and what ``stream`` raises.
    """
    connection = h11.Connection(h11.CLIENT)
    body = bytearray()
    status = 0
    try:
        headers = [*request.headers, (b"Connection", b"close")]
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        events = (head, h11.Data(data=request.body), h11.EndOfMessage())
        stream.write(b"".join(connection.send(event) or b"" for event in events), deadline)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(stream.read(_READ, deadline))
            elif isinstance(event, h11.Response):
                status = event.status_code
                if status != 200:
                    return status, b""
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > request.most:
                    raise not_fetched(f"it has more than {request.most} octets")
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return status, bytes(body)
    except h11.ProtocolError as error:
        raise not_fetched(f"the answer breaks HTTP ({error})") from error
    finally:
        stream.close()
