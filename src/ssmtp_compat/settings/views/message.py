"""The message, its envelope and its delivery."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Final

from ...catalog.config import SETTINGS
from ...catalog.enums import Importance, Priority, PropertyID, RecipientTypes, Sensitivity
from ...catalog.errors import ErrorCode
from ...errors import InvalidValueError, SSMTPError
from ...message.addresses import Group, Mailbox, flatten, parse_address_list, parse_mailbox
from ...message.ascii_text import AsciiText
from ...message.body import LONG, LineBlocks, Octets
from ...message.canonical import encode_text, has_ascii_line_ends
from ...message.compose import MessageSpec
from ...message.dates import format_date
from ...message.message_id import make_message_id, normalise_message_id
from ...message.other_headers import field_names
from ...smtp.commands import Verb
from ...smtp.dsn import NO_DSN, MessageDsn, RecipientDsn
from ...smtp.envelope import Role
from ...smtp.options import DeliveryOptions
from ..code_pages import charset_of, codec_of
from ..store import Settings

P = PropertyID

# Header texts of RFC 4021 and RFC 2156.
_IMPORTANCE: Final = {Importance.miHigh: "high", Importance.miNormal: "normal", Importance.miLow: "low"}
_PRIORITY: Final = {Priority.epNormal: "normal", Priority.epUrgent: "urgent", Priority.epNonUrgent: "non-urgent"}
_SENSITIVITY: Final = {
    Sensitivity.esPersonal: "Personal",
    Sensitivity.esPrivate: "Private",
    Sensitivity.esCompanyConfidential: "Company-Confidential",
}

# Which roles stop a message, by StopOnToErrors, StopOnCcErrors and StopOnBccErrors.
_STOPS: Final = {
    flags: frozenset(role for flag, role in zip(flags, (Role.TO, Role.CC, Role.BCC), strict=True) if flag)
    for flags in itertools.product((False, True), repeat=3)
}
_ROLES: Final = {RecipientTypes.rtTo: Role.TO, RecipientTypes.rtCc: Role.CC, RecipientTypes.rtBCc: Role.BCC}


def delivery_options(settings: Settings, opening: Verb = Verb.MAIL) -> DeliveryOptions:
    """How a transaction begins, and what a refused recipient means."""
    if opening is not Verb.MAIL and not settings.flag(P.AllowExtensions):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"AllowExtensions is False, and delivery to terminals ({opening.value}) is an extension; set it to True.",
        )
    return DeliveryOptions(
        stop_on_refusal=_STOPS[
            settings.setting_flag("StopOnToErrors"),
            settings.setting_flag("StopOnCcErrors"),
            settings.setting_flag("StopOnBccErrors"),
        ],
        allow_empty_to=settings.setting_flag("AllowEmptyTo"),
        opening=opening,
        reset_after_failure=settings.setting_flag("SendRSET"),
        use_chunking=settings.setting_flag("UseChunking"),
    )


def reverse_path(settings: Settings) -> Mailbox | None:
    """Who the envelope says the message is from; None is the null path, set as ``<>``."""
    text = settings.text(P.ReturnPath).strip()
    if text == "<>":
        return None
    if text:
        return parse_mailbox(text, "ReturnPath")
    for sender in flatten(parse_address_list(settings.text(P.From), "From")):
        return sender
    raise SSMTPError(ErrorCode.NO_SENDER, "Set From or ReturnPath.")


def recipients(settings: Settings) -> tuple[tuple[Mailbox, Role, RecipientDsn], ...]:
    """Everybody who is to receive the message: To, then Cc, then Bcc, each address once.

    An address that occurs twice has its first role, and the first options that it has anywhere.
    """
    found: dict[tuple[str, str], tuple[Mailbox, Role, RecipientDsn]] = {}
    for wanted, role in _ROLES.items():
        for entry in settings.recipients.entries:
            if entry.type is wanted and entry.address:
                mailbox = entry.mailbox()
                first, first_role, dsn = found.setdefault(mailbox.identity, (mailbox, role, NO_DSN))
                if entry.options and not dsn.keywords:
                    found[mailbox.identity] = (first, first_role, entry.dsn())
    return tuple(found.values())


def message_dsn(settings: Settings) -> MessageDsn:
    """What is to be notified about the message as a whole."""
    return MessageDsn(
        ret=settings.setting_text("DSNReturn").upper(),
        envelope_id=settings.setting_text("DSNEnvelopeId"),
        notify=("SUCCESS", "FAILURE") if settings.text(P.DeliveryNotificationTo).strip() else (),
    )


def body_codec(settings: Settings) -> str:
    """The codec of the code page that MessageText is encoded with."""
    return codec_of(settings.setting_number("CodePage"))


# Below this a copy costs nothing; of a long text it would be the greatest part of all memory that sending takes.
_LONG_TEXT: Final = 1 << 16


def body(settings: Settings) -> Octets:
    """MessageText as octets in the code page, with the line endings it was given or with canonical ones."""
    text = settings.text(P.MessageText)
    # ASCII is itself in every code page that mail can carry, but for UTF-7, in which it would harm base64.
    if text.isascii():
        return text.encode("ascii") if len(text) < _LONG_TEXT else AsciiText(text)
    codec = body_codec(settings)
    return encode_text(text, codec) if len(text) < LONG or not has_ascii_line_ends(codec) else LineBlocks(text, codec)


def body_charset(settings: Settings) -> str:
    """The name under which a message declares what :func:`body` is in."""
    return "us-ascii" if settings.text(P.MessageText).isascii() else charset_of(body_codec(settings))


def message_spec(settings: Settings, now: datetime, seed: bytes) -> MessageSpec:
    """The message as composition takes it. ``seed`` makes the Message-ID where one is to be made."""
    date, other_headers = settings.text(P.MessageDate), settings.text(P.OtherHeaders)
    own = field_names(other_headers)
    if date == "*":
        # What is made by itself gives way to a field of the caller's own.
        date = "" if "date" in own else format_date(now)
    authors = _addresses(settings, P.From)
    return MessageSpec(
        from_=authors,
        sender=_sender(authors, own),
        to=settings.recipients.header(RecipientTypes.rtTo),
        cc=settings.recipients.header(RecipientTypes.rtCc),
        reply_to=_addresses(settings, P.ReplyTo),
        subject=settings.text(P.Subject),
        date=date,
        message_id=_message_id(settings, seed, own),
        importance=_IMPORTANCE.get(Importance(settings.number(P.Importance)), ""),
        priority=_PRIORITY.get(Priority(settings.number(P.Priority)), ""),
        sensitivity=_SENSITIVITY.get(Sensitivity(settings.number(P.Sensitivity)), ""),
        disposition_notification_to=_addresses(settings, P.ReadReceiptTo),
        return_receipt_to=_addresses(settings, P.DeliveryNotificationTo),
        other_headers=other_headers,
        body=body(settings),
        body_charset=body_charset(settings),
        header_charset=settings.setting_text("Charset"),
        line_limit=settings.setting_number("MaxHeaderLength"),
    )


def _sender(authors: tuple[Mailbox | Group, ...], own: frozenset[str]) -> tuple[Mailbox, ...]:
    # RFC 5322 3.6.2: several authors need a Sender, and large providers refuse mail that lacks it. The first of them is
    # the one that the envelope names.
    mailboxes = flatten(authors)
    return mailboxes[:1] if len(mailboxes) > 1 and "sender" not in own else ()


def _message_id(settings: Settings, seed: bytes, own: frozenset[str]) -> str:
    text = settings.text(P.MessageId)
    if not text or (text == "*" and "message-id" in own):
        return ""
    if text != "*":
        return normalise_message_id(text)
    algorithm = dict(SETTINGS["messageidalgorithm"].choices)[settings.setting_number("MessageIdAlgorithm")]
    senders = flatten(parse_address_list(settings.text(P.From), "From"))
    # The sender's domain keeps the id unique without telling the world this host's name.
    domain = next((sender.domain for sender in senders if sender.domain), "localhost")
    return make_message_id(seed, algorithm.lower(), domain)


def _addresses(settings: Settings, property_id: PropertyID) -> tuple[Mailbox | Group, ...]:
    return parse_address_list(settings.text(property_id), property_id.name)
