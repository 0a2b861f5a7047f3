"""A message ready to go, and its envelope in the form that one server can take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..message.addresses import Mailbox
from ..message.compose import Composed
from ..message.headers import read_fields
from ..smtp.dsn import MessageDsn, RecipientDsn
from ..smtp.envelope import Envelope, ForwardPath, Role
from ..smtp.extensions import Extensions
from ..smtp.options import DeliveryOptions

__all__ = ["Outgoing", "envelope_for"]


class Outgoing(NamedTuple):
    """A message ready to go: its envelope, and how to compose it for a server."""

    reverse_path: Mailbox | None
    """None is the null path."""
    recipients: tuple[tuple[Mailbox, Role, RecipientDsn], ...]
    compose: Callable[[bool], Composed]
    """Compose for a server that takes 8-bit octets (True) or does not (False)."""
    dsn: MessageDsn

    def check(self, options: DeliveryOptions) -> Composed:
        """Raise what can be said without a server; return the message composed for an 8-bit server."""
        if not self.recipients:
            raise SSMTPError(ErrorCode.NO_RECIPIENT, "Set SendTo, Cc or BCc.")
        if not options.allow_empty_to and all(role is not Role.TO for _, role, _ in self.recipients):
            raise SSMTPError(ErrorCode.NO_RECIPIENT, "SendTo is empty; AllowEmptyTo=True allows Cc and BCc alone.")
        return self.compose(True)


def envelope_for(outgoing: Outgoing, composed: Composed, extensions: Extensions) -> Envelope:
    """The envelope in the form that the server can take; raises where it can take none."""
    sender = outgoing.reverse_path
    offered = extensions.keywords
    utf8 = (
        composed.needs_smtputf8
        or (sender is not None and sender.needs_utf8)
        or any(mailbox.needs_utf8 for mailbox, _, _ in outgoing.recipients)
    )
    if utf8 and "SMTPUTF8" not in offered:
        _refuse_utf8(outgoing, composed)
    if "DSN" not in offered:
        _refuse_dsn(outgoing)
    # As RFC 1870 3 counts: with the line end that a body without one gets in front of the dot.
    body = composed.body_octets
    unended = body and not composed.content.endswith(b"\r\n", composed.body_start)
    size = len(composed.header) + 2 + body + (2 if unended else 0)
    limit = extensions.size_limit
    if limit and size > limit:
        raise SSMTPError(ErrorCode.MESSAGE_TOO_LARGE, f"It has {size} octets, the server's limit is {limit}.")
    parameters = []
    if "SIZE" in offered:
        parameters.append(f"SIZE={size}")
    if composed.eight_bit and "8BITMIME" in offered:
        parameters.append("BODY=8BITMIME")
    if utf8:
        parameters.append("SMTPUTF8")
    parameters += outgoing.dsn.parameters
    notify = outgoing.dsn.notify if "DSN" in offered else ()
    return Envelope(
        reverse_path=sender.envelope_address(utf8) if sender is not None else "",
        forward_paths=tuple(
            [
                ForwardPath(mailbox.envelope_address(utf8), role, dsn.parameters(notify))
                for mailbox, role, dsn in outgoing.recipients
            ]
        ),
        mail_parameters=tuple(parameters),
    )


def _refuse_utf8(outgoing: Outgoing, composed: Composed) -> NoReturn:
    """For a server without SMTPUTF8: raise, naming what needs it."""
    mailboxes = [mailbox for mailbox, _, _ in outgoing.recipients]
    if outgoing.reverse_path is not None:
        mailboxes.append(outgoing.reverse_path)
    found = next((mailbox for mailbox in mailboxes if mailbox.needs_utf8), None)
    if found is not None:
        told = f"{found.addr_spec()} has non-ASCII characters in its local part"
    else:
        # What stands behind a line that is no field belongs to the header here, and to no field.
        fields = read_fields(composed.header.decode("utf-8"))
        named = next((f" field {field.name}" for field in fields if not field.value.isascii()), "")
        told = f"The header{named} has non-ASCII characters that are not encoded"
    raise SSMTPError(ErrorCode.EXTENSION_MISSING, f"{told}, and the server does not offer SMTPUTF8.")


def _refuse_dsn(outgoing: Outgoing) -> None:
    """For a server without DSN: raise if anything was asked for expressly, for the sender would wait for it in vain."""
    keywords, whose = outgoing.dsn.keywords, "the message"
    for mailbox, _, dsn in outgoing.recipients:
        if not keywords and dsn.keywords:
            keywords, whose = dsn.keywords, mailbox.addr_spec()
    if keywords:
        raise SSMTPError(
            ErrorCode.EXTENSION_MISSING,
            f"The server does not offer DSN (RFC 3461), which is needed for {' and '.join(keywords)} of {whose}.",
        )
