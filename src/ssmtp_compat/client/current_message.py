"""The message that the settings of a client describe, and what Sign and Encrypt make of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from ..catalog.enums import PropertyID
from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, SSMTPError
from ..message.body import Octets
from ..message.compose import Composed, MessageSpec, compose, raw_message
from ..net.deadline import Deadline
from ..operations.outgoing import Outgoing
from ..settings import views
from ..settings.store import Settings

if TYPE_CHECKING:
    from ..smime.secure import Secured

__all__ = ["CurrentMessage"]

P = PropertyID


class CurrentMessage:
    """The message of one client, as it stands now."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seed = b""
        self._raw: tuple[bytes, Callable[[bool], Composed]] | None = None
        """Message as it was last sent, and what reads it; a message that goes to one after the other is read once."""
        self._headers_secured = ("", "")
        """OtherHeaders before Sign or Encrypt changed them, and after."""
        self._not_encrypted: ErrorCode | None = None
        """Why MessageText is still in the clear although it was to be encrypted."""
        self._message_since = False
        """Whether Message was set since that failed."""

    def spec(self) -> MessageSpec:
        """What is composed. Its Message-ID stays the same until :meth:`sent`."""
        with self._settings.lock:
            self._seed = self._seed or os.urandom(32)
            return views.message_spec(self._settings, datetime.now(UTC).astimezone(), self._seed)

    def outgoing(self) -> Outgoing:
        """The message with its envelope. Raises where it was to be encrypted and is not."""
        settings = self._settings
        raw = settings.binary(P.Message)
        if self._not_encrypted is not None and not (raw and self._message_since):
            # A script that takes no notice of what Encrypt returned must not send in the clear what nobody may read.
            raise SSMTPError(
                self._not_encrypted,
                "Encrypt failed with this code, so the message is not sent in the clear. Encrypt it, or set "
                "MessageText again to send it as it is.",
            )
        compose_for: Callable[[bool], Composed]
        if raw:
            if self._raw is None or self._raw[0] is not raw:
                self._raw = raw, lru_cache(lambda eight_bit: raw_message(raw, eight_bit=eight_bit))
            compose_for = self._raw[1]
        else:
            spec = self.spec()
            compose_for = lambda eight_bit: compose(spec, eight_bit=eight_bit)  # noqa: E731
        sender, recipients = views.reverse_path(settings), views.recipients(settings)
        return Outgoing(sender, recipients, compose_for, views.message_dsn(settings))

    def sent(self) -> None:
        """The next message has a Message-ID of its own."""
        self._seed = b""

    def forget(self) -> None:
        """Be as new."""
        self._seed = b""
        self._raw = None
        self._headers_secured = ("", "")
        self._not_encrypted = None

    def content(self) -> tuple[Octets, str, str]:
        """What is to be signed or encrypted: the body, its charset, and OtherHeaders."""
        settings = self._settings
        if settings.binary(P.Message):
            # Send would send Message: as it is, not signed, and above all not encrypted.
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "Message is set, and Send would send it instead of the MessageText that is signed or encrypted; "
                "empty Message first.",
            )
        return views.body(settings), views.body_charset(settings), settings.text(P.OtherHeaders)

    @contextmanager
    def encrypting(self) -> Iterator[None]:
        """A block that encrypts; where it fails, the message cannot be sent in the clear."""
        try:
            yield
        except SSMTPError as error:
            self._not_encrypted = error.code
            self._message_since = False
            raise
        self._not_encrypted = None

    def replace(self, secured: Secured, deadline: Deadline) -> None:
        """Put what was signed or encrypted in the place of MessageText, and its header lines into OtherHeaders."""
        text = secured.message_text
        # Computing is no inactivity, but an interrupt and an absolute limit hold: then nothing has changed.
        deadline.progress()
        deadline.check()
        before, written = self._headers_secured
        given = self._settings.text(P.OtherHeaders)
        # Sign, then Encrypt: what the caller gave is what stood there before the first of the two.
        self._headers_secured = (before if given == written else given, secured.other_headers)
        self._settings.put(P.MessageText, text)
        self._settings.put(P.OtherHeaders, secured.other_headers)

    def new_message(self) -> None:
        """For a new Message: it may go out, and MessageText behind it is still what it was."""
        self._raw = None
        self._message_since = True

    def new_text(self) -> None:
        """For a new MessageText: nobody has asked yet to encrypt it, and the header lines that belong to the signed or
        encrypted one before it are taken back."""
        self._not_encrypted = None
        before, written = self._headers_secured
        if written and self._settings.text(P.OtherHeaders) == written:
            self._settings.put(P.OtherHeaders, before)
        self._headers_secured = ("", "")
