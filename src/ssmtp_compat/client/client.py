"""SSMTPClient: composes the engines for one handle. One short method for each documented method."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ..catalog.enums import EventID, PropertyID
from ..catalog.errors import ErrorCode
from ..catalog.lookup import property_by_id, setting_by_name
from ..catalog.schema import PropertyDef
from ..catalog.values import shown
from ..errors import CertificateError, InvalidValueError, SSMTPError, TLSError
from ..events import CallbackError, EventHub
from ..message.body import Octets
from ..message.canonical import has_ascii_line_ends
from ..message.compose import Composed, MessageSpec, compose, raw_message
from ..net.deadline import CancelToken, Deadline
from ..net.readiness import pause
from ..operations.connection import Connection, ConnectionOptions
from ..operations.delivery import Delivery, Outgoing
from ..operations.enquiry import check_enquiry, expand, verify
from ..settings import views
from ..settings.store import Settings, Value
from ..smtp.commands import Verb
from ..smtp.session import State
from .values import attach_client_values

if TYPE_CHECKING:
    from ..operations.securing import CertificateSelection, RecipientCertificates
    from ..pki.certificates import KeyPair
    from ..smime.enveloping import RecipientsSpec
    from ..smime.secure import Secured
    from ..smime.signing import SignerSpec
    from ..tls.sessions import SessionCache

__all__ = ["SSMTPClient"]

P = PropertyID


class SSMTPClient:
    """One independent SMTP client. Methods raise :class:`SSMTPError`; the faces turn that into what they promise.

    One method runs at a time; another one called meanwhile raises ``BUSY``. :meth:`get`, :meth:`set`, :meth:`config`,
    :meth:`interrupt` and :meth:`do_events` may be called from a callback or from another thread while a method runs.
    """

    def __init__(self) -> None:
        self.events = EventHub()
        self.settings = Settings(connected=lambda: self._opening or self.connected)
        self._busy = threading.Lock()
        self._ending = threading.RLock()
        """Held where a method ends and where it is interrupted, so that an interrupt meets the method it is for."""
        self._cancel = CancelToken()
        self._closing = False
        self._connection: Connection | None = None
        self._delivery: Delivery | None = None
        self._certificates: dict[views.StoreProperties, CertificateSelection] = {}
        self._message_seed = b""
        self._opening = False
        self._headers_secured = ("", "")
        """OtherHeaders before Sign or Encrypt changed them, and after."""
        self._not_encrypted: ErrorCode | None = None
        """Why the message is still in the clear although it was to be encrypted."""
        attach_client_values(self)

    # -- connection ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether a session is open."""
        return self._connection is not None and self._connection.ready

    @property
    def idle(self) -> bool:
        """Whether no method runs."""
        return not self._busy.locked()

    def connect(self) -> None:
        """Open a session that stays open until :meth:`disconnect`."""
        with self._method() as deadline:
            if self.connected:
                raise SSMTPError(ErrorCode.ALREADY_CONNECTED)
            self._open(deadline)

    def disconnect(self) -> None:
        """End the session with QUIT; nothing happens without one."""
        with self._method() as deadline:
            if self._connection is not None and self.connected:
                self._connection.quit(deadline, self._cancel)

    def interrupt(self) -> None:
        """Make the method that runs now fail with 301; nothing happens when none runs."""
        with self._ending:
            if not self.idle:
                self._cancel.cancel()

    def do_events(self) -> None:
        """Wait SelectWaitMillis at most for what the server of an open session says unasked, and take it.

        While a method runs it fires its own events, and nothing is left to be done here.
        """
        try:
            with self._method():
                # An idle session may be silent for longer than Timeout.
                forever = Deadline(0, cancel=self._cancel)
                seconds = self.settings.setting_number("SelectWaitMillis") / 1000
                if self._connection is not None and self.connected:
                    self._connection.listen(seconds, forever)
                else:
                    pause(seconds, forever)
        except SSMTPError as error:
            if error.code is not ErrorCode.BUSY:
                raise

    def command(self, line: str) -> None:
        """Send a line in the caller's own words over the open session and await its reply, whatever that is."""
        with self._method() as deadline:
            if self._connection is None or not self.connected:
                raise SSMTPError(ErrorCode.NOT_CONNECTED)
            with self._session(deadline) as connection:
                connection.command(line, deadline)

    def close(self) -> None:
        """Give everything up: the connection is dropped without a word and without events."""
        for event in EventID:
            self.events.register(event, None)
        self._closing = True
        self._cancel.cancel()
        # A method that still runs ends with 301 and does the same on its way out.
        self._release_unless_busy()

    # -- message ------------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Deliver the message, over the open session or over one of its own."""
        self._deliver(Verb.MAIL)

    def send_to_terminal_only(self) -> None:
        """Deliver the message to the recipients' terminals and not to their mailboxes."""
        self._deliver(Verb.SEND)

    def send_to_terminal_or_email(self) -> None:
        """Deliver the message to the recipients' terminals or else to their mailboxes."""
        self._deliver(Verb.SOML)

    def send_to_terminal_and_email(self) -> None:
        """Deliver the message to the recipients' terminals and to their mailboxes."""
        self._deliver(Verb.SAML)

    def _deliver(self, opening: Verb) -> None:
        with self._method() as deadline:
            with self.settings.lock:
                options = views.delivery_options(self.settings, opening)
                outgoing = self._outgoing()
            composed = outgoing.check(options)
            with self._session(deadline, delivers=True) as connection:
                self._delivery = Delivery(connection, options, self.events)
                self._delivery.deliver(outgoing, composed, deadline)
            self._message_seed = b""

    def queue(self, path: str) -> str:
        """Put the message into a directory, to be sent by :meth:`process_queue`; returns the name of its file."""
        from ..operations.queueing import queue_message

        with self._method():
            with self.settings.lock:
                options = views.delivery_options(self.settings)
                outgoing = self._outgoing()
            name = queue_message(path, outgoing, options, datetime.now(UTC))
            self._message_seed = b""
            return name

    def process_queue(self, path: str) -> None:
        """Send the messages of a directory, over the open session or over one of its own."""
        from ..operations.queueing import QueueOptions, QueueRun
        from ..spool.directory import SpoolDirectory

        with self._method() as deadline:
            with self.settings.lock:
                delivery = views.delivery_options(self.settings)
                options = QueueOptions(
                    keep_sent=self.settings.setting_flag("KeepQueue"),
                    stop_at_failure=self.settings.setting_flag("StopOnQueueErrors"),
                )
            run = QueueRun(SpoolDirectory(path), delivery, options, self.events)
            try:
                if run.claim():
                    with self._session(deadline) as connection:
                        run.send_all(connection, deadline, self._watch)
            finally:
                run.release()
            if run.failure is not None:
                raise run.failure

    def _watch(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def verify(self, text: str) -> None:
        """Ask the server whether it knows a mailbox, over the open session or over one of its own."""
        with self._method() as deadline:
            asked = check_enquiry(text)
            with self._session(deadline) as connection:
                verify(connection, asked, deadline)

    def expand(self, text: str) -> None:
        """Ask the server who is on a list, and fire Expand for each, over the open session or over one of its own."""
        with self._method() as deadline:
            asked = check_enquiry(text)
            with self._session(deadline) as connection:
                expand(connection, asked, self.events, deadline)

    def sign(self) -> None:
        """Put the signed message in the place of MessageText, and its header lines into OtherHeaders."""
        # Imported here, as below, because it loads the cryptographic libraries, which a plain message does not need.
        from ..smime.secure import sign_message

        with self._method() as deadline:
            self._replace_content(sign_message(*self._content(), self._signer_spec()), deadline)

    def encrypt(self) -> None:
        """Put the encrypted message in the place of MessageText, and its header lines into OtherHeaders."""
        from ..smime.secure import encrypt_message

        with self._method() as deadline, self._encrypting():
            self._replace_content(encrypt_message(*self._content(), self._recipients_spec()), deadline)

    def sign_and_encrypt(self) -> None:
        """Sign, then encrypt what was signed. Nothing is changed when either fails."""
        from ..smime.secure import sign_and_encrypt_message

        with self._method() as deadline, self._encrypting():
            secured = sign_and_encrypt_message(*self._content(), self._signer_spec(), self._recipients_spec())
            self._replace_content(secured, deadline)

    def add_recipient_cert(self, encoded: bytes | str) -> None:
        """Add a certificate to encrypt for."""
        with self._method():
            self._recipient_certificates.add(encoded)

    def reset(self) -> None:
        """Drop the connection and put everything back to its default but callbacks and runtime licence."""
        with self._method():
            connection, self._connection = self._connection, None
            self._certificates.clear()
            self.__dict__.pop("_recipient_certificates", None)
            self.__dict__.pop("_tls_sessions", None)
            self.settings.reset()
            self._message_seed = b""
            self._headers_secured = ("", "")
            self._not_encrypted = None
            # Last, because its events may raise.
            if connection is not None:
                connection.abort()

    def reset_headers(self) -> None:
        """Empty the message's header properties and its recipients; text, server and certificates stay."""
        with self._method():
            self.settings.reset_headers()
            self._message_seed = b""

    # -- values -------------------------------------------------------------------------------------------------------

    def get(self, property_id: object, index: int | None = None) -> Value:
        """Read a property."""
        return self.settings.get(_property(property_id), index)

    def set(self, property_id: object, value: object, index: int | None = None) -> None:
        """Write a property."""
        self.settings.set(_property(property_id), value, index)

    def config(self, text: str) -> str:
        """Read (``Name``) or write (``Name=Value``) a setting; writing returns the empty text."""
        name, assigns, value = text.partition("=")
        row = setting_by_name(name)
        if row is None:
            raise InvalidValueError(ErrorCode.UNKNOWN_SETTING, f"There is no setting named {name.strip()[:60]!r}.")
        if not assigns:
            return self.settings.get_setting(row)
        self.settings.set_setting(row, value)
        return ""

    # -- the machinery of methods -------------------------------------------------------------------------------------

    @contextmanager
    def _method(self) -> Iterator[Deadline]:
        """The frame of every method: one at a time, the Error event for its failure, the deadline for its waits."""
        if not self._busy.acquire(blocking=False):
            raise SSMTPError(ErrorCode.BUSY)
        try:
            yield views.timeouts(self.settings).deadline(self._cancel)
        except SSMTPError as error:
            try:
                self.events.fire_error(error)
            except CallbackError:
                self._drop_connection()
                raise
            raise
        finally:
            with self._ending:
                # An interrupt was for this method; what close has cancelled stays so.
                if not self._closing:
                    self._cancel.reset()
                self._busy.release()
            # Looked at last: close either sees the lock free or is seen here.
            if self._closing:
                self._release_unless_busy()

    def _release_unless_busy(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._drop_connection()
                self._cancel.close()
            finally:
                self._busy.release()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.drop()

    def _open(self, deadline: Deadline) -> Connection:
        with self.settings.lock:
            options = ConnectionOptions(
                tcp=views.tcp_options(self.settings),
                smtp=views.smtp_options(self.settings),
                tls=views.tls_options(self.settings, self._tls_key_pair()),
                timeouts=views.timeouts(self.settings),
                tunnel=views.tunnel_options(self.settings),
                tell_chain=self.settings.setting_flag("SSLIncludeCertChain"),
            )
            sessions = self._tls_sessions if options.tls and self.settings.setting_flag("ReuseSSLSession") else None
        self._connection = Connection(options, self.events, sessions)
        self._opening = True
        try:
            self._connection.open(deadline, self._cancel)
        finally:
            self._opening = False
        return self._connection

    @contextmanager
    def _session(self, deadline: Deadline, *, delivers: bool = False) -> Iterator[Connection]:
        """The open session, or one that lasts for this block; what fails inside leaves a session in step or none.

        One that ``delivers`` leaves no transaction behind either; one begun by ``Command`` outlives any other block.
        """
        kept = self.connected
        connection = self._connection if kept and self._connection is not None else self._open(deadline)
        try:
            yield connection
        except SSMTPError as error:
            if not connection.in_step_after(error):
                connection.abort(error)
            elif not kept or (delivers and connection.exchange.session.state is not State.IDLE):
                connection.quit(deadline, self._cancel, keep_reply=True)
            raise
        except BaseException:
            # A callback raised in the middle of the dialogue.
            connection.drop()
            raise
        if not kept:
            connection.quit(deadline, self._cancel, keep_reply=True)

    # -- what the values of values.py read and change -------------------------------------------------------------

    @property
    def last_reply(self) -> str:
        """The server's last reply with all its lines; it stays readable behind the session."""
        return self._connection.last_reply if self._connection is not None else ""

    @property
    def server_certificate(self) -> bytes:
        """The certificate of the last TLS handshake as PEM; empty without one."""
        return self._connection.server_certificate if self._connection is not None else b""

    @property
    def local_address(self) -> str:
        """This side's address while connected."""
        return self._connection.local_address if self._connection is not None else ""

    @property
    def local_port(self) -> int:
        """This side's port while connected."""
        return self._connection.local_port if self._connection is not None else 0

    @property
    def eight_bit(self) -> bool:
        """Whether a message may have 8-bit octets: the server of the open session says so, or it is not known yet."""
        connection = self._connection
        return connection is None or not connection.ready or connection.takes("8BITMIME")

    @property
    def transfer_text(self) -> str:
        """The piece of the body just sent, while the Transfer event fires."""
        piece = self._delivery.transfer_text if self._delivery is not None else b""
        codec = views.body_codec(self.settings)
        # A text whose line ends are not those of ASCII went out as UTF-8 instead.
        return str(piece, codec if has_ascii_line_ends(codec) else "utf-8", "replace")

    def certificate(self, chosen_by: views.StoreProperties) -> CertificateSelection:
        """The certificate that ``chosen_by`` select, perhaps none."""
        selection = self._certificates.get(chosen_by)
        if selection is None:
            from ..operations.securing import CertificateSelection

            selection = self._certificates[chosen_by] = CertificateSelection()
        return selection

    def forget_certificate(self, chosen_by: views.StoreProperties) -> None:
        """Select no certificate by ``chosen_by``."""
        self._certificates.pop(chosen_by, None)

    def message_spec(self) -> MessageSpec:
        """The message as it stands now. Its Message-ID stays the same until the message is sent."""
        with self.settings.lock:
            self._message_seed = self._message_seed or os.urandom(32)
            return views.message_spec(self.settings, datetime.now(UTC).astimezone(), self._message_seed)

    # -- message helpers ----------------------------------------------------------------------------------------------

    def _outgoing(self) -> Outgoing:
        if self._not_encrypted is not None:
            # A script that takes no notice of what Encrypt returned must not send in the clear what nobody may read.
            raise SSMTPError(
                self._not_encrypted,
                "Encrypt failed with this code, so the message is not sent in the clear. Encrypt it, or set "
                "MessageText again to send it as it is.",
            )
        raw = self.settings.binary(P.Message)
        compose_for: Callable[[bool], Composed]
        if raw:
            compose_for = lambda eight_bit: raw_message(raw, eight_bit=eight_bit)  # noqa: E731  one line, as below
        else:
            spec = self.message_spec()
            compose_for = lambda eight_bit: compose(spec, eight_bit=eight_bit)  # noqa: E731
        sender, recipients = views.reverse_path(self.settings), views.recipients(self.settings)
        return Outgoing(sender, recipients, compose_for, views.message_dsn(self.settings))

    def _signer_spec(self) -> SignerSpec:
        key_pair = self.certificate(views.SIGNER).key_pair(views.issuer_store(self.settings))
        return views.signer_spec(self.settings, key_pair, datetime.now(UTC))

    @cached_property
    def _tls_sessions(self) -> SessionCache:
        from ..tls.sessions import SessionCache

        return SessionCache()

    def _tls_key_pair(self) -> KeyPair | None:
        # Looked at like this, because a client without one need not load the cryptographic libraries.
        selection = self._certificates.get(views.TLS_CLIENT)
        if selection is None or not selection.made:
            return None
        try:
            return selection.key_pair()
        except CertificateError as error:
            raise TLSError(ErrorCode.NO_CREDENTIALS, f"SSLCertStore: {error.message}") from error

    def _recipients_spec(self) -> RecipientsSpec:
        return views.recipients_spec(self.settings, self._recipient_certificates.all(), datetime.now(UTC))

    def _content(self) -> tuple[Octets, str, str]:
        settings = self.settings
        if settings.binary(P.Message):
            # Send would send Message: as it is, not signed, and above all not encrypted.
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "Message is set, and Send would send it instead of the MessageText that is signed or encrypted; "
                "empty Message first.",
            )
        return views.body(settings), views.body_charset(settings), settings.text(P.OtherHeaders)

    @contextmanager
    def _encrypting(self) -> Iterator[None]:
        try:
            yield
        except SSMTPError as error:
            self._not_encrypted = error.code
            raise
        self._not_encrypted = None

    def _replace_content(self, secured: Secured, deadline: Deadline) -> None:
        text = secured.message_text
        # Computing is no inactivity, but an interrupt and an absolute limit hold: then nothing has changed.
        deadline.progress()
        deadline.check()
        before, written = self._headers_secured
        given = self.settings.text(P.OtherHeaders)
        # Sign, then Encrypt: what the caller gave is what stood there before the first of the two.
        self._headers_secured = (before if given == written else given, secured.other_headers)
        self.settings.put(P.MessageText, text)
        self.settings.put(P.OtherHeaders, secured.other_headers)

    def allow_clear_text(self) -> None:
        """For a new MessageText or Message: nobody has asked yet to encrypt it."""
        self._not_encrypted = None

    def restore_headers(self) -> None:
        """For a new MessageText: take back the header lines that belong to the signed or encrypted one before it."""
        before, written = self._headers_secured
        if written and self.settings.text(P.OtherHeaders) == written:
            self.settings.put(P.OtherHeaders, before)
        self._headers_secured = ("", "")

    @cached_property
    def _recipient_certificates(self) -> RecipientCertificates:
        from ..operations.securing import RecipientCertificates

        return RecipientCertificates()


def _property(property_id: object) -> PropertyDef:
    row = property_by_id(property_id)
    if row is None:
        raise InvalidValueError(
            ErrorCode.UNKNOWN_PROPERTY, f"Properties have the ids 1 to 62, 0 and 2011, not {shown(property_id)}."
        )
    return row
