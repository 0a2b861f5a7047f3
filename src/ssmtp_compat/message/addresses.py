"""Mailboxes, groups and address lists (RFC 5322 3.4, RFC 5321 4.1.2, RFC 6531, RFC 6532).

An address that does not follow the grammar is refused with a text that names it. It is never cut down or re-read as
another one. Accepted beyond the strict grammar: dots in display names, empty elements between commas (both obsolete
syntax of RFC 5322 4), and a bare local part without a domain ("root"), for mail to the local host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .address_scanner import Kind, Token, scan
from .domains import a_labels, u_labels
from .faults import AddressFault, code_point, excerpt, find_control

__all__ = ["ATEXT", "Address", "Group", "Mailbox", "flatten", "parse_address_list", "parse_mailbox", "quoted_string"]

MAX_LOCAL_PART: Final = 64
"""Octets, quotes included; RFC 5321 4.5.3.1.1."""
MAX_ADDRESS: Final = 254
"""Octets; the 256 of a path (RFC 5321 4.5.3.1.3) less its angle brackets."""

_REMEMBERED_LENGTH: Final = 1000
"""Characters of a list that is worth remembering; longer ones are rarely read twice and would fill the memory."""

ATEXT: Final = r"[^\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]"
"""Pattern of one character of an atom, RFC 6532's non-ASCII ones included."""
_DOT_ATOM: Final = re.compile(rf"{ATEXT}+(?:\.{ATEXT}+)*")
_ODD_BLANK: Final = re.compile(r"[^\S ]")
_PLAIN_PHRASE: Final = re.compile(rf"{ATEXT}+(?: {ATEXT}+)*")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name ("" for none) and an address.

    ``local_part`` is unquoted. ``domain`` is a host name, an internationalised one as given, an address literal in
    brackets, or "" for a local name. Raises :class:`InvalidValueError` (20012) for controls anywhere, for a domain
    that is none, and past the limits of RFC 5321 4.5.3.1.
    """

    name: str
    local_part: str
    domain: str

    def __post_init__(self) -> None:
        try:
            _check(self)
        except AddressFault as fault:
            shown = f"{self.local_part}@{self.domain}"
            raise InvalidValueError(ErrorCode.INVALID_ADDRESS, f"{excerpt(shown)}: {fault}.") from fault

    def __str__(self) -> str:
        """Return text that parses back to this mailbox, for people: never encoded."""
        if not self.name:
            return self.addr_spec()
        return f"{_phrase_text(self.name)} <{self.addr_spec()}>"

    @property
    def needs_utf8(self) -> bool:
        """Whether the address can be had only with SMTPUTF8: its local part is not ASCII."""
        return not self.local_part.isascii()

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two mailboxes the same: the local part as it is, and the domain without case (RFC 5321 2.4)."""
        return self.local_part, a_labels(self.domain).lower() if self.domain else ""

    def addr_spec(self) -> str:
        """Return the address with the domain as given, the local part quoted where RFC 5321 needs it."""
        local_part = self.local_part
        if not _DOT_ATOM.fullmatch(local_part):
            local_part = quoted_string(local_part)
        return f"{local_part}@{self.domain}" if self.domain else local_part

    def envelope_address(self, utf8: bool) -> str:
        """Return the address for a command or a header field, without angle brackets.

        The domain is in A-labels, so the result is ASCII, unless the local part is not ASCII: then, with ``utf8``
        (the server has SMTPUTF8), it is UTF-8 with U-labels, and without it :class:`InvalidValueError` (20012) is
        raised, since no ASCII form of a local part exists.
        """
        if not self.local_part.isascii():
            if not utf8:
                raise InvalidValueError(
                    ErrorCode.INVALID_ADDRESS,
                    f"{excerpt(self.addr_spec())}: the part before the @ is not ASCII, and only a server with the "
                    "SMTPUTF8 extension can take it.",
                )
            return Mailbox("", self.local_part, u_labels(self.domain)).addr_spec() if self.domain else self.addr_spec()
        if self.domain.isascii():
            return self.addr_spec()
        return Mailbox("", self.local_part, a_labels(self.domain)).addr_spec()


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of mailboxes, perhaps empty: ``undisclosed-recipients:;``."""

    name: str
    members: tuple[Mailbox, ...]

    def __post_init__(self) -> None:
        if not self.name or find_control(self.name) >= 0:
            raise InvalidValueError(
                ErrorCode.INVALID_ADDRESS, f"{excerpt(self.name)}: a group has a name, without control characters."
            )

    def __str__(self) -> str:
        """Return text that parses back to this group, for people: never encoded."""
        return f"{_phrase_text(self.name)}: {', '.join(map(str, self.members))};"


Address = Mailbox | Group


def flatten(addresses: Iterable[Address]) -> tuple[Mailbox, ...]:
    """Return the mailboxes of a list, those inside groups included, in order."""
    mailboxes: list[Mailbox] = []
    for address in addresses:
        if isinstance(address, Group):
            mailboxes.extend(address.members)
        else:
            mailboxes.append(address)
    return tuple(mailboxes)


def quoted_string(text: str) -> str:
    """Return ``text`` as an RFC 5322 quoted string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse_mailbox(text: str, what: str) -> Mailbox:
    """Return the one mailbox that ``text`` is. Raises :class:`InvalidValueError` (20012) naming ``what``."""
    addresses = parse_address_list(text, what)
    if len(addresses) != 1 or not isinstance(addresses[0], Mailbox):
        raise InvalidValueError(
            ErrorCode.INVALID_ADDRESS, f"{what}: {excerpt(text)} is not one address such as user@example.com."
        )
    return addresses[0]


def parse_address_list(text: str, what: str) -> tuple[Address, ...]:
    """Return the addresses of a comma-separated list; none for an empty text.

    Takes time in proportion to the text. ``what`` names the list in the error: :class:`InvalidValueError` (20012).
    """
    try:
        return _parse(text) if len(text) <= _REMEMBERED_LENGTH else _ListReader(text).read()
    except AddressFault as fault:
        raise InvalidValueError(ErrorCode.INVALID_ADDRESS, f"{what}: {fault}.") from fault


# One message reads each of its addresses several times, and a mailing reads its sender for every message.
@lru_cache(maxsize=512)
def _parse(text: str) -> tuple[Address, ...]:
    return _ListReader(text).read()


class _ListReader:
    """Cuts the tokens of a list into elements and groups."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._addresses: list[Address] = []
        self._element: list[Token] = []
        self._in_angle = False
        self._after_group = False
        self._group: str | None = None
        self._members: list[Mailbox] = []

    def read(self) -> tuple[Address, ...]:
        for token in scan(self._text):
            if token.kind is not Kind.SPECIAL:
                self._extend(token)
            elif token.text == ",":
                self._finish_element()
                self._after_group = False
            elif token.text == ":" and not self._in_angle:
                self._begin_group(token)
            elif token.text == ";" and not self._in_angle:
                self._end_group(token)
            else:
                self._extend(token)
        self._finish_element()
        if self._group is not None:
            raise AddressFault(f'the group {excerpt(self._group)} lacks its ";"')
        return tuple(self._addresses)

    def _extend(self, token: Token) -> None:
        if self._after_group:
            raise AddressFault(f"a comma is missing between a group and {excerpt(self._text[token.start :])}")
        if token.kind is Kind.SPECIAL and token.text in "<>":
            self._in_angle = token.text == "<"
        self._element.append(token)

    def _finish_element(self) -> None:
        self._in_angle = False
        if not self._element:
            return
        mailbox = _mailbox(self._element, self._text)
        self._element = []
        if self._group is None:
            self._addresses.append(mailbox)
        else:
            self._members.append(mailbox)

    def _begin_group(self, token: Token) -> None:
        shown = excerpt(self._text[self._element[0].start if self._element else token.start : token.end])
        if self._group is not None:
            raise AddressFault(f'{shown}: a ":" inside the group {excerpt(self._group)}; end that with ";" first')
        try:
            self._group = _phrase(self._element)
        except AddressFault as fault:
            raise AddressFault(f'{shown}: {fault}; a ":" ends the name of a group') from fault
        if not self._group:
            raise AddressFault(f'{shown}: the group before the ":" has no name')
        self._element = []

    def _end_group(self, token: Token) -> None:
        if self._group is None:
            shown = excerpt(self._text[self._element[0].start if self._element else token.start : token.end])
            raise AddressFault(f'{shown}: a ";" ends no group here; addresses are separated by commas')
        self._finish_element()
        self._addresses.append(Group(self._group, tuple(self._members)))
        self._group, self._members, self._after_group = None, [], True


def _mailbox(tokens: Sequence[Token], text: str) -> Mailbox:
    try:
        name, inner = _split_angle(tokens)
        local_part, domain = _addr_spec(inner)
        return Mailbox(name, local_part, domain)
    except (AddressFault, InvalidValueError) as error:
        fault = error.__cause__ if isinstance(error, InvalidValueError) else error
        raise AddressFault(f"{excerpt(text[tokens[0].start : tokens[-1].end])}: {fault}") from error


def _split_angle(tokens: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    angles = [i for i, token in enumerate(tokens) if token.kind is Kind.SPECIAL and token.text in "<>"]
    if not angles:
        return "", tokens
    opening = angles[0]
    if [tokens[i].text for i in angles] != ["<", ">"]:
        raise AddressFault('the address has to stand in one pair of angle brackets, "Name <user@example.com>"')
    if angles[1] != len(tokens) - 1:
        raise AddressFault('something stands behind the ">"; a comma has to separate two addresses')
    return _phrase(tokens[:opening]), tokens[opening + 1 : -1]


def _phrase(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    for token in tokens:
        word = token.kind in (Kind.ATOM, Kind.QUOTED) or (token.text == "." and bool(parts))
        if not word:
            raise AddressFault(f"'{token.text}' in the display name; put the name in double quotes")
        if parts and token.spaced:
            parts.append(" ")
        parts.append(token.text)
    return "".join(parts)


def _addr_spec(tokens: Sequence[Token]) -> tuple[str, str]:
    if not tokens:
        raise AddressFault("the address is empty")
    ats = [i for i, token in enumerate(tokens) if token.kind is Kind.SPECIAL and token.text == "@"]
    if len(ats) > 1:
        raise AddressFault("there is more than one @; one inside the local part needs double quotes around that part")
    if not ats:
        return _dot_atom(tokens, "the address, which has no @ and so has to be a plain local name"), ""
    before, after = tokens[: ats[0]], tokens[ats[0] + 1 :]
    if len(before) == 1 and before[0].kind is Kind.QUOTED:
        local_part = before[0].text
    else:
        local_part = _dot_atom(before, "the local part (before the @)")
    if len(after) == 1 and after[0].kind is Kind.LITERAL:
        return local_part, after[0].text
    return local_part, _dot_atom(after, "the domain (behind the @)")


def _dot_atom(tokens: Sequence[Token], where: str) -> str:
    if not tokens:
        raise AddressFault(f"{where} is missing")
    for index, token in enumerate(tokens):
        if index and token.spaced:
            raise AddressFault(f'a blank or comment inside {where}; a name goes before "<user@example.com>"')
        if token.kind in (Kind.QUOTED, Kind.LITERAL):
            raise AddressFault(f"a quoted string or literal is only a part of {where}; it has to be the whole of it")
        # Tokens are maximal runs, so words and dots have to alternate, with a word at both ends.
        if (token.kind is Kind.ATOM) != (index % 2 == 0) or (token.kind is Kind.SPECIAL and token.text != "."):
            raise AddressFault(f"'{token.text}' is misplaced in {where}")
    if len(tokens) % 2 == 0:
        raise AddressFault(f"a dot ends {where}")
    return "".join(token.text for token in tokens)


def _check(mailbox: Mailbox) -> None:
    for text in (mailbox.name, mailbox.local_part, mailbox.domain):
        at = find_control(text)
        if at >= 0:
            raise AddressFault(f"the control character {code_point(text[at])} cannot stand in an address or name")
    local_part = mailbox.local_part
    odd_blank = _ODD_BLANK.search(local_part)
    if odd_blank:
        raise AddressFault(f"the local part (before the @) has the odd blank {code_point(odd_blank.group())}")
    plain = _DOT_ATOM.fullmatch(local_part) is not None
    if not mailbox.domain and not plain:
        raise AddressFault("an address without @ and domain has to be a plain local name")
    local_octets = len((local_part if plain else quoted_string(local_part)).encode())
    if local_octets > MAX_LOCAL_PART:
        raise AddressFault(f"the local part has {local_octets} octets, {MAX_LOCAL_PART} are allowed")
    if not mailbox.domain:
        return
    octets = local_octets + 1 + len(a_labels(mailbox.domain))
    if not mailbox.domain.isascii() and mailbox.needs_utf8:
        octets = local_octets + 1 + len(u_labels(mailbox.domain).encode())
    if octets > MAX_ADDRESS:
        raise AddressFault(f"the address has {octets} octets, {MAX_ADDRESS} are allowed")


def _phrase_text(name: str) -> str:
    return name if _PLAIN_PHRASE.fullmatch(name) else quoted_string(name)
