"""What one SMTP session and one delivery are told to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from .auth.mechanism import Credentials
from .commands import Verb
from .envelope import Role

__all__ = ["DeliveryOptions", "SmtpOptions", "TlsStart"]


class TlsStart(Enum):
    """When TLS begins."""

    NEVER = auto()
    AT_ONCE = auto()
    """Implicit TLS (RFC 8314): before the greeting."""
    STARTTLS = auto()
    """RFC 3207: after the first EHLO; a server that does not offer it is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """How a session is opened."""

    hello: str
    """Argument of EHLO and HELO; empty means this host's name."""
    use_extensions: bool = True
    """EHLO, with HELO as the fall-back; otherwise HELO alone."""
    use_pipelining: bool = True
    """Commands go out together where the server offers PIPELINING (RFC 2920)."""
    tls_start: TlsStart = TlsStart.NEVER
    max_reply_line: int = 2048
    """Longest reply line accepted, in octets."""
    credentials: Credentials | None = None
    """Log in with these; None means no AUTH."""
    mechanism: str = ""
    """The SASL mechanism to use; empty means the best one offered."""


class DeliveryOptions(NamedTuple):
    """How one message is delivered."""

    stop_on_refusal: frozenset[Role]
    """A refused recipient in one of these roles stops the message."""
    allow_empty_to: bool = False
    """Recipients in Cc or Bcc alone are enough."""
    opening: Verb = Verb.MAIL
    """MAIL, or with SEND, SOML and SAML a transaction that reaches the recipients' terminals (RFC 821 section 3.4)."""
    reset_after_failure: bool = True
    """RSET ends a transaction that was given up on a session that stays open."""
    use_chunking: bool = False
    """BDAT in place of DATA where the server offers CHUNKING (RFC 3030)."""
