"""DIGEST-MD5 (RFC 2831), for authentication alone. RFC 6331 made it historic; SCRAM took its place."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, ProtocolError
from .mechanism import Credentials, Mechanism

__all__ = ["DigestMD5"]

SERVICE: Final = "smtp"
"""The service's name in digest-uri."""

_MAX_CHALLENGE: Final = 2048  # RFC 2831 section 2.1.1: "less than 2048 bytes"
_NONCE_OCTETS: Final = 24

_ONCE: Final = frozenset({"nonce", "qop", "stale", "maxbuf", "charset", "algorithm", "cipher"})
_DIRECTIVE: Final = re.compile(
    rb'[ \t\r\n]*(?:([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t\r\n]*=[ \t\r\n]*(?:"((?:[^"\\]|\\.)*)"'
    rb'|([^\x00-\x20()<>@,;:\\"/\[\]?={}\x7f-\xff]+))[ \t\r\n]*)?(?:,|\Z)',
    re.DOTALL,
)
_QUOTED_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_RSPAUTH: Final = re.compile(rb"[0-9a-f]{32}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Challenge:
    realms: tuple[bytes, ...]
    nonce: bytes
    utf8: bool


class DigestMD5(Mechanism):
    """Proves knowledge of the password over two nonces, and has the server prove that it knows it too.

    ``cnonce`` is for tests alone.
    """

    def __init__(self, credentials: Credentials, cnonce: str = "") -> None:
        for part in (credentials.user, credentials.authorization_identity, credentials.password):
            if _CONTROL.search(part):
                raise InvalidValueError(
                    ErrorCode.INVALID_VALUE,
                    "AUTH DIGEST-MD5 cannot carry a user name, password or identity that contains control characters.",
                )
        self._credentials = credentials
        self._cnonce = (cnonce or secrets.token_urlsafe(_NONCE_OCTETS)).encode("ascii")
        self._expected = b""
        self._verified = False

    def start(self) -> None:
        return None

    def step(self, challenge: bytes) -> bytes:
        if not self._expected:
            return self._respond(_parse(challenge))
        if self._verified:
            raise ProtocolError("The server goes on asking behind its last message in the DIGEST-MD5 mechanism.")
        self._verify(challenge)
        return b""

    def finish(self) -> None:
        if not self._verified:
            raise ProtocolError(
                "The server reports success in the DIGEST-MD5 mechanism without having proved that it knows the "
                "password."
            )

    def _respond(self, challenge: _Challenge) -> bytes:
        user = _encoded(self._credentials.user, challenge, "the user name")
        identity = self._credentials.authorization_identity.encode("utf-8")
        realm = self._realm(challenge)
        digest_uri = f"{SERVICE}/{self._credentials.host}".encode()
        # RFC 2831 section 2.1.2.1: what ISO 8859-1 can express is hashed in it, each value by itself.
        secret = b":".join(
            (
                _latin1(self._credentials.user),
                _latin1(realm.decode("utf-8")) if challenge.utf8 and _is_utf8(realm) else realm,
                _hashed_password(self._credentials.password, challenge),
            )
        )
        a1 = b":".join((_md5(secret), challenge.nonce, self._cnonce, *((identity,) if identity else ())))
        middle = b":".join((challenge.nonce, b"00000001", self._cnonce, b"auth"))

        def digest(a2: bytes) -> bytes:
            return _hex(b":".join((_hex(a1), middle, _hex(a2))))

        self._expected = digest(b":" + digest_uri)
        directives = [b"charset=utf-8"] if challenge.utf8 else []
        directives.append(b"username=" + _quoted(user))
        if challenge.realms:
            directives.append(b"realm=" + _quoted(realm))
        directives += [
            b"nonce=" + _quoted(challenge.nonce),
            b"nc=00000001",
            b"cnonce=" + _quoted(self._cnonce),
            b"digest-uri=" + _quoted(digest_uri),
            b"response=" + digest(b"AUTHENTICATE:" + digest_uri),
            b"qop=auth",
        ]
        if identity:
            directives.append(b"authzid=" + _quoted(identity))
        return b",".join(directives)

    def _realm(self, challenge: _Challenge) -> bytes:
        """The realm that the user's name names behind its ``@``, or the first that the server offers."""
        _, at, domain = self._credentials.user.rpartition("@")
        if at and domain.encode("utf-8") in challenge.realms:
            return domain.encode("utf-8")
        return challenge.realms[0] if challenge.realms else b""

    def _verify(self, challenge: bytes) -> None:
        values = [value for name, value in _directives(challenge) if name == "rspauth"]
        if len(values) != 1 or not _RSPAUTH.fullmatch(values[0]):
            raise ProtocolError("The server's final message in the DIGEST-MD5 mechanism is malformed.")
        if not hmac.compare_digest(values[0], self._expected):
            raise ProtocolError(
                "The server's proof in the DIGEST-MD5 mechanism is wrong: it does not know the password, or somebody "
                "stands in between."
            )
        self._verified = True


def _parse(challenge: bytes) -> _Challenge:
    realms: list[bytes] = []
    once: dict[str, bytes] = {}
    for name, value in _directives(challenge):
        if name == "realm":
            realms.append(value)
        elif name in once:
            raise ProtocolError(f"The server's DIGEST-MD5 challenge has {name} twice.")
        elif name in _ONCE:
            once[name] = value
    if not once.get("nonce"):
        # Without one the response would be a constant that anybody could replay.
        raise ProtocolError("The server's DIGEST-MD5 challenge has no nonce.")
    if once.get("algorithm", b"").lower() != b"md5-sess":
        raise ProtocolError("The server's DIGEST-MD5 challenge asks for an algorithm other than md5-sess.")
    if b"auth" not in re.split(rb"[ \t,]+", once.get("qop", b"auth").lower()):
        raise ProtocolError("The server's DIGEST-MD5 challenge does not allow authentication alone (qop=auth).")
    return _Challenge(tuple(realms), once["nonce"], once.get("charset", b"").lower() == b"utf-8")


def _directives(challenge: bytes) -> list[tuple[str, bytes]]:
    """The ``name=value`` pairs, names in lower case, values without quotes."""
    if len(challenge) >= _MAX_CHALLENGE:
        raise ProtocolError(f"The server sent a DIGEST-MD5 challenge of {_MAX_CHALLENGE} octets or more.")
    found = []
    at = 0
    while at < len(challenge):
        match = _DIRECTIVE.match(challenge, at)
        if match is None or match.end() == at:
            raise ProtocolError("The server's DIGEST-MD5 challenge is malformed.")
        at = match.end()
        if match[1] is not None:
            value = _QUOTED_PAIR.sub(rb"\1", match[2]) if match[2] is not None else match[3]
            found.append((match[1].decode("ascii").lower(), value))
    return found


def _encoded(text: str, challenge: _Challenge, what: str) -> bytes:
    if challenge.utf8:
        return text.encode("utf-8")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"The server takes only ISO 8859-1 in the DIGEST-MD5 mechanism, which cannot express {what}.",
        ) from None


def _hashed_password(password: str, challenge: _Challenge) -> bytes:
    _encoded(password, challenge, "the password")
    return _latin1(password)


def _latin1(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _md5(data: bytes) -> bytes:
    # The mechanism is what it is; where a system's rules forbid MD5, this is how to say that nothing hangs on it.
    return hashlib.md5(data, usedforsecurity=False).digest()


def _hex(data: bytes) -> bytes:
    return _md5(data).hex().encode("ascii")
