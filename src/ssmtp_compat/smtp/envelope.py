"""The envelope of one mail transaction: who sends, who receives, and with which parameters."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

__all__ = ["Envelope", "ForwardPath", "Role"]


class Role(Enum):
    """In which capacity a recipient receives the message; it decides what a refusal of it means."""

    TO = "To"
    CC = "Cc"
    BCC = "Bcc"


class ForwardPath(NamedTuple):
    """One recipient: a mailbox in the form the server can take, its role, and what its RCPT asks for."""

    address: str
    role: Role
    rcpt_parameters: tuple[str, ...] = ()
    """NOTIFY and ORCPT (RFC 3461), when the server offers DSN."""


class Envelope(NamedTuple):
    """What MAIL and RCPT say."""

    reverse_path: str
    forward_paths: tuple[ForwardPath, ...]
    mail_parameters: tuple[str, ...] = ()
    """SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461), each only when the server offers
    it."""
