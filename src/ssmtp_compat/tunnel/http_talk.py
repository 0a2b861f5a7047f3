"""Requests to an HTTP proxy, over one connection or several, until it is content with who is asking.

h11 reads the answers, and what it read too much of is given back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NoReturn, TypeAlias

import h11

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, printable
from ..net.deadline import Deadline
from ..net.stream import Stream
from .http_login import Login, choose_login, parse_challenges
from .options import Dial, TunnelError, TunnelOptions

__all__ = ["HttpTalk", "ProxyRequest", "ask_proxy"]

_READ: Final = 16384
_BEGINNING: Final = b"HTTP/"
_LONGEST_PAGE: Final = 65536
"""Octets of the page behind a refusal that are read, so that the same connection can be used again."""
_MOST_INTERIM: Final = 16
"""Answers of the kind 1xx that may come before the final one; without a bound they could go on for ever."""
_PROXY_AUTHENTICATION_REQUIRED: Final = 407
_LOGIN: Final = "proxy-authorization"
_LONGEST_SAID: Final = 200
_SHORTEST_SECRET: Final = 8
"""A shorter one may be a word that a proxy says by itself, and a mask in its place would give it away."""

Field: TypeAlias = tuple[bytes, bytes]


class ProxyRequest:
    """A request, without login and with it, and what the proxy must not be quoted with."""

    def __init__(
        self, method: str, target: str, options: TunnelOptions, headers: Iterable[Field], body: bytes = b""
    ) -> None:
        """``headers`` come before those of ``options``, from which the caller has taken what he does not want."""
        self.method = method
        self.target = target
        self.body = body
        self.has_login = _LOGIN in (name.lower() for name, _ in options.headers)
        self.may_log_in = options.can_log_in and not self.has_login
        self.secrets = [value for _, value in options.headers]
        self.secrets += [value.rpartition(" ")[2] for value in self.secrets]
        self.secrets.append(options.password)
        self.told = False
        """Whether the proxy was told a user."""
        self._headers = [
            *headers,
            *((name.encode("ascii"), value.encode("latin-1")) for name, value in options.headers),
        ]

    def make(self, authorization: bytes) -> h11.Request:
        login = [(b"Proxy-Authorization", authorization)] if authorization else []
        try:
            return h11.Request(method=self.method, target=self.target, headers=self._headers + login)
        except h11.LocalProtocolError:
            # Without the cause: its text may quote a secret out of the fields.
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "FirewallData cannot be part of an HTTP request."
            ) from None


def ask_proxy(
    dial: Dial, options: TunnelOptions, request: ProxyRequest, deadline: Deadline
) -> tuple[HttpTalk, h11.Response]:
    """Make ``request`` and log in where the proxy asks for it: in another request, over the same connection where the
    proxy keeps it. Returns its answer, which is no 407, and the talk, which the caller ends.

    Raises :class:`TunnelError` (118) with the proxy's own words, :class:`InvalidValueError` (20005) for what a request
    cannot carry, what a package of an extra raises, and what the stream raises; nothing is left open then.
    """
    login: Login | None = None
    authorization = b""
    talk = HttpTalk(dial(deadline), request, options, deadline)
    try:
        while True:
            response = talk.ask(authorization)
            if response.status_code != _PROXY_AUTHENTICATION_REQUIRED:
                return talk, response
            if not request.may_log_in:
                break
            challenges = parse_challenges(
                value.decode("latin-1") for name, value in response.headers if name == b"proxy-authenticate"
            )
            begun = login is not None
            login = login or choose_login(challenges, options, request.method, request.target)
            next_authorization = login.answer(challenges)
            if next_authorization is None:
                break
            authorization = next_authorization
            request.told = True
            request.secrets.append(authorization.partition(b" ")[2].decode("latin-1"))
            if not talk.can_go_on():
                if begun and login.needs_connection:
                    talk.fail("closed the connection in the middle of the login")
                talk.stream.abort()
                talk = HttpTalk(dial(deadline), request, options, deadline)
        talk.refuse_login(response)
    except BaseException:
        talk.stream.abort()
        raise


class HttpTalk:
    """Requests over one connection to the proxy."""

    def __init__(self, stream: Stream, request: ProxyRequest, options: TunnelOptions, deadline: Deadline) -> None:
        self.stream = stream
        self._request = request
        self._connection = h11.Connection(h11.CLIENT)
        self._options = options
        self._deadline = deadline
        self._ended = False
        self._said = b""
        """The first octets, for as long as they may be those of HTTP."""

    def ask(self, authorization: bytes) -> h11.Response:
        events = [self._request.make(authorization), h11.Data(data=self._request.body), h11.EndOfMessage()]
        self.stream.write(b"".join(self._connection.send(event) or b"" for event in events), self._deadline)
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

    def body(self, most: int) -> bytes | None:
        """What comes behind the answer; None where it has more than ``most`` octets."""
        found = bytearray()
        while len(found) <= most:
            event = self._next()
            if isinstance(event, h11.Data):
                found += event.data
            elif isinstance(event, h11.EndOfMessage):
                return bytes(found)
            else:
                self.fail("closed the connection in the middle of an answer")
        return None

    @property
    def read_too_much(self) -> bytes:
        """The octets behind the answer that were read with it."""
        return self._connection.trailing_data[0]

    def refuse_login(self, response: h11.Response) -> NoReturn:
        """Raise for an answer that is about the login."""
        said = self.quote(response)
        if self._request.has_login:
            self.fail(f"refuses the Proxy-Authorization of FirewallData ({said})")
        self.fail(f"{'refuses' if self._request.told else 'wants'} FirewallUser and FirewallPassword ({said})")

    def quote(self, response: h11.Response) -> str:
        return f"{response.status_code} {self._printable(response.reason)}".rstrip()

    def fail(self, reason: str) -> NoReturn:
        # Without a cause: its text may quote what the proxy repeated.
        raise TunnelError(self._options.kind, reason) from None

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

    def _printable(self, said: bytes) -> str:
        """The first line of what a proxy says, with nothing that breaks a line of a log, and no secret it repeats."""
        text = said.decode("latin-1")
        for secret in sorted(self._request.secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "****")
        return printable(text.split("\r")[0].split("\n")[0][:_LONGEST_SAID])
