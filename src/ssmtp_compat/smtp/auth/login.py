"""LOGIN: an old mechanism without an RFC; the server asks for the user name, then for the password."""

from __future__ import annotations

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism

__all__ = ["Login"]


class Login(Mechanism):
    """User and password in two answers; safe only inside TLS.

    The prompts are not looked at: servers word and even translate them, but all ask in this order.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._answers = [credentials.password, credentials.user]

    def start(self) -> None:
        return None

    def step(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise ProtocolError("The server asked more than two questions in the LOGIN mechanism.")
        return self._answers.pop().encode("utf-8")
