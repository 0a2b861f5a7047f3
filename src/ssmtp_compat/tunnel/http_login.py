"""Logging in at an HTTP proxy: Digest (RFC 7616), NTLM and Negotiate (RFC 4559) by pyspnego, and Basic (RFC 7617)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Final, Protocol

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, ProtocolError
from ..smtp.auth.mechanism import Credentials
from ..smtp.auth.security_context import SecurityContext
from .options import TunnelError, TunnelOptions, login_octets

__all__ = ["Challenge", "Login", "choose_login", "parse_challenges"]

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  RFC 9110 5.6.2
_SEPARATOR: Final = re.compile(r"[ \t,]+")
_PARAMETER: Final = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))')
_SCHEME: Final = re.compile(rf"({_TOKEN})(?:[ \t]+([A-Za-z0-9._~+/-]+=*)(?=[ \t]*(?:,|\Z)))?")
_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256"}
_NONCE_OCTETS: Final = 24
_MOST_TOKENS: Final = 5
"""Rounds of one Negotiate exchange; Kerberos needs one or two, NTLM inside it two or three."""


@dataclass(slots=True)
class Challenge:
    """One way to log in that a proxy offers (RFC 9110 11.3)."""

    scheme: str
    """In lower case."""
    token: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    """Names in lower case, values without quotes."""


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """Read all Proxy-Authenticate fields. What is malformed ends its field, and is no reason to give up the others."""
    found: list[Challenge] = []
    for value in values:
        here: list[Challenge] = []
        at = 0
        while at < len(value):
            if match := _SEPARATOR.match(value, at):
                pass
            elif here and (match := _PARAMETER.match(value, at)):
                content = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
                here[-1].parameters.setdefault(match[1].lower(), content)
            elif match := _SCHEME.match(value, at):
                here.append(Challenge(match[1].lower(), match[2] or ""))
            else:
                break
            at = match.end()
        found += here
    return found


class Login(Protocol):
    """One way of logging in, used for one tunnel."""

    needs_connection: bool
    """Whether all of it has to happen over the same connection, once it has begun."""

    def answer(self, challenges: Sequence[Challenge]) -> bytes | None:
        """The value of Proxy-Authorization behind a 407 with ``challenges``; None when there is no more to say.

        Raises :class:`TunnelError`, and :class:`InvalidValueError` for what the scheme cannot carry.
        """
        ...


def choose_login(challenges: Sequence[Challenge], options: TunnelOptions, method: str, target: str) -> Login:
    """The strongest way that both sides have, for a request of ``method`` and ``target``.

    Raises :class:`TunnelError` where there is none.
    """
    offered = [challenge.scheme for challenge in challenges]
    if any(_usable_digest(challenge) for challenge in challenges):
        return _Digest(options, method, target)
    tokens = [scheme for scheme in ("negotiate", "ntlm") if scheme in offered]
    if tokens and (find_spec("spnego") or "basic" not in offered):
        return _Tokens(tokens[0], options)
    if "basic" in offered or not offered:
        return _Basic(options)
    raise TunnelError(options.kind, f"wants a login that this library does not have: {', '.join(offered)[:100]}")


class _Basic:
    needs_connection = False

    def __init__(self, options: TunnelOptions) -> None:
        if ":" in options.user:
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "FirewallUser has a colon, which Basic authentication cannot carry (RFC 7617)."
            )
        self._options = options
        self._told = False

    def answer(self, challenges: Sequence[Challenge]) -> bytes | None:
        if self._told:
            return None
        self._told = True
        user, password = _octets(self._options)
        return b"Basic " + base64.b64encode(user + b":" + password)


def _usable_digest(challenge: Challenge) -> bool:
    if challenge.scheme != "digest" or not challenge.parameters.get("nonce"):
        return False
    qop = re.split(r"[ \t,]+", challenge.parameters.get("qop", "").lower())
    return "auth" in qop and _algorithm(challenge).removesuffix("-SESS") in _HASHES


def _algorithm(challenge: Challenge) -> str:
    algorithm = challenge.parameters.get("algorithm", "MD5")
    # A sharp s becomes two letters, and what is none of ours one of ours.
    return algorithm.upper() if algorithm.isascii() else ""


class _Digest:
    needs_connection = False

    def __init__(self, options: TunnelOptions, method: str, target: str) -> None:
        self._options = options
        self._method = method.encode("ascii")
        self._target = target.encode("ascii")
        self._told = 0

    def answer(self, challenges: Sequence[Challenge]) -> bytes | None:
        usable = [challenge for challenge in challenges if _usable_digest(challenge)]
        # A nonce that is too old is no wrong password (RFC 7616 3.3); once is enough for a proxy that is in step.
        if not usable or self._told == 2 or (self._told == 1 and not any(map(_is_stale, usable))):
            return None
        self._told += 1
        return self._respond(max(usable, key=lambda challenge: _algorithm(challenge).startswith("SHA-256")))

    def _respond(self, challenge: Challenge) -> bytes:
        user, password = _octets(self._options)
        realm = challenge.parameters.get("realm", "").encode("latin-1")
        nonce = challenge.parameters["nonce"].encode("latin-1")
        cnonce = secrets.token_hex(_NONCE_OCTETS).encode("ascii")
        algorithm = _algorithm(challenge)
        name = _HASHES[algorithm.removesuffix("-SESS")]

        def digest(*parts: bytes) -> bytes:
            return hashlib.new(name, b":".join(parts), usedforsecurity=False).hexdigest().encode("ascii")

        a1 = digest(user, realm, password)
        if algorithm.endswith("-SESS"):
            a1 = digest(a1, nonce, cnonce)
        response = digest(a1, nonce, b"00000001", cnonce, b"auth", digest(self._method, self._target))
        fields = [
            b"username=" + _quoted(user),
            b"realm=" + _quoted(realm),
            b"nonce=" + _quoted(nonce),
            b"uri=" + _quoted(self._target),
            b"response=" + _quoted(response),
            b"cnonce=" + _quoted(cnonce),
            b"qop=auth",
            b"nc=00000001",
        ]
        if "algorithm" in challenge.parameters:
            fields.append(b"algorithm=" + challenge.parameters["algorithm"].encode("ascii"))
        if "opaque" in challenge.parameters:
            fields.append(b"opaque=" + _quoted(challenge.parameters["opaque"].encode("latin-1")))
        return b"Digest " + b", ".join(fields)


def _is_stale(challenge: Challenge) -> bool:
    return challenge.parameters.get("stale", "").lower() == "true"


def _quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class _Tokens:
    """NTLM and Negotiate log the connection in and not the request."""

    needs_connection = True

    def __init__(self, scheme: str, options: TunnelOptions) -> None:
        self._scheme = scheme
        self._title = "NTLM" if scheme == "ntlm" else "Negotiate"
        self._kind = options.kind
        credentials = Credentials(options.user, options.password, host=options.host)
        self._context = SecurityContext(self._title, scheme, "HTTP", credentials, extra="ntlm")
        self._told = 0

    def answer(self, challenges: Sequence[Challenge]) -> bytes | None:
        token = next((challenge.token for challenge in challenges if challenge.scheme == self._scheme), "")
        if self._told and (not token or self._told == _MOST_TOKENS or self._context.complete):
            return None
        try:
            reply = self._context.step(base64.b64decode(token, validate=True)) if self._told else self._context.begin()
        except (ProtocolError, ValueError):
            raise TunnelError(self._kind, f"sent a {self._title} message that cannot be used") from None
        self._told += 1
        return f"{self._title} {base64.b64encode(reply).decode('ascii')}".encode("ascii") if reply else None


def _octets(options: TunnelOptions) -> tuple[bytes, bytes]:
    return login_octets(options.user, "FirewallUser"), login_octets(options.password, "FirewallPassword")
