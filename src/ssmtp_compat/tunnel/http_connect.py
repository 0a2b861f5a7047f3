"""HTTP CONNECT (RFC 9110 9.3.6): h11 reads the answers, and what it read too much of is given back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import h11

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..net.deadline import Deadline
from ..net.stream import Stream, StreamAround
from .options import TunnelError, TunnelOptions

__all__ = ["Replayed", "connect_http"]

_READ: Final = 4096
_BEGINNING: Final = b"HTTP/"
_LONGEST_BODY: Final = 65536
"""Octets of the page behind a refusal that are read, so that the same connection can be used again."""
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_UNAUTHORIZED: Final = 401
"""What tinyproxy answers to a wrong password."""


def connect_http(
    dial: Callable[[], Stream], options: TunnelOptions, host: str, port: int, deadline: Deadline
) -> Stream:
    """Ask an HTTP proxy for a tunnel to ``host`` and ``port``, and return the stream through it.

    ``dial`` connects to the proxy. User and password (Basic, RFC 7617) are told to a proxy that asks for them only: in
    a second request, over the same connection where the proxy keeps it. Raises :class:`TunnelError` (118) with the
    proxy's own words, :class:`InvalidValueError` (20005) for what a request cannot carry, and what the stream raises.
    """
    request = _Request(options, host, port)
    stream = dial()
    try:
        attempt = _Attempt(stream, h11.Connection(h11.CLIENT), options, deadline)
        response = attempt.ask(request.plain)
        logged_in = response.status_code == _PROXY_AUTHENTICATION_REQUIRED and bool(options.user)
        if logged_in:
            _check_basic(response, options)
            if not attempt.can_go_on():
                stream.abort()
                stream = dial()
                attempt = _Attempt(stream, h11.Connection(h11.CLIENT), options, deadline)
            response = attempt.ask(request.with_login(options))
        _check_answer(response, options, logged_in=logged_in)
        return attempt.tunnel()
    except BaseException:
        stream.abort()
        raise


class _Request:
    """The CONNECT request, without login and with it."""

    def __init__(self, options: TunnelOptions, host: str, port: int) -> None:
        name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
        self._authority = f"{name}:{port}"
        self._headers = [("Host", self._authority), *options.headers]
        self.plain = self._make(self._headers)

    def with_login(self, options: TunnelOptions) -> h11.Request:
        if ":" in options.user:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "FirewallUser has a colon, which Basic authentication cannot carry (RFC 7617)."
            )
        token = base64.b64encode(f"{options.user}:{options.password}".encode()).decode("ascii")
        return self._make([*self._headers, ("Proxy-Authorization", f"Basic {token}")])

    def _make(self, headers: list[tuple[str, str]]) -> h11.Request:
        try:
            return h11.Request(method="CONNECT", target=self._authority, headers=headers)
        except h11.LocalProtocolError:
            # Without the cause: its text may quote a secret out of the fields.
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "FirewallData or MailServer cannot be part of an HTTP request."
            ) from None


class _Attempt:
    """Requests over one connection to the proxy."""

    def __init__(self, stream: Stream, connection: h11.Connection, options: TunnelOptions, deadline: Deadline) -> None:
        self._stream = stream
        self._connection = connection
        self._options = options
        self._deadline = deadline
        self._ended = False
        self._silent = True

    def ask(self, request: h11.Request) -> h11.Response:
        octets = (self._connection.send(request) or b"") + (self._connection.send(h11.EndOfMessage()) or b"")
        self._stream.write(octets, self._deadline)
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise TunnelError(self._options.kind, "closed the connection in place of an answer")

    def can_go_on(self) -> bool:
        """Read the page behind a refusal; whether another request may follow it."""
        octets = 0
        while octets <= _LONGEST_BODY:
            event = self._next()
            if isinstance(event, h11.Data):
                octets += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                if self._connection.our_state is not h11.DONE:
                    return False
                self._connection.start_next_cycle()
                return True
            else:
                return False
        return False

    def tunnel(self) -> Stream:
        """The stream behind an answer that opened it."""
        beginning, _ = self._connection.trailing_data
        return Replayed(self._stream, beginning) if beginning else self._stream

    def _next(self) -> object:
        while True:
            try:
                event = self._connection.next_event()
                if event is not h11.NEED_DATA:
                    return event
                data = self._stream.read(_READ, self._deadline)
                self._ended = not data
                if self._silent and data[: len(_BEGINNING)] != _BEGINNING[: len(data)]:
                    # Another kind of server may say its line and wait for more: so would h11, until the time is over.
                    said = _printable(data.decode("latin-1"))
                    raise TunnelError(self._options.kind, f"does not answer in HTTP but: {said}")
                self._silent = False
                self._connection.receive_data(data)
            except h11.RemoteProtocolError as error:
                if self._ended:
                    return h11.ConnectionClosed()  # in the middle of an answer, or in place of one
                raise TunnelError(self._options.kind, f"does not answer in HTTP ({_printable(str(error))})") from error


class Replayed(StreamAround):
    """A stream whose first octets were read already."""

    def __init__(self, inner: Stream, beginning: bytes) -> None:
        super().__init__(inner)
        self._beginning = beginning

    def read(self, limit: int, deadline: Deadline) -> bytes:
        if self._beginning:
            piece, self._beginning = self._beginning[:limit], self._beginning[limit:]
            return piece
        return self._inner.read(limit, deadline)

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return bool(self._beginning) or self._inner.readable_within(seconds, deadline)


def _check_answer(response: h11.Response, options: TunnelOptions, *, logged_in: bool) -> None:
    if response.status_code in (_PROXY_AUTHENTICATION_REQUIRED, _UNAUTHORIZED):
        verb = "refuses" if logged_in else "wants"
        raise TunnelError(options.kind, f"{verb} FirewallUser and FirewallPassword ({_said(response)})")
    if not 200 <= response.status_code < 300:
        raise TunnelError(options.kind, f"answered: {_said(response)}")


def _check_basic(response: h11.Response, options: TunnelOptions) -> None:
    offers = [value.decode("latin-1") for name, value in response.headers if name == b"proxy-authenticate"]
    if offers and not any(offer.lower().startswith("basic") for offer in offers):
        schemes = ", ".join(_printable(offer.partition(" ")[0]) for offer in offers)
        raise TunnelError(options.kind, f"wants another login than Basic: {schemes}")


def _said(response: h11.Response) -> str:
    return f"{response.status_code} {_printable(response.reason.decode('latin-1'))}".rstrip()


def _printable(text: str) -> str:
    """What a proxy says must not break a line of a log."""
    return "".join(character if character.isprintable() else "?" for character in text[:200])
