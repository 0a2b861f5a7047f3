"""The file of one queued message: a block of header lines, an empty line, and the message (docs/queue-format.md)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import InvalidValueError
from ..message.addresses import Mailbox, parse_mailbox
from ..smtp.dsn import NO_DSN, MessageDsn, RecipientDsn, check_envelope_id, check_ret, parse_recipient_options
from ..smtp.envelope import Role

__all__ = ["FormatError", "QueuedMessage", "read_header", "write_header"]

VERSION: Final = "ssmtp_compat queue 1"
MAXIMUM_HEADER: Final = 16 * 1024 * 1024
"""Octets of the block: a hundred thousand recipients."""
_VALUE: Final = r"[^\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]*"
# LF alone is what other programs write most easily.
_LINE: Final = re.compile(rf"([A-Za-z0-9-]+): ({_VALUE})\r?")
# An ORCPT may have angle brackets in it, and so may a quoted local part. It never goes back (++), which would take a
# hundred times the memory of a line that is long on purpose.
_RECIPIENT: Final = re.compile(r'(To|Cc|Bcc) <((?:[^"<>]++|"(?:[^"\\]++|\\.)*+")++)>((?: [!-~]++)*+)')
_ONCE: Final = ("From", "Body", "Length", "SHA-256")
_DSN: Final = ("Return", "Envelope-ID", "Notify")
_KNOWN: Final = frozenset((*_ONCE, *_DSN, "Created", "Message-ID"))
_NUMBER: Final = re.compile("[0-9]{1,15}")
_HEXADECIMAL: Final = re.compile("[0-9a-fA-F]{64}")
_NO_WISHES: Final = MessageDsn()
_ROLES: Final = {role.value: role for role in Role}


class FormatError(ValueError):
    """A file is no queued message; the text says why, without quoting it at length."""


class QueuedMessage(NamedTuple):
    """What the block says."""

    reverse_path: Mailbox | None
    recipients: tuple[tuple[Mailbox, Role, RecipientDsn], ...]
    dsn: MessageDsn
    eight_bit: bool
    """Whether the body has octets above 127."""
    length: int
    """Octets of the message."""
    sha256: bytes
    created: str = ""
    """For people: when, in ISO 8601."""
    message_id: str = ""
    """For people and for finding duplicates."""


def write_header(queued: QueuedMessage) -> bytes:
    """The block with the empty line behind it."""
    lines = [VERSION]
    if queued.created:
        lines.append(f"Created: {queued.created}")
    # It is the message's own, which may have a tab in it. In the message it stays in any case.
    if queued.message_id and re.fullmatch(_VALUE, queued.message_id):
        lines.append(f"Message-ID: {queued.message_id}")
    lines.append(f"From: <{_address(queued.reverse_path)}>")
    for mailbox, role, dsn in queued.recipients:
        lines.append(" ".join((f"Recipient: {role.value} <{_address(mailbox)}>", *dsn.parameters())))
    if queued.dsn.ret:
        lines.append(f"Return: {queued.dsn.ret}")
    if queued.dsn.envelope_id:
        lines.append(f"Envelope-ID: {queued.dsn.envelope_id}")
    if queued.dsn.notify:
        lines.append(f"Notify: {','.join(queued.dsn.notify)}")
    lines += [
        f"Body: {'8bit' if queued.eight_bit else '7bit'}",
        f"Length: {queued.length}",
        f"SHA-256: {queued.sha256.hex()}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def read_header(block: bytes) -> QueuedMessage:
    """Read what stands before the empty line. Raises :class:`FormatError`."""
    try:
        first, *lines = block.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("its header is not UTF-8") from error
    if first.removesuffix("\r") != VERSION:
        raise FormatError(f"it does not begin with {VERSION!r}; it may be of another version, or of another program")
    fields: dict[str, str] = {}
    recipients = []
    for number, line in enumerate(lines, 2):
        found = _LINE.fullmatch(line)
        if found is None:
            raise FormatError(f"line {number} is not of the form Name: value")
        name, value = found.groups()
        if name == "Recipient":
            recipients.append(_recipient(value, number))
        elif name in fields:
            raise FormatError(f"line {number} says {name} a second time")
        elif name not in _KNOWN:
            raise FormatError(f"line {number} has the unknown name {name[:40]}")
        else:
            fields[name] = value
    missing = [name for name in _ONCE if name not in fields] + ["Recipient"] * (not recipients)
    if missing:
        raise FormatError(f"there is no line {missing[0]}")
    return QueuedMessage(
        reverse_path=_sender(fields["From"]),
        recipients=tuple(recipients),
        dsn=_dsn(fields),
        eight_bit=_body(fields["Body"]),
        length=_length(fields["Length"]),
        sha256=_digest(fields["SHA-256"]),
        created=fields.get("Created", ""),
        message_id=fields.get("Message-ID", ""),
    )


def _address(mailbox: Mailbox | None) -> str:
    return mailbox.addr_spec() if mailbox is not None else ""


def _mailbox(text: str, what: str) -> Mailbox:
    try:
        mailbox = parse_mailbox(text, what)
    except InvalidValueError as error:
        raise FormatError(error.message) from error
    if mailbox.name:
        raise FormatError(f"{what} has more than an address")
    return mailbox


def _sender(value: str) -> Mailbox | None:
    if not (value.startswith("<") and value.endswith(">")):
        raise FormatError("From is not an address in angle brackets")
    return _mailbox(value[1:-1], "From") if value != "<>" else None


def _recipient(value: str, number: int) -> tuple[Mailbox, Role, RecipientDsn]:
    found = _RECIPIENT.fullmatch(value)
    if found is None:
        raise FormatError(f"line {number} is not of the form Recipient: To <address>")
    role, address, options = found.groups()
    dsn = NO_DSN
    if options:
        try:
            dsn = parse_recipient_options(options, f"line {number}")
        except InvalidValueError as error:
            raise FormatError(error.message) from error
    return _mailbox(address, f"line {number}"), _ROLES[role], dsn


def _dsn(fields: dict[str, str]) -> MessageDsn:
    if not any(name in fields for name in _DSN):
        return _NO_WISHES
    ret, envelope_id, notify = (fields.get(name, "") for name in _DSN)
    try:
        check_ret(ret, "Return")
        check_envelope_id(envelope_id, "Envelope-ID")
        parsed = parse_recipient_options(f"NOTIFY={notify}" if notify else "", "Notify")
    except InvalidValueError as error:
        raise FormatError(error.message) from error
    return MessageDsn(ret=ret.upper(), envelope_id=envelope_id, notify=parsed.notify)


def _body(value: str) -> bool:
    if value not in ("7bit", "8bit"):
        raise FormatError("Body is neither 7bit nor 8bit")
    return value == "8bit"


def _length(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise FormatError("Length is no number")
    return int(value)


def _digest(value: str) -> bytes:
    if not _HEXADECIMAL.fullmatch(value):
        raise FormatError("SHA-256 is not 64 hexadecimal digits")
    return bytes.fromhex(value)
