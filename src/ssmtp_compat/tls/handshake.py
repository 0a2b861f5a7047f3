"""The TLS handshake over any stream."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from OpenSSL import SSL

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError, TLSError, printable
from ..net.deadline import Deadline
from ..net.stream import Stream
from .answers import Revocation
from .bindings import has_extended_master_secret, session_resumed
from .context import TlsConnection, TlsOptions, make_connection
from .progress import Watch, report_state
from .reasons import reasons
from .records import RecordLog
from .server_name import ServerName
from .sessions import Remembered, SessionCache
from .stream import CHUNK, Negotiated, TlsStream, flush
from .strength import check_for
from .verify import OK, Authenticate, Verifier, verified_path

if TYPE_CHECKING:
    from .http_fetch import Ask
    from .revocation import RevocationCheck

__all__ = ["start_tls"]

_HANDSHAKE_RECORD: Final = 22
_ALERT_RECORD: Final = 21


def start_tls(
    inner: Stream,
    options: TlsOptions,
    deadline: Deadline,
    *,
    authenticate: Authenticate | None = None,
    status: Callable[[str], None] | None = None,
    sessions: SessionCache | None = None,
    port: int = 0,
    ask: Ask | None = None,
    connection: TlsConnection | None = None,
) -> TlsStream:
    """Make the handshake over ``inner`` as a client and return the stream inside TLS, which then owns ``inner``.

    ``authenticate`` is asked once, inside the handshake, whether to accept the server's certificate; without it the
    recommendation decides. ``status`` is told the steps in short lines. What either raises goes on to the caller.
    With ``sessions`` the handshake is shortened where one with the same server (its name and ``port``) was made before
    under the same options; ``authenticate`` is then asked about the certificate of that one. ``ask`` gets what
    revocation needs from the web; without it that is asked for directly. ``connection`` is one that
    :func:`make_connection` has made of ``options`` before, and is good for this once.

    Whatever is raised, ``inner`` is closed. Raises :class:`TLSError`: 280 when the certificate is refused (the text
    says why), 276 when the handshake fails otherwise, 271 for CA certificates that cannot be loaded; and what
    ``inner`` raises.
    """
    try:
        name = ServerName.parse(options.server_name)
        connection = connection or make_connection(options)
        if not name.is_address:  # RFC 6066 3 has no room for addresses
            connection.set_tlsext_host_name(name.text.encode("ascii"))
        check = _revocation_check(options, deadline, ask)
        if check is not None:
            connection.request_ocsp()
        verifier = Verifier(
            name, options.accepted_certificate, authenticate, options.forgiven, check, check_for(options.policy)
        )
        connection.set_verify(SSL.VERIFY_PEER, verifier)
        if options.log_records and status is not None:
            inner = RecordLog(inner, status)
        remembered = sessions.take(options, port, connection.get_context()) if sessions is not None else None
        if (
            remembered is not None
            and remembered.ask_again
            and check is not None
            and check.problem(remembered.path, None)
        ):
            remembered = None  # the full handshake says what is the matter
        if remembered is not None:
            connection.set_session(remembered.session)
        handshake = _Handshake(inner, connection, verifier, status, remembered)
        with deadline.during(f"negotiating TLS with {options.server_name}"):
            stream = handshake.run(deadline)
        if sessions is not None:
            path, ask_again = verified_path(connection), verifier.asked_about_revocation
            if remembered is not None and stream.negotiated.resumed:
                path, ask_again = remembered.path, remembered.ask_again
            # Without a path nobody would know when the session has to end.
            if path and _may_be_resumed(connection):
                certificate = stream.server_certificate
                keep = partial(sessions.keep, options, port, connection, certificate, path, ask_again=ask_again)
                stream.ended = keep
        return stream
    except BaseException:
        inner.abort()
        raise


def _may_be_resumed(connection: SSL.Connection) -> bool:
    """Before TLS 1.3 only with extended_master_secret (RFC 7627 5.4): without it somebody in the middle can have the
    same keys on both sides, and nothing would tell the two resumed connections apart (tls-unique)."""
    return connection.get_protocol_version() >= SSL.TLS1_3_VERSION or has_extended_master_secret(connection)


def _revocation_check(options: TlsOptions, deadline: Deadline, ask: Ask | None) -> RevocationCheck | None:
    if options.revocation is Revocation.IGNORED:
        return None
    from .http_fetch import ask_directly  # which few need
    from .revocation import RevocationCheck

    return RevocationCheck(options.revocation, options.revocation_of_authorities, deadline, ask or ask_directly)


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
        if status is not None:
            connection.set_info_callback(report_state)

    def run(self, deadline: Deadline) -> TlsStream:
        while True:
            failure: SSL.Error | None = None
            try:
                self._connection.do_handshake()
            except SSL.WantReadError:
                flush(self._connection, self._inner, deadline)
                self._tell()
                self._receive(deadline)
                continue
            except SSL.Error as error:
                failure = error
            if failure is not None:
                self._send_alert(deadline)
                self._tell()
                self._raise(failure)
            flush(self._connection, self._inner, deadline)
            return self._finish()

    def _receive(self, deadline: Deadline) -> None:
        encrypted = self._inner.read(CHUNK, deadline)
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
            flush(self._connection, self._inner, deadline)
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
            resumed,
        )
        self._tell()
        if self._status is not None:
            self._status(str(negotiated))
        return TlsStream(self._inner, self._connection, verifier.server_certificate, negotiated)

    def _tell(self) -> None:
        lines = self._watch.journal.take()
        if self._status is not None:
            for line in lines:
                self._status(line)


def _said(answer: bytes) -> str:
    """The first line of what came instead of TLS, for the error text: an SMTP greeting tells all."""
    line = answer[:80].splitlines()[0].decode("ascii", "backslashreplace")
    return f"it said {printable(line)!r}"
