"""CRAM-MD5 (RFC 2195)."""

from __future__ import annotations

import hmac

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism

__all__ = ["CramMD5"]


class CramMD5(Mechanism):
    """Proves knowledge of the password with HMAC-MD5 over the server's challenge; the password stays here."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def start(self) -> None:
        return None

    def step(self, challenge: bytes) -> bytes:
        if not challenge:
            # Without a challenge the digest would be a constant that anybody could replay.
            raise ProtocolError("The server sent an empty CRAM-MD5 challenge.")
        digest = hmac.new(self._credentials.password.encode("utf-8"), challenge, "md5").hexdigest()
        return f"{self._credentials.user} {digest}".encode()
