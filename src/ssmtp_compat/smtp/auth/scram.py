"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), and their PLUS forms, which bind to the TLS connection."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import Final

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism
from .saslprep import saslprep

__all__ = ["Scram", "saslname"]

# RFC 7677 section 4 asks for at least 4096, below which a recorded exchange is cheap to search for the password.
_LEAST_ITERATIONS: Final = 4096
# The count is the server's to choose and the time is ours: this many take a second or two that nothing can interrupt.
# It is above the 1,400,000 that the OWASP password storage cheat sheet asks of SHA-1, its highest figure.
_MOST_ITERATIONS: Final = 2_000_000

_NONCE_OCTETS: Final = 24  # RFC 5802 sets no length; 192 bits never repeat

_SERVER_FIRST: Final = re.compile(rb"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,9})(?:,.*)?", re.S)
_SERVER_FINAL: Final = re.compile(rb"([ve])=([^,]*)(?:,.*)?", re.S)
_ERROR: Final = re.compile(rb"[A-Za-z0-9-]{1,64}")


def saslname(name: str) -> str:
    """A name as a GS2 header and SCRAM carry it (RFC 5801 section 4): without ``,`` and with ``=`` for escapes only."""
    return name.replace("=", "=3D").replace(",", "=2C")


class Scram(Mechanism):
    """Proves knowledge of the password, and has the server prove that it knows it too.

    ``digest`` is hashlib's name of the hash function; ``plus`` binds to the channel. ``nonce`` is for tests alone.
    """

    def __init__(self, credentials: Credentials, digest: str, nonce: str = "", *, plus: bool = False) -> None:
        self._digest = digest
        self._password = saslprep(credentials.password, "The password").encode("utf-8")
        user = saslname(saslprep(credentials.user, "The user name"))
        identity = saslname(saslprep(credentials.authorization_identity, "The authorization identity"))
        binding = credentials.channel_binding
        # RFC 5802 section 6: "y" tells a server that does offer binding that somebody struck it from its offer. That
        # other mechanisms of the offer bind is no reason to leave it out: whoever strikes can add as well.
        flag = f"p={binding.type}" if plus else "y" if binding.type else "n"
        self._gs2_header = (f"{flag}," + (f"a={identity}" if identity else "") + ",").encode("utf-8")
        self._binding = self._gs2_header + (binding.data if plus else b"")
        self._nonce = (nonce or secrets.token_urlsafe(_NONCE_OCTETS)).encode("ascii")
        self._client_first = b"n=" + user.encode("utf-8") + b",r=" + self._nonce
        self._server_signature = b""
        self._verified = False

    def start(self) -> bytes:
        return self._gs2_header + self._client_first

    def step(self, challenge: bytes) -> bytes:
        if not self._server_signature:
            return self._prove(challenge)
        if self._verified or self.refusal_detail:
            raise ProtocolError("The server goes on asking behind its last message in the SCRAM mechanism.")
        self._verify(challenge)
        return b""

    def finish(self) -> None:
        if not self._verified:
            raise ProtocolError(
                "The server reports success in the SCRAM mechanism without having proved that it knows the password."
            )

    def _prove(self, server_first: bytes) -> bytes:
        match = _SERVER_FIRST.fullmatch(server_first)
        if match is None:
            raise ProtocolError("The server's first message in the SCRAM mechanism is malformed.")
        nonce, salt, iterations = match[1], _decoded(match[2], "salt"), int(match[3])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            # An answer to another exchange, replayed; or one to which the server adds nothing, open to be replayed.
            raise ProtocolError("The server's nonce in the SCRAM mechanism does not continue the one it was sent.")
        if iterations < _LEAST_ITERATIONS:
            raise ProtocolError(
                f"The server wants {iterations} iterations in the SCRAM mechanism. Less than {_LEAST_ITERATIONS} would "
                "leave the password open to guessing."
            )
        if iterations > _MOST_ITERATIONS:
            raise ProtocolError(
                f"The server wants {iterations} iterations in the SCRAM mechanism. More than {_MOST_ITERATIONS} would "
                "keep this process busy for too long."
            )
        without_proof = b"c=" + base64.b64encode(self._binding) + b",r=" + nonce
        salted_password = hashlib.pbkdf2_hmac(self._digest, self._password, salt, iterations)
        auth_message = b",".join((self._client_first, server_first, without_proof))
        client_key = self._hmac(salted_password, b"Client Key")
        client_signature = self._hmac(hashlib.new(self._digest, client_key).digest(), auth_message)
        proof = bytes(key ^ signature for key, signature in zip(client_key, client_signature, strict=True))
        self._server_signature = self._hmac(self._hmac(salted_password, b"Server Key"), auth_message)
        return without_proof + b",p=" + base64.b64encode(proof)

    def _verify(self, server_final: bytes) -> None:
        match = _SERVER_FINAL.fullmatch(server_final)
        if match is None:
            raise ProtocolError("The server's final message in the SCRAM mechanism is malformed.")
        if match[1] == b"e":
            # A refusal, whose reply comes when this is answered.
            self.refusal_detail = match[2].decode("ascii") if _ERROR.fullmatch(match[2]) else "an unreadable error"
            return
        if not hmac.compare_digest(_decoded(match[2], "signature"), self._server_signature):
            raise ProtocolError(
                "The server's signature in the SCRAM mechanism is wrong: it does not know the password, or somebody "
                "stands in between."
            )
        self._verified = True

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._digest)


def _decoded(text: bytes, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ProtocolError(f"The server's {what} in the SCRAM mechanism is not base64.") from None
