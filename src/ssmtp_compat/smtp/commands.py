"""SMTP commands as bytes, and the check that keeps control characters off every command line."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError

__all__ = [
    "DATA",
    "NOOP",
    "OPENING",
    "QUIT",
    "RSET",
    "STARTTLS",
    "Command",
    "Verb",
    "auth",
    "bdat",
    "ehlo",
    "expn",
    "helo",
    "mail",
    "raw",
    "rcpt",
    "vrfy",
]

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")

MASK: Final = "****"
"""Stands in every trace in place of what a client sends in an AUTH exchange."""


class Verb(Enum):
    """The commands this client sends, and three exchanges that the protocol has no verb for."""

    __hash__ = object.__hash__  # members are single objects; Enum's own hash is slow and looked for at every reply

    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    SEND = "SEND"
    SOML = "SOML"
    SAML = "SAML"
    RCPT = "RCPT"
    DATA = "DATA"
    BDAT = "BDAT"
    BDAT_LAST = "BDAT LAST"  # apart from BDAT, because its reply is the one to the message
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    EXPN = "EXPN"
    QUIT = "QUIT"
    OTHER = "the command"
    GREETING = "the greeting"
    CONTENT = "the message"


# RFC 2920 section 3.1: these may only be the last command of a group, because the client has to see their reply before
# it knows what it may send next.
_ENDS_GROUP: Final = frozenset(
    {
        Verb.EHLO,
        Verb.HELO,
        Verb.STARTTLS,
        Verb.AUTH,
        Verb.DATA,
        Verb.NOOP,
        Verb.VRFY,
        Verb.EXPN,
        Verb.QUIT,
        Verb.OTHER,
        Verb.GREETING,
        Verb.CONTENT,
    }
)

OPENING: Final = (Verb.MAIL, Verb.SEND, Verb.SOML, Verb.SAML)
"""What begins a mail transaction."""


class Command(NamedTuple):
    """One command line, without its CRLF."""

    verb: Verb
    line: bytes
    trace: str
    """The line as a trace may show it: without secrets."""
    chunk_octets: int = 0
    """Octets of the message that have to follow the line (BDAT)."""
    content: bytes | memoryview = b""
    """The first of these, or all; they go out together with the line."""

    def __repr__(self) -> str:
        return f"Command({self.trace!r})"  # the line may hold a secret

    @property
    def ends_group(self) -> bool:
        """Whether the reply has to be awaited before another command is sent, even with PIPELINING."""
        return self.verb in _ENDS_GROUP


def _command(verb: Verb, *words: str) -> Command:
    # _value_, because value is made anew each time it is asked for.
    return _checked(verb, " ".join((verb._value_, *words)))


def _checked(verb: Verb, text: str) -> Command:
    line = text.encode("utf-8")
    # The octets are checked, not the characters: a character set that maps something to CR or LF would hide it.
    control = _CONTROL.search(line)
    if control:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"The {verb.value} command would contain the control character 0x{control.group()[0]:02X} at octet "
            f"{control.start()}; control characters cannot be sent in a command.",
        )
    return Command(verb, line, text)


def ehlo(name: str) -> Command:
    """EHLO (RFC 5321 section 4.1.1.1) with this host's name or address literal."""
    return _command(Verb.EHLO, name)


def helo(name: str) -> Command:
    """HELO, for servers without extensions."""
    return _command(Verb.HELO, name)


def mail(reverse_path: str, parameters: Iterable[str] = (), verb: Verb = Verb.MAIL) -> Command:
    """MAIL FROM (RFC 5321 section 4.1.1.2). An empty ``reverse_path`` is the null path ``<>``.

    ``verb`` may be another of ``OPENING``: SEND, SOML or SAML (RFC 821 section 3.4), which reach terminals.
    """
    return _command(verb, f"FROM:<{reverse_path}>", *parameters)


def rcpt(forward_path: str, parameters: Iterable[str] = ()) -> Command:
    """RCPT TO (RFC 5321 section 4.1.1.3)."""
    return _command(Verb.RCPT, f"TO:<{forward_path}>", *parameters)


def bdat(octets: int, content: bytes | memoryview, *, last: bool) -> Command:
    """BDAT (RFC 3030 section 2): a chunk of ``octets``, which begins with ``content``."""
    line = f"BDAT {octets} LAST" if last else f"BDAT {octets}"
    return Command(Verb.BDAT_LAST if last else Verb.BDAT, line.encode("ascii"), line, octets, content)


def vrfy(text: str, parameters: Iterable[str] = ()) -> Command:
    """VRFY (RFC 5321 section 4.1.1.6) with a mailbox or a user name."""
    return _command(Verb.VRFY, text, *parameters)


def expn(text: str, parameters: Iterable[str] = ()) -> Command:
    """EXPN (RFC 5321 section 4.1.1.7) with the name of a mailing list."""
    return _command(Verb.EXPN, text, *parameters)


def auth(mechanism: str, initial_response: bytes | None) -> Command:
    """AUTH (RFC 4954), with the initial response where the mechanism has one; an empty one is sent as ``=``."""
    if initial_response is None:
        return _command(Verb.AUTH, mechanism)
    encoded = base64.b64encode(initial_response).decode("ascii") or "="
    return Command(Verb.AUTH, f"AUTH {mechanism} {encoded}".encode("ascii"), f"AUTH {mechanism} {MASK}")


# The reply to these is no end: what has to follow is no command, and belongs to a method of its own.
_NOT_RAW: Final = {
    "AUTH": "User and Password log in",
    "BDAT": "Send sends the message",
    "DATA": "Send sends the message",
    "STARTTLS": "SSLStartMode starts TLS",
}
_RAW: Final = {
    verb.value: verb
    for verb in (Verb.EHLO, Verb.HELO, *OPENING, Verb.RCPT, Verb.RSET, Verb.NOOP, Verb.VRFY, Verb.EXPN, Verb.QUIT)
}


def raw(line: str) -> Command:
    """A command line in the caller's own words; one of an unknown verb is ``Verb.OTHER``.

    Raises :class:`InvalidValueError` for an empty line, for control characters, and for a command whose reply asks for
    something that is no command: AUTH, BDAT, DATA and STARTTLS.
    """
    name = line.partition(" ")[0].upper()
    if not name:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, "A command begins with its verb, such as NOOP.")
    if name in _NOT_RAW:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{name} cannot be sent as a raw command; {_NOT_RAW[name]}.")
    return _checked(_RAW.get(name, Verb.OTHER), line)


DATA: Final = _command(Verb.DATA)
RSET: Final = _command(Verb.RSET)
NOOP: Final = _command(Verb.NOOP)
QUIT: Final = _command(Verb.QUIT)
STARTTLS: Final = _command(Verb.STARTTLS)
