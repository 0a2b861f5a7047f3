"""A stream inside TLS."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, SSMTPError, TLSError
from ..net.deadline import Deadline
from ..net.stream import Stream
from .channel_binding import connection_binding, server_end_point
from .reasons import reasons
from .verify import ServerCertificate

__all__ = ["CHUNK", "Negotiated", "TlsStream", "flush"]

_RECORD: Final = 16384
"""Octets of plaintext that one TLS record holds at most, and so one read of OpenSSL (RFC 8446 5.1)."""
CHUNK: Final = 4 * _RECORD
"""Octets encrypted, or taken from the transport, at a time: they stay in the processor's cache, and below the 128 KiB
from which the C library maps fresh memory for each buffer."""
_CHUNK_ENCRYPTED: Final = CHUNK + 4 * 256
"""Room for the records of a chunk: header, nonce, padding and tag add less than 256 octets each."""
_CERTIFICATE_REQUIRED: Final = "certificate required"
"""OpenSSL's words for the alert certificate_required (RFC 8446 6.2)."""
_MOST_WITHOUT_DATA: Final = 1 << 20
"""Octets that TLS may need for itself between two pieces of data. Session tickets have a few hundred, and a server that
sent them without an end would never be silent: no wait for something to read would come to its own."""
_CLOSE_SECONDS: Final = 0.2
"""How long a full send buffer may hold up closing: a close_notify is a courtesy."""


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What the handshake agreed on."""

    version: str
    """Such as ``TLSv1.3``."""
    cipher: str
    """The suite, by OpenSSL's name."""
    bits: int
    """Length of the symmetric key."""
    resumed: bool
    """Whether an earlier session was taken up."""

    def __str__(self) -> str:
        return f"{self.version}, {self.cipher}, {self.bits} bits" + (", session resumed" if self.resumed else "")


class TlsStream:
    """The stream inside TLS, a :class:`~ssmtp_compat.net.stream.Stream`."""

    def __init__(
        self, inner: Stream, connection: SSL.Connection, server_certificate: ServerCertificate, negotiated: Negotiated
    ) -> None:
        self.server_certificate: Final = server_certificate
        self.negotiated: Final = negotiated
        self.ended: Callable[[], None] | None = None
        """Called when the stream is closed in good order, before anything of it is gone."""
        self._inner = inner
        self._connection = connection
        self._open = True
        self._can_read = self._can_write = True
        self._without_data = 0
        """Octets taken from the transport since the last data."""

    @property
    def local_address(self) -> str:
        return self._inner.local_address

    @property
    def peer_address(self) -> str:
        return self._inner.peer_address

    @property
    def channel_binding(self) -> tuple[str, bytes]:
        """What stands for this very connection, see :func:`~ssmtp_compat.tls.channel_binding.connection_binding`."""
        return connection_binding(self._connection, resumed=self.negotiated.resumed)

    @property
    def server_end_point(self) -> bytes:
        """What stands for the server's certificate, see :func:`~ssmtp_compat.tls.channel_binding.server_end_point`."""
        return server_end_point(self.server_certificate.der)

    def read(self, limit: int, deadline: Deadline) -> bytes:
        """As every stream reads; ``b""`` only after the server's close_notify.

        Raises :class:`TLSError`: 284 for a record that cannot be decrypted, for messages of TLS itself without an end,
        and where the transport ends without close_notify: an attacker may have cut it there (RFC 8446 6.1); 281 where
        the server wants a certificate.
        """
        self._check_usable(self._can_read)
        while True:
            try:
                data = self._connection.recv(min(limit, _RECORD))
                self._without_data = 0
                return data
            except SSL.WantReadError:
                pass
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error as error:
                # The alert is a courtesy, and the failure the one to tell.
                with suppress(SSMTPError):
                    self._answer(Deadline(_CLOSE_SECONDS, absolute=True))
                self._can_read = self._can_write = False
                said = reasons(error)
                # In TLS 1.3 the client's handshake is over before the server has looked at its certificate.
                code = ErrorCode.NO_CLIENT_CERTIFICATE if _CERTIFICATE_REQUIRED in said else ErrorCode.TLS_DECRYPT
                raise TLSError(code, f"OpenSSL says: {said}.") from error
            finally:
                self._answer(deadline)
            if not self._fetch(deadline):
                self._can_read = self._can_write = False
                text = "The stream was truncated: the connection ended without the server's close_notify."
                raise TLSError(ErrorCode.TLS_DECRYPT, text)

    def _fetch(self, deadline: Deadline) -> bool:
        """Hand OpenSSL what the transport has; False at the transport's end."""
        try:
            encrypted = self._inner.read(CHUNK, deadline)
        except BaseException:
            self._can_read = self._can_write = False
            raise
        if encrypted:
            self._connection.bio_write(encrypted)
        self._without_data += len(encrypted)
        if self._without_data > _MOST_WITHOUT_DATA:
            self._can_read = self._can_write = False
            raise TLSError(ErrorCode.TLS_DECRYPT, "The server sends messages of TLS without an end, and no data.")
        return bool(encrypted)

    def _answer(self, deadline: Deadline) -> None:
        """Send what OpenSSL says by itself on what it has read, such as an alert: the next write may be far away."""
        if not self._can_write:
            return
        try:
            flush(self._connection, self._inner, deadline)
        except ConnectionFailedError:
            self._can_write = False  # what the server sent before can still be read, and tells more
        except BaseException:
            self._can_write = False
            raise

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        """As every stream waits; what TLS needs for itself, such as a new session ticket, is nothing to read."""
        self._check_usable(self._can_read)
        end = time.monotonic() + seconds
        while True:
            try:
                self._connection.recv(1, socket.MSG_PEEK)
            except SSL.WantReadError:
                pass
            except SSL.Error:
                return True  # the end or an error, which read tells
            else:
                return True
            finally:
                self._answer(deadline)
            if not self._inner.readable_within(max(0.0, end - time.monotonic()), deadline):
                return False
            if not self._fetch(deadline):
                return True

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        """As every stream writes. Raises :class:`TLSError` (283) where nothing can be encrypted any more."""
        self._check_usable(self._can_write)
        try:
            with memoryview(data) as view, view.cast("B") as octets:
                for start in range(0, len(octets), CHUNK):
                    self._connection.sendall(octets[start : start + CHUNK])
                    flush(self._connection, self._inner, deadline)
        except SSL.Error as error:
            self._can_write = False
            raise TLSError(ErrorCode.TLS_ENCRYPT, f"OpenSSL says: {reasons(error)}.") from error
        except BaseException:
            # Reading goes on: a server that breaks a message off has said why before it closed.
            self._can_write = False
            raise

    def close(self) -> None:
        """Send close_notify when that is possible at once, and close the transport. Waits for no answer."""
        if not self._open:
            return
        self._open = False
        if self.ended is not None and self._can_read:
            self.ended()
        if self._can_write:
            # The server may be gone already, and nobody waits for this: there is nobody to tell.
            with suppress(SSL.Error, SSMTPError):
                self._connection.shutdown()
                flush(self._connection, self._inner, Deadline(_CLOSE_SECONDS, absolute=True))
        self._inner.close()

    def abort(self) -> None:
        self._open = False
        self._inner.abort()

    def _check_usable(self, usable: bool) -> None:
        # After a failure a record may be half sent or half read: any further octet there would be out of place.
        if not (self._open and usable):
            raise ConnectionFailedError(ErrorCode.NOT_CONNECTED, "The TLS connection was closed.")


def flush(connection: SSL.Connection, inner: Stream, deadline: Deadline) -> None:
    """Write what OpenSSL has encrypted, if anything."""
    while True:
        try:
            encrypted = connection.bio_read(_CHUNK_ENCRYPTED)
        except SSL.WantReadError:
            return
        inner.write(encrypted, deadline)
        if len(encrypted) < _CHUNK_ENCRYPTED:
            return
