"""TLS over any stream: the handshake, and then a stream again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import ConnectionFailedError, SSMTPError, TLSError
from ..net.deadline import Deadline
from ..net.stream import Stream
from .answers import Revocation
from .bindings import session_resumed
from .channel_binding import server_end_point
from .context import TlsOptions, make_connection
from .progress import Watch
from .reasons import reasons
from .records import RecordLog
from .sessions import Remembered, SessionCache
from .strength import check_for
from .verify import OK, Authenticate, ServerCertificate, ServerName, Verifier, verified_path

if TYPE_CHECKING:
    from .revocation import RevocationCheck

__all__ = ["Negotiated", "TlsStream", "start_tls"]

_RECORD: Final = 16384
"""Octets of plaintext that one TLS record holds at most, and so one read of OpenSSL (RFC 8446 5.1)."""
_CHUNK: Final = 4 * _RECORD
"""Octets encrypted, or taken from the transport, at a time: they stay in the processor's cache, and below the 128 KiB
from which the C library maps fresh memory for each buffer."""
_CHUNK_ENCRYPTED: Final = _CHUNK + 4 * 256
"""Room for the records of a chunk: header, nonce, padding and tag add less than 256 octets each."""
_HANDSHAKE_RECORD: Final = 22
_ALERT_RECORD: Final = 21
_EXPORTER: Final = (b"EXPORTER-Channel-Binding", 32, b"")
"""Label, length and context of the channel binding tls-exporter (RFC 9266 section 4)."""
_CERTIFICATE_REQUIRED: Final = "certificate required"
"""OpenSSL's words for the alert certificate_required (RFC 8446 6.2)."""
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

    def __str__(self) -> str:
        return f"{self.version}, {self.cipher}, {self.bits} bits"


def start_tls(
    inner: Stream,
    options: TlsOptions,
    deadline: Deadline,
    *,
    authenticate: Authenticate | None = None,
    status: Callable[[str], None] | None = None,
    sessions: SessionCache | None = None,
    port: int = 0,
) -> TlsStream:
    """Make the handshake over ``inner`` as a client and return the stream inside TLS, which then owns ``inner``.

    ``authenticate`` is asked once, inside the handshake, whether to accept the server's certificate; without it the
    recommendation decides. ``status`` is told the steps in short lines. What either raises goes on to the caller.
    With ``sessions`` the handshake is shortened where one with the same server (its name and ``port``) was made before
    under the same options; ``authenticate`` is then asked about the certificate of that one.

    Whatever is raised, ``inner`` is closed. Raises :class:`TLSError`: 280 when the certificate is refused (the text
    says why), 276 when the handshake fails otherwise, 271 for CA certificates that cannot be loaded; and what
    ``inner`` raises.
    """
    try:
        name = ServerName.parse(options.server_name)
        connection = make_connection(options)
        if not name.is_address:  # RFC 6066 3 has no room for addresses
            connection.set_tlsext_host_name(name.text.encode("ascii"))
        check = _revocation_check(options, deadline)
        if check is not None:
            connection.request_ocsp()
        verifier = Verifier(
            name, options.accepted_certificate, authenticate, options.forgiven, check, check_for(options.policy)
        )
        connection.set_verify(SSL.VERIFY_PEER, verifier)
        if options.log_records and status is not None:
            inner = RecordLog(inner, status)
        remembered = sessions.take(options, port, connection.get_context()) if sessions is not None else None
        if remembered is not None and check is not None and check.problem(remembered.path, b""):
            remembered = None  # the full handshake says what is the matter
        if remembered is not None:
            connection.set_session(remembered.session)
        handshake = _Handshake(inner, connection, verifier, status, remembered)
        with deadline.during(f"negotiating TLS with {options.server_name}"):
            stream = handshake.run(deadline)
        if sessions is not None:
            path = verified_path(connection) or (remembered.path if remembered is not None else ())
            stream.ended = partial(sessions.keep, options, port, connection, stream.server_certificate, path)
        return stream
    except BaseException:
        inner.abort()
        raise


def _revocation_check(options: TlsOptions, deadline: Deadline) -> RevocationCheck | None:
    if options.revocation is Revocation.IGNORED:
        return None
    from .revocation import RevocationCheck  # which few need

    return RevocationCheck(options.revocation, options.revocation_of_authorities, deadline)


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

    @property
    def local_address(self) -> str:
        return self._inner.local_address

    @property
    def peer_address(self) -> str:
        return self._inner.peer_address

    @property
    def channel_binding(self) -> bytes:
        """What both ends of this very connection know and nobody else: tls-exporter. Empty before TLS 1.3, where it
        would need extensions that cannot be asked for here (RFC 9266 section 3)."""
        return self._connection.export_keying_material(*_EXPORTER) if self.negotiated.version == "TLSv1.3" else b""

    @property
    def server_end_point(self) -> bytes:
        """What stands for the server's certificate, see :func:`~ssmtp_compat.tls.channel_binding.server_end_point`."""
        return server_end_point(self.server_certificate.der)

    def read(self, limit: int, deadline: Deadline) -> bytes:
        """As every stream reads; ``b""`` only after the server's close_notify.

        Raises :class:`TLSError`: 284 for a record that cannot be decrypted, and where the transport ends without
        close_notify: an attacker may have cut it there (RFC 8446 6.1); 281 where the server wants a certificate.
        """
        self._check_usable(self._can_read)
        while True:
            try:
                return self._connection.recv(min(limit, _RECORD))
            except SSL.WantReadError:
                pass
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error as error:
                self._can_read = self._can_write = False
                said = reasons(error)
                # In TLS 1.3 the client's handshake is over before the server has looked at its certificate.
                code = ErrorCode.NO_CLIENT_CERTIFICATE if _CERTIFICATE_REQUIRED in said else ErrorCode.TLS_DECRYPT
                raise TLSError(code, f"OpenSSL says: {said}.") from error
            if not self._fetch(deadline):
                self._can_read = self._can_write = False
                text = "The stream was truncated: the connection ended without the server's close_notify."
                raise TLSError(ErrorCode.TLS_DECRYPT, text)

    def _fetch(self, deadline: Deadline) -> bool:
        """Hand OpenSSL what the transport has; False at the transport's end."""
        try:
            encrypted = self._inner.read(_CHUNK, deadline)
        except BaseException:
            self._can_read = self._can_write = False
            raise
        if encrypted:
            self._connection.bio_write(encrypted)
        return bool(encrypted)

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
            if not self._inner.readable_within(max(0.0, end - time.monotonic()), deadline):
                return False
            if not self._fetch(deadline):
                return True

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        """As every stream writes. Raises :class:`TLSError` (283) where nothing can be encrypted any more."""
        self._check_usable(self._can_write)
        try:
            with memoryview(data) as view, view.cast("B") as octets:
                for start in range(0, len(octets), _CHUNK):
                    self._connection.sendall(octets[start : start + _CHUNK])
                    _flush(self._connection, self._inner, deadline)
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
                _flush(self._connection, self._inner, Deadline(_CLOSE_SECONDS, absolute=True))
        self._inner.close()

    def abort(self) -> None:
        self._open = False
        self._inner.abort()

    def _check_usable(self, usable: bool) -> None:
        # After a failure a record may be half sent or half read: any further octet there would be out of place.
        if not (self._open and usable):
            raise ConnectionFailedError(ErrorCode.NOT_CONNECTED, "The TLS connection was closed.")


class _Handshake:
    """The steps from a client hello to a stream or to an error."""

    def __init__(
        self,
        inner: Stream,
        connection: SSL.Connection,
        verifier: Verifier,
        status: Callable[[str], None] | None,
        remembered: Remembered | None,
    ) -> None:
        self._inner = inner
        self._connection = connection
        self._remembered = remembered
        self._verifier = verifier
        self._status = status
        self._watch = Watch(partial(verifier.take_staple, connection))
        self._answered = False
        connection.set_app_data(self._watch)

    def run(self, deadline: Deadline) -> TlsStream:
        while True:
            failure: SSL.Error | None = None
            try:
                self._connection.do_handshake()
            except SSL.WantReadError:
                _flush(self._connection, self._inner, deadline)
                self._tell()
                self._receive(deadline)
                continue
            except SSL.Error as error:
                failure = error
            if failure is not None:
                self._send_alert(deadline)
                self._tell()
                self._raise(failure)
            _flush(self._connection, self._inner, deadline)
            return self._finish()

    def _receive(self, deadline: Deadline) -> None:
        encrypted = self._inner.read(_CHUNK, deadline)
        if not encrypted:
            text = "The server closed the connection during the TLS handshake."
            raise TLSError(ErrorCode.HANDSHAKE, text)
        if not self._answered and encrypted[0] not in (_HANDSHAKE_RECORD, _ALERT_RECORD):
            raise TLSError(ErrorCode.HANDSHAKE, f"The server does not speak TLS on this port: {_said(encrypted)}.")
        self._answered = True
        self._connection.bio_write(encrypted)

    def _send_alert(self, deadline: Deadline) -> None:
        # The handshake's own failure is the one to tell, whether or not its alert still reaches the server.
        with suppress(SSMTPError):
            _flush(self._connection, self._inner, deadline)
        # In good order: a reset could overtake the alert.
        self._inner.close()

    def _raise(self, error: SSL.Error) -> None:
        verifier = self._verifier
        if verifier.failure is not None:
            raise verifier.failure  # not "from": the caller's exception keeps the cause it has
        if verifier.server_certificate is not None and not verifier.accepted:
            status = verifier.server_certificate.status
            text = "it was refused by the caller, though verification found nothing against it"
            raise TLSError(
                ErrorCode.CERTIFICATE_REJECTED, f"Server certificate: {text if status == OK else status}."
            ) from error
        raise TLSError(ErrorCode.HANDSHAKE, f"OpenSSL says: {reasons(error)}.") from error

    def _finish(self) -> TlsStream:
        self._connection.set_app_data(None)  # what OpenSSL reports later is for nobody
        verifier = self._verifier
        resumed = self._remembered is not None and session_resumed(self._connection)
        if resumed and self._remembered is not None:
            verifier.judge_again(self._remembered.certificate)
            if not verifier.accepted:
                raise TLSError(ErrorCode.CERTIFICATE_REJECTED, "Server certificate: it was refused by the caller.")
        if verifier.server_certificate is None or not verifier.accepted:
            # OpenSSL only gets here when the verifier said yes; if that ever changes, nothing may be sent.
            raise TLSError(ErrorCode.NO_SERVER_CERTIFICATE, "The handshake ended without an accepted certificate.")
        negotiated = Negotiated(
            self._connection.get_protocol_version_name(),
            self._connection.get_cipher_name() or "",
            self._connection.get_cipher_bits() or 0,
        )
        self._tell()
        if self._status is not None:
            self._status(f"{negotiated}, session resumed" if resumed else str(negotiated))
        return TlsStream(self._inner, self._connection, verifier.server_certificate, negotiated)

    def _tell(self) -> None:
        lines = self._watch.journal.take()
        if self._status is not None:
            for line in lines:
                self._status(line)


def _flush(connection: SSL.Connection, inner: Stream, deadline: Deadline) -> None:
    """Write what OpenSSL has encrypted, if anything."""
    while True:
        try:
            encrypted = connection.bio_read(_CHUNK_ENCRYPTED)
        except SSL.WantReadError:
            return
        inner.write(encrypted, deadline)
        if len(encrypted) < _CHUNK_ENCRYPTED:
            return


def _said(answer: bytes) -> str:
    """The first line of what came instead of TLS, for the error text: an SMTP greeting tells all."""
    line = answer[:80].splitlines()[0].decode("ascii", "backslashreplace")
    return f"it said {''.join(char if char.isprintable() else '?' for char in line)!r}"
