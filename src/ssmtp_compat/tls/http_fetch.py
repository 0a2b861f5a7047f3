"""Getting a small file over HTTP (RFC 9112), under a deadline like everything else that waits."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import h11

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError
from ..net.deadline import Deadline
from ..net.tcp import TcpOptions, connect

__all__ = ["fetch"]

MAXIMUM_SIZE: Final = 16 * 1024 * 1024
"""Octets of a body; the lists of the largest authorities have a few million."""
_SECONDS: Final = 10.0
"""For one file as a whole, however long the method may wait: the mail is what it is about."""
_READ: Final = 65536
_PORT: Final = 80


def fetch(url: str, request_body: bytes = b"", *, whole: Deadline) -> bytes:
    """The body of an ``http`` URL. ``whole`` is the deadline of the method, an interrupt of which ends this too.

    With a ``request_body``, which is a DER OCSPRequest, that is posted (RFC 6960 A.1).

    Raises :class:`ConnectionFailedError` for an answer other than 200, for one that breaks HTTP and for a body that is
    too large, and what :func:`net.tcp.connect` and its stream raise. Redirections are not followed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORT
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [("Host", parts.netloc.rpartition("@")[2]), ("Connection", "close")]
        if request_body:
            headers += [("Content-Type", "application/ocsp-request"), ("Content-Length", str(len(request_body)))]
        request = h11.Request(method="POST" if request_body else "GET", target=target, headers=headers)
    except (ValueError, h11.LocalProtocolError) as error:
        raise _failed(f"{url!r} is no URL that can be fetched") from error
    left = whole.remaining()
    deadline = Deadline(min(_SECONDS, left or _SECONDS), absolute=True, cancel=whole.cancel, doing=f"fetching {url}")
    stream = connect(TcpOptions(host, port), deadline)
    connection = h11.Connection(h11.CLIENT)
    body = bytearray()
    try:
        events = (request, h11.Data(data=request_body), h11.EndOfMessage())
        stream.write(b"".join(connection.send(event) or b"" for event in events), deadline)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(stream.read(_READ, deadline))
            elif isinstance(event, h11.Response) and event.status_code != 200:
                raise _failed(f"the answer is {event.status_code}")
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAXIMUM_SIZE:
                    raise _failed(f"it has more than {MAXIMUM_SIZE} octets")
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return bytes(body)
    except h11.ProtocolError as error:
        raise _failed(f"the answer breaks HTTP ({error})") from error
    finally:
        stream.close()
        whole.progress()  # this wait was our own, and not the mail server's silence


def _failed(reason: str) -> ConnectionFailedError:
    return ConnectionFailedError(ErrorCode.COMMUNICATION, f"It cannot be fetched: {reason}.")
