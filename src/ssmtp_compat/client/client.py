"""SSMTPClient: composes the engines for one handle. One short method for each documented method."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..catalog.enums import EventID
from ..catalog.errors import ErrorCode
from ..catalog.lookup import property_by_id, setting_by_name
from ..catalog.schema import PropertyDef
from ..catalog.values import shown
from ..errors import InvalidValueError, SSMTPError
from ..events import EventHub
from ..message.canonical import has_ascii_line_ends
from ..net.deadline import Deadline
from ..net.readiness import pause
from ..operations.delivery import Delivery
from ..operations.enquiry import check_enquiry, expand, verify
from ..settings import views
from ..settings.store import Settings, Value
from ..smtp.commands import Verb
from .certificates import Certificates
from .current_message import CurrentMessage
from .link import Link
from .method_gate import MethodGate
from .values import attach_client_values

if TYPE_CHECKING:
    from ..operations.connection import Connection
    from ..operations.queueing import QueueOptions

__all__ = ["SSMTPClient"]


class SSMTPClient:
    """One independent SMTP client. Methods raise :class:`SSMTPError`; the faces turn that into what they promise.

    One method runs at a time; another one called meanwhile raises ``BUSY``. :meth:`get`, :meth:`set`, :meth:`config`,
    :meth:`interrupt` and :meth:`do_events` may be called from a callback or from another thread while a method runs.
    """

    def __init__(self) -> None:
        self.events = EventHub()
        self.settings = Settings(connected=lambda: self.link.in_use)
        self.certificates = Certificates(self.settings)
        self.message = CurrentMessage(self.settings)
        self._gate = MethodGate(self.events, lambda: views.timeouts(self.settings), lambda: self.link.drop())
        self.link = Link(self.settings, self.events, self._gate.cancel, self.certificates)
        self._delivery: Delivery | None = None
        attach_client_values(self)

    # -- connection ---------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether a session is open."""
        return self.link.connected

    @property
    def idle(self) -> bool:
        """Whether no method runs."""
        return self._gate.idle

    def connect(self) -> None:
        """Open a session that stays open until :meth:`disconnect`."""
        with self._gate as deadline:
            if self.connected:
                raise SSMTPError(ErrorCode.ALREADY_CONNECTED)
            self.link.open(deadline)

    def disconnect(self) -> None:
        """End the session with QUIT; nothing happens without one."""
        with self._gate as deadline:
            self.link.quit(deadline)

    def interrupt(self) -> None:
        """Make the method that runs now fail with 301; nothing happens when none runs."""
        self._gate.interrupt()

    def do_events(self) -> None:
        """Wait SelectWaitMillis at most for what the server of an open session says unasked, and take it.

        While a method runs it fires its own events, and nothing is left to be done here.
        """
        try:
            with self._gate:
                # An idle session may be silent for longer than Timeout.
                forever = Deadline(0, cancel=self._gate.cancel)
                seconds = self.settings.setting_number("SelectWaitMillis") / 1000
                if (session := self.link.session) is not None:
                    session.listen(seconds, forever)
                else:
                    pause(seconds, forever)
        except SSMTPError as error:
            if error.code is not ErrorCode.BUSY:
                raise

    def command(self, line: str) -> None:
        """Send a line in the caller's own words over the open session and await its reply, whatever that is."""
        with self._gate as deadline:
            if not self.connected:
                raise SSMTPError(ErrorCode.NOT_CONNECTED)
            with self.link.for_method(deadline) as connection:
                connection.command(line, deadline)

    def close(self) -> None:
        """Give everything up: the connection is dropped without a word and without events."""
        for event in EventID:
            self.events.register(event, None)
        self._gate.close()

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
        with self._gate as deadline:
            with self.settings.lock:
                options = views.delivery_options(self.settings, opening)
                outgoing = self.message.outgoing()
            composed = outgoing.check(options)

            def attempt(connection: Connection) -> None:
                self._delivery = Delivery(connection, options, self.events)
                self._delivery.deliver(outgoing, composed, deadline)

            self.link.deliver(deadline, attempt)
            self.message.sent()

    def queue(self, path: str) -> str:
        """Put the message into a directory, to be sent by :meth:`process_queue`; returns the name of its file."""
        from ..operations.submitting import queue_message

        with self._gate:
            with self.settings.lock:
                options = views.delivery_options(self.settings)
                outgoing = self.message.outgoing()
            name = queue_message(path, outgoing, options, datetime.now(UTC))
            self.message.sent()
            return name

    def process_queue(self, path: str, watched: QueueOptions | None = None) -> None:
        """Send the messages of a directory, over the open session or over one of its own.

        ``watched`` says which of them, and who is told what becomes of each; its flags are those of the settings.
        """
        from ..operations.queueing import QueueOptions, QueueRun

        with self._gate as deadline:
            with self.settings.lock:
                delivery = views.delivery_options(self.settings)
                options = replace(
                    watched or QueueOptions(),
                    keep_sent=self.settings.setting_flag("KeepQueue"),
                    stop_at_failure=self.settings.setting_flag("StopOnQueueErrors"),
                )
            with QueueRun(path, delivery, options, self.events) as run:
                if run.claim():
                    with self.link.for_method(deadline, delivers=True) as connection:
                        run.send_all(connection, deadline, self._watch)
            if run.failure is not None:
                raise run.failure

    def _watch(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def verify(self, text: str) -> None:
        """Ask the server whether it knows a mailbox, over the open session or over one of its own."""
        with self._gate as deadline:
            asked = check_enquiry(text)
            with self.link.for_method(deadline) as connection:
                verify(connection, asked, deadline)

    def expand(self, text: str) -> None:
        """Ask the server who is on a list, and fire Expand for each, over the open session or over one of its own."""
        with self._gate as deadline:
            asked = check_enquiry(text)
            with self.link.for_method(deadline) as connection:
                expand(connection, asked, self.events, deadline)

    def sign(self) -> None:
        """Put the signed message in the place of MessageText, and its header lines into OtherHeaders."""
        # Imported here, as below, because it loads the cryptographic libraries, which a plain message does not need.
        from ..smime.secure import sign_message

        with self._gate as deadline:
            self.message.replace(sign_message(*self.message.content(), self.certificates.signer_spec()), deadline)

    def encrypt(self) -> None:
        """Put the encrypted message in the place of MessageText, and its header lines into OtherHeaders."""
        from ..smime.secure import encrypt_message

        with self._gate as deadline, self.message.encrypting():
            self.message.replace(
                encrypt_message(*self.message.content(), self.certificates.recipients_spec()), deadline
            )

    def sign_and_encrypt(self) -> None:
        """Sign, then encrypt what was signed. Nothing is changed when either fails."""
        from ..smime.secure import sign_and_encrypt_message

        with self._gate as deadline, self.message.encrypting():
            secured = sign_and_encrypt_message(
                *self.message.content(), self.certificates.signer_spec(), self.certificates.recipients_spec()
            )
            self.message.replace(secured, deadline)

    def add_recipient_cert(self, encoded: bytes | str) -> None:
        """Add a certificate to encrypt for."""
        with self._gate:
            self.certificates.recipients.add(encoded)

    def reset(self) -> None:
        """Drop the connection and put everything back to its default but callbacks and runtime licence."""
        with self._gate:
            connection = self.link.forget()
            self.certificates.forget_all()
            self.settings.reset()
            self.message.forget()
            # Last, because its events may raise.
            if connection is not None:
                connection.abort()

    def reset_headers(self) -> None:
        """Empty the message's header properties and its recipients; text, server and certificates stay."""
        with self._gate:
            self.settings.reset_headers()
            self.message.sent()

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

    @property
    def transfer_text(self) -> str:
        """The piece of the body just sent, while the Transfer event fires."""
        piece = self._delivery.transfer_text if self._delivery is not None else b""
        codec = views.body_codec(self.settings)
        # A text whose line ends are not those of ASCII went out as UTF-8 instead.
        return str(piece, codec if has_ascii_line_ends(codec) else "utf-8", "replace")


def _property(property_id: object) -> PropertyDef:
    row = property_by_id(property_id)
    if row is None:
        raise InvalidValueError(
            ErrorCode.UNKNOWN_PROPERTY, f"Properties have the ids 1 to 62, 0 and 2011, not {shown(property_id)}."
        )
    return row
