"""PLAIN (RFC 4616)."""

from __future__ import annotations

from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, ProtocolError
from .mechanism import Credentials, Mechanism

__all__ = ["Plain"]


class Plain(Mechanism):
    """Authorization identity, user and password in one message; safe only inside TLS."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def start(self) -> bytes:
        parts = (self._credentials.authorization_identity, self._credentials.user, self._credentials.password)
        if any("\0" in part for part in parts):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, "AUTH PLAIN cannot carry a user name, password or identity that contains NUL."
            )
        return "\0".join(parts).encode("utf-8")

    def step(self, challenge: bytes) -> bytes:
        raise ProtocolError("The server sent a challenge in the PLAIN mechanism, which has none.")
