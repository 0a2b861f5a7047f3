"""EXTERNAL (RFC 4422 appendix A): the TLS client certificate says who logs in."""

from __future__ import annotations

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism

__all__ = ["External"]


class External(Mechanism):
    """Carries nothing but a name: the identity to act as, or the user that the certificate is to be good for.

    An empty one, for the user that the certificate names, would do by the RFC; but servers are set up to compare.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._name = credentials.authorization_identity or credentials.user

    def start(self) -> bytes:
        return self._name.encode("utf-8")

    def step(self, challenge: bytes) -> bytes:
        raise ProtocolError("The server sent a challenge in the EXTERNAL mechanism, which has none.")
