"""Asking the server about a mailbox (VRFY) and about the members of a list (EXPN)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from ..catalog.enums import EventID
from ..catalog.errors import ErrorCode
from ..catalog.values import check_single_line
from ..errors import InvalidValueError, SSMTPError
from ..events import EventHub
from ..message.addresses import Mailbox, parse_mailbox
from ..net.deadline import Deadline
from ..smtp import commands
from ..smtp.commands import Command
from ..smtp.extensions import Extensions
from ..smtp.replies import Reply
from .connection import Connection
from .exchange import refusal

__all__ = ["check_enquiry", "expand", "verify"]

# RFC 2034 section 4: a server with ENHANCEDSTATUSCODES puts one in front of the text of every line.
_ENHANCED_STATUS: Final = re.compile(r"\A2\.[0-9]{1,3}\.[0-9]{1,3} +")

# RFC 5321 3.5.1 has any text for a name, and 4.1.2 a route of hosts that is to be ignored; neither is RFC 5322's.
_NAMED_MEMBER: Final = re.compile(r"(?P<name>[^<>]*)<(?:@[^:<>]*:)?(?P<address>[^<>]*)>[ \t]*")


def check_enquiry(text: str) -> str:
    """Return ``text`` without blanks around it; raises :class:`InvalidValueError` for one that cannot be asked about.

    It is not held to be an address: user names and names of lists are as good (RFC 5321 section 3.5.1).
    """
    stripped = text.strip()
    if not stripped:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, "emailaddress is empty; it takes an address, a user name or the name of a list."
        )
    if found := check_single_line(stripped):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"emailaddress contains {found}; it takes a single line without control characters.",
        )
    return stripped


def verify(connection: Connection, text: str, deadline: Deadline) -> None:
    """Ask whether the server knows a mailbox. 250, 251 and 252 are a yes; a refusal raises :class:`ReplyError`.

    252 means that the server does not say, and would take a message (RFC 5321 section 3.5.3).
    """
    _ask(connection, commands.vrfy, text, deadline)


def expand(connection: Connection, text: str, events: EventHub, deadline: Deadline) -> None:
    """Ask who is on a list, and fire Expand for each member; a refusal raises :class:`ReplyError`.

    The members are told once the whole reply is here, so that a callback never holds up a half-read one.
    """
    for line in _ask(connection, commands.expn, text, deadline).texts:
        # The server has said everything: time that a callback took is not its silence. An interrupt holds.
        deadline.progress()
        deadline.check()
        member = _member(line)
        if member is None:
            connection.exchange.remark(f"There is no address in the line {line[:200]!r}.")
            continue
        events.fire(EventID.Expand, address=str(member))


def _ask(
    connection: Connection, command: Callable[[str, Iterable[str]], Command], text: str, deadline: Deadline
) -> Reply:
    exchange = connection.exchange
    reply = exchange.command(command(text, _parameters(text, exchange.session.extensions)), deadline)
    if not reply.positive:
        raise refusal(reply)
    return reply


def _parameters(text: str, extensions: Extensions) -> tuple[str, ...]:
    if text.isascii():
        return ()
    if "SMTPUTF8" not in extensions:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            "What is asked about has non-ASCII characters, and the server does not offer SMTPUTF8.",
        )
    return ("SMTPUTF8",)  # RFC 6531 section 3.7.4.2


def _member(line: str) -> Mailbox | None:
    """The mailbox of one line of a reply to EXPN (RFC 5321 section 3.5.2), or None for a line that has none."""
    text = _ENHANCED_STATUS.sub("", line)
    try:
        member = parse_mailbox(text, "the reply to EXPN")
    except InvalidValueError:
        return _named_member(text)
    # "250 Done" would be a mailbox named Done; RFC 5321 wants angle brackets, and some servers leave them out.
    return member if member.domain or "<" in text else None


def _named_member(text: str) -> Mailbox | None:
    """The mailbox of a line that is no address of a header: behind a name that no header could have as it is, such as
    one with a comma, or with a source route."""
    found = _NAMED_MEMBER.fullmatch(text)
    if found is None:
        return None
    try:
        address = parse_mailbox(found["address"], "the reply to EXPN")
        return Mailbox(found["name"].strip(" \t"), address.local_part, address.domain)
    except InvalidValueError:
        return None
