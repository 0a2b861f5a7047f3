"""HTTP CONNECT (RFC 9110 9.3.6): h11 reads the answers, and what it read too much of is given back."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, NoReturn

import h11

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, printable
from ..net.deadline import Deadline
from ..net.stream import Stream
from .http_login import Login, choose_login, parse_challenges
from .options import TunnelError, TunnelOptions
from .replayed import Replayed
from .target import Target

__all__ = ["connect_http"]

_READ: Final = 4096
_BEGINNING: Final = b"HTTP/"
_LONGEST_PAGE: Final = 65536
"""Octets of the page behind a refusal that are read, so that the same connection can be used again."""
_MOST_INTERIM: Final = 16
"""Answers of the kind 1xx that may come before the final one; without a bound they could go on for ever."""
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_UNAUTHORIZED: Final = 401
"""What tinyproxy answers to a wrong password."""
_LOGIN: Final = "proxy-authorization"
_OURS: Final = ("host", "content-length", "transfer-encoding", "trailer", "upgrade")
"""Fields that say where the request goes and how long it is."""
_LONGEST_SAID: Final = 200
_SHORTEST_SECRET: Final = 8
"""A shorter one may be a word that a proxy says by itself, and a mask in its place would give it away."""


def connect_http(
    dial: Callable[[], Stream], options: TunnelOptions, target: Target, port: int, deadline: Deadline
) -> Stream:
    """Ask an HTTP proxy for a tunnel to ``target`` and ``port``, and return the stream through it.

    ``dial`` connects to the proxy. User and password are told to a proxy that asks for them only: in another request,
    over the same connection where the proxy keeps it. Raises :class:`TunnelError` (118) with the proxy's own words,
    :class:`InvalidValueError` (20005) for what a request cannot carry, what a package of an extra raises, and what the
    stream raises; nothing is left open then.
    """
    request = _Request(options, target, port)
    login: Login | None = None
    authorization = b""
    attempt = _Attempt(dial(), request, options, deadline)
    try:
        while True:
            response = attempt.ask(authorization)
            if response.status_code != _PROXY_AUTHENTICATION_REQUIRED or not request.may_log_in:
                break
            challenges = parse_challenges(
                value.decode("latin-1") for name, value in response.headers if name == b"proxy-authenticate"
            )
            begun = login is not None
            login = login or choose_login(challenges, options, request.authority)
            next_authorization = login.answer(challenges)
            if next_authorization is None:
                break
            authorization = next_authorization
            request.secrets.append(authorization.partition(b" ")[2].decode("latin-1"))
            if not attempt.can_go_on():
                if begun and login.needs_connection:
                    attempt.fail("closed the connection in the middle of the login")
                attempt.stream.abort()
                attempt = _Attempt(dial(), request, options, deadline)
        attempt.check(response, logged_in=bool(authorization))
        return attempt.tunnel()
    except BaseException:
        attempt.stream.abort()
        raise


class _Request:
    """The CONNECT request, without login and with it, and what the proxy must not be quoted with."""

    def __init__(self, options: TunnelOptions, target: Target, port: int) -> None:
        name = f"[{target}]" if isinstance(target, ipaddress.IPv6Address) else str(target)
        self.authority = f"{name}:{port}"
        names = [name.lower() for name, _ in options.headers]
        for name in _OURS:
            if name in names:
                raise InvalidValueError(
                    ErrorCode.INVALID_VALUE, f"FirewallData has the field {name}, which is not for it to set."
                )
        self.has_login = _LOGIN in names
        self.may_log_in = options.can_log_in and not self.has_login
        self.secrets = [value for _, value in options.headers]
        self.secrets += [value.rpartition(" ")[2] for value in self.secrets]
        self.secrets.append(options.password)
        self._headers = [
            (b"Host", self.authority.encode("ascii")),
            *((name.encode("ascii"), value.encode("latin-1")) for name, value in options.headers),
        ]

    def make(self, authorization: bytes) -> h11.Request:
        login = [(b"Proxy-Authorization", authorization)] if authorization else []
        try:
            return h11.Request(method=b"CONNECT", target=self.authority.encode("ascii"), headers=self._headers + login)
        except h11.LocalProtocolError:
            # Without the cause: its text may quote a secret out of the fields.
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "FirewallData cannot be part of an HTTP request."
            ) from None


class _Attempt:
    """Requests over one connection to the proxy."""

    def __init__(self, stream: Stream, request: _Request, options: TunnelOptions, deadline: Deadline) -> None:
        self.stream = stream
        self._request = request
        self._connection = h11.Connection(h11.CLIENT)
        self._options = options
        self._deadline = deadline
        self._ended = False
        self._said = b""
        """The first octets, for as long as they may be those of HTTP."""

    def ask(self, authorization: bytes) -> h11.Response:
        request = self._request.make(authorization)
        octets = (self._connection.send(request) or b"") + (self._connection.send(h11.EndOfMessage()) or b"")
        self.stream.write(octets, self._deadline)
        for _ in range(_MOST_INTERIM):
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                self.fail("closed the connection in place of an answer")
        raise TunnelError(self._options.kind, f"sent {_MOST_INTERIM} interim answers and no other")

    def can_go_on(self) -> bool:
        """Read the page behind a refusal; whether another request may follow it."""
        octets = 0
        # A connection that the proxy will not keep is left at once, for its page need not have an end.
        while octets <= _LONGEST_PAGE and self._connection.our_state is h11.DONE:
            event = self._next()
            if isinstance(event, h11.Data):
                octets += len(event.data)
            elif isinstance(event, h11.EndOfMessage) and self._connection.our_state is h11.DONE:
                self._connection.start_next_cycle()
                return True
            else:
                return False
        return False

    def check(self, response: h11.Response, *, logged_in: bool) -> None:
        """Raise unless the answer opens the tunnel."""
        if 200 <= response.status_code < 300:
            return
        said = f"{response.status_code} {self._printable(response.reason)}".rstrip()
        if response.status_code not in (_PROXY_AUTHENTICATION_REQUIRED, _UNAUTHORIZED):
            self.fail(f"answered: {said}")
        if self._request.has_login:
            self.fail(f"refuses the Proxy-Authorization of FirewallData ({said})")
        self.fail(f"{'refuses' if logged_in else 'wants'} FirewallUser and FirewallPassword ({said})")

    def tunnel(self) -> Stream:
        """The stream behind an answer that opened it."""
        beginning, _ = self._connection.trailing_data
        return Replayed(self.stream, beginning) if beginning else self.stream

    def _next(self) -> object:
        while True:
            try:
                event = self._connection.next_event()
                if event is not h11.NEED_DATA:
                    return event
                data = self.stream.read(_READ, self._deadline)
                self._ended = not data
                if len(self._said) < len(_BEGINNING):
                    self._said += data
                    if not _BEGINNING.startswith(self._said[: len(_BEGINNING)]):
                        # Another kind of server may say its line and wait for more: so would h11, without an end.
                        self.fail(f"does not answer in HTTP but: {self._printable(self._said)}")
                self._connection.receive_data(data)
            except h11.RemoteProtocolError as error:
                if self._ended:
                    return h11.ConnectionClosed()  # in the middle of an answer, or in place of one
                said = self._printable(str(error).encode("latin-1", "replace"))
                self.fail(f"does not answer in HTTP ({said})")

    def fail(self, reason: str) -> NoReturn:
        # Without a cause: its text may quote what the proxy repeated.
        raise TunnelError(self._options.kind, reason) from None

    def _printable(self, said: bytes) -> str:
        """The first line of what a proxy says, with nothing that breaks a line of a log, and no secret it repeats."""
        text = said.decode("latin-1")
        for secret in sorted(self._request.secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "****")
        line = text.split("\r")[0].split("\n")[0][:_LONGEST_SAID]
        return printable(line)
