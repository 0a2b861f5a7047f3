"""GSSAPI: Kerberos version 5 (RFC 4752)."""

from __future__ import annotations

from typing import Final

from ...errors import ProtocolError
from .mechanism import Credentials, Mechanism
from .security_context import SecurityContext

__all__ = ["GSSAPI", "choose_no_layer"]

_SERVICE: Final = "smtp"  # RFC 4954 section 4

_NO_LAYER: Final = 1
_NO_MESSAGES: Final = b"\0\0\0"


class GSSAPI(Mechanism):
    """A ticket for ``smtp@host``, the server's proof in return, and the agreement that TLS does all further protection.

    The host is the mail server's name as it was set; whether Kerberos asks the DNS for another one stands in krb5.conf.
    Without a password the ticket comes from the credential cache. Nothing is delegated to the server.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._identity = credentials.authorization_identity
        self._context = SecurityContext("Kerberos", "kerberos", _SERVICE, credentials, cached=not credentials.password)
        self._agreed = False

    def start(self) -> bytes:
        return self._context.begin()

    def step(self, challenge: bytes) -> bytes:
        if not self._context.complete:
            return self._context.step(challenge)
        if self._agreed:
            raise ProtocolError("The server goes on with the GSSAPI mechanism after its end.")
        response = self._context.wrap(choose_no_layer(self._context.unwrap(challenge), self._identity))
        self._agreed = True
        return response

    def finish(self) -> None:
        # Before that the server need not have proved anything.
        if not self._agreed:
            raise ProtocolError("The server reports success before the end of the GSSAPI mechanism.")


def choose_no_layer(offer: bytes, identity: str) -> bytes:
    """The last message of the client (RFC 4752 section 3.1): no security layer, and whom to act as.

    ``offer`` is one octet of layers and three with the size of the largest message. Without a layer there is no such
    message, and the size is not looked at although it should then be 0: Dovecot states one and means nothing by it.
    """
    if len(offer) != 1 + len(_NO_MESSAGES):
        raise ProtocolError(f"The server's offer of security layers has {len(offer)} octets and not 4.")
    if not offer[0] & _NO_LAYER:
        raise ProtocolError("The server insists on a security layer of the GSSAPI mechanism, which is not supported.")
    return bytes([_NO_LAYER]) + _NO_MESSAGES + identity.encode("utf-8")
