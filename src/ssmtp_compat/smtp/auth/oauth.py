"""XOAUTH2 (Google's, without an RFC) and OAUTHBEARER (RFC 7628): a bearer token in place of a password."""

from __future__ import annotations

import re
from typing import Final

from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, ProtocolError
from .mechanism import Credentials, Mechanism
from .scram import saslname

__all__ = ["OAuthBearer", "XOAuth2"]

# Wider than RFC 6750 section 2.1, since servers issue what they like; nothing that ends a field can stand in it.
_TOKEN: Final = re.compile("[\x21-\x7e]+")
_SEPARATOR: Final = "\x01"

_MAX_DETAIL: Final = 500
"""Characters of a server's explanation that an error text takes."""


class _OAuth(Mechanism):
    """What both have in common: one message, and on failure a challenge that says why and only wants an answer."""

    _AFTER_ERROR: bytes

    def __init__(self, credentials: Credentials) -> None:
        if not _TOKEN.fullmatch(credentials.password):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "In place of the password an OAuth token is needed, which is not empty and has no blanks, no control "
                "characters and nothing outside ASCII.",
            )
        for name in (credentials.user, credentials.authorization_identity):
            if "\0" in name or _SEPARATOR in name:
                raise InvalidValueError(
                    ErrorCode.INVALID_VALUE, "With OAuth a user name or an identity cannot contain NUL or octet 1."
                )
        self._credentials = credentials
        self._token = credentials.password
        self._refused = False

    def step(self, challenge: bytes) -> bytes:
        if self._refused:
            raise ProtocolError("The server goes on asking behind its error message in the OAuth mechanism.")
        self._refused = True
        self.refusal_detail = self._readable(challenge)
        return self._AFTER_ERROR

    def finish(self) -> None:
        if self._refused:
            raise ProtocolError("The server reports success behind an error message in the OAuth mechanism.")

    def _readable(self, challenge: bytes) -> str:
        text = challenge.decode("utf-8", "replace").replace(self._token, "****")
        text = "".join(char if char.isprintable() else " " for char in text).strip()
        return text[:_MAX_DETAIL]


class XOAuth2(_OAuth):
    """https://developers.google.com/gmail/imap/xoauth2-protocol"""

    _AFTER_ERROR = b""

    def start(self) -> bytes:
        fields = (f"user={self._credentials.user}", f"auth=Bearer {self._token}", "", "")
        return _SEPARATOR.join(fields).encode("utf-8")


class OAuthBearer(_OAuth):
    """RFC 7628 section 3.1. The user's name goes where an identity to act as does; the token says who logs in."""

    _AFTER_ERROR = b"\x01"  # section 3.2.3

    def start(self) -> bytes:
        credentials = self._credentials
        identity = credentials.authorization_identity or credentials.user
        fields = [f"n,a={saslname(identity)},"]
        if credentials.host:
            fields.append(f"host={credentials.host}")
        if credentials.port:
            fields.append(f"port={credentials.port}")
        fields.append(f"auth=Bearer {self._token}")
        return _SEPARATOR.join((*fields, "", "")).encode("utf-8")
