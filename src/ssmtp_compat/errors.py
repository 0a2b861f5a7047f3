"""The one exception tree. Codes and texts come from ``catalog.errors``; each package raises these at its own edge.

Inside the library a failure is always a :class:`SSMTPError`. Only ``procedural`` turns one into a last-error value.
"""

from __future__ import annotations

import errno
import socket
from typing import Final

from .catalog.errors import ERRORS, ErrorCode

__all__ = [
    "CertificateError",
    "ConnectionFailedError",
    "InvalidValueError",
    "OperationInterruptedError",
    "OperationTimeoutError",
    "ProtocolError",
    "ReplyError",
    "SSMTPError",
    "TLSError",
    "UnsupportedError",
    "from_os_error",
    "printable",
]


class SSMTPError(Exception):
    """An operation failed.

    ``code`` is a row of the error table; ``message`` is that row's text with the detail behind it, or the detail
    alone where the row says so. The text never begins with the code, and never holds a secret.
    """

    choked: bool = False
    """Whether the server seems to have choked on commands that went out together (PIPELINING), and the same transaction
    can be tried once more: nothing of the message has gone out."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        row = ERRORS[code]
        self.code: Final = code
        if not detail:
            self.message = row.message
        elif row.replace:
            self.message = detail
        else:
            self.message = f"{row.message} {detail}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{int(self.code)}: {self.message}"


class InvalidValueError(SSMTPError, ValueError):
    """A value, an index, an address or a header that the caller gave cannot be used. Nothing was changed."""


class UnsupportedError(SSMTPError):
    """This version, this platform or this installation lacks what was asked for."""


class ReplyError(SSMTPError):
    """The server refused a command (4yz or 5yz). The session is still in step and can go on."""

    def __init__(self, reply_text: str, reply_code: int) -> None:
        super().__init__(ErrorCode.SMTP_PROTOCOL, reply_text)
        self.reply_code: Final = reply_code


class ProtocolError(SSMTPError):
    """The peer broke the protocol: replies may be out of step, so the connection has to be closed."""

    def __init__(self, detail: str, code: ErrorCode = ErrorCode.COMMUNICATION) -> None:
        super().__init__(code, detail)


class ConnectionFailedError(SSMTPError, ConnectionError):
    """The network failed: no address, no connection, or a connection that broke."""


class OperationTimeoutError(SSMTPError, TimeoutError):
    """The time allowed ran out. The connection is closed: a late reply would answer the next command."""

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorCode.INTERRUPTED_OR_TIMEOUT, detail)


class OperationInterruptedError(SSMTPError):
    """Interrupt was called while the method ran."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.INTERRUPTED_OR_TIMEOUT, "Operation interrupted.")


class TLSError(SSMTPError):
    """The TLS handshake, the TLS record layer or the verification of the server's certificate failed."""


class CertificateError(SSMTPError):
    """A certificate store, a certificate or a private key cannot be used."""


_RESOLVER_CODES: Final = {
    socket.EAI_NONAME: ErrorCode.WSAHOST_NOT_FOUND,
    socket.EAI_AGAIN: ErrorCode.WSATRY_AGAIN,
    socket.EAI_FAIL: ErrorCode.WSANO_RECOVERY,
}
# Where two numbers are one, errno.errorcode knows a single name, which need not be Winsock's.
_ERRNO_CODES: Final = {
    errno.EWOULDBLOCK: ErrorCode.WSAEWOULDBLOCK,
    errno.EOPNOTSUPP: ErrorCode.WSAEOPNOTSUPP,
    errno.EPIPE: ErrorCode.WSAECONNRESET,  # no such number in Winsock, which reports a reset there
}
# EAI_NODATA is not in every C library.
if hasattr(socket, "EAI_NODATA"):
    _RESOLVER_CODES[socket.EAI_NODATA] = ErrorCode.WSANO_DATA


def from_os_error(error: OSError, doing: str) -> SSMTPError:
    """Translate a socket or resolver error into the table's Winsock-style code.

    ``doing`` says what was attempted and with what, for example ``connecting to mail.example.org port 25``.
    """
    if isinstance(error, socket.gaierror):
        code = _RESOLVER_CODES.get(error.errno or 0, ErrorCode.WSAHOST_NOT_FOUND)
    else:
        name = errno.errorcode.get(error.errno or 0, "")
        named = ErrorCode.__members__.get(f"WSA{name}", ErrorCode.COMMUNICATION)
        code = _ERRNO_CODES.get(error.errno or 0, named)
    if code is ErrorCode.COMMUNICATION:
        return ConnectionFailedError(code, f"While {doing}: {error.strerror or error}.")
    return ConnectionFailedError(code, f"While {doing}.")


def printable(text: str) -> str:
    """A stranger's ``text`` as it may stand in an error text: nothing in it breaks a line of a log."""
    return "".join(char if char.isprintable() else "?" for char in text)
