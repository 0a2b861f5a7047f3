"""NTLM as SMTP carries it (MS-SMTPNTLM), with the messages of MS-NLMP."""

from __future__ import annotations

from typing import Final

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism
from .security_context import SecurityContext

__all__ = ["NTLM"]

# What Windows' own clients have in the name of the server that they mean; a server with Extended Protection compares.
_SERVICE: Final = "SMTPSVC"


class NTLM(Mechanism):
    """Proves knowledge of the password with NTLMv2: negotiate, challenge, authenticate.

    The user is ``DOMAIN\\name``, ``name@domain`` or the name alone. Whoever listens can guess passwords offline, and
    nothing tells the client that it talks to the right server: it belongs inside TLS like PLAIN.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._context = SecurityContext("NTLM", "ntlm", _SERVICE, credentials)
        self._answered = False

    def start(self) -> bytes:
        # With it on the command the reply is the challenge. Without, servers of Microsoft reply with a remark in plain
        # words where other mechanisms have base64 (MS-SMTPNTLM 2.2.1.2).
        return self._context.begin()

    def step(self, challenge: bytes) -> bytes:
        if self._answered:
            raise ProtocolError("The server sent a second NTLM challenge.")
        self._answered = True
        return self._context.step(challenge)
