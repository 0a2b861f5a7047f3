"""Header fields (RFC 5322 2.2): what may stand in them, how they are encoded, and how they are folded.

A value on its way to the wire is a list of pieces. A line may be folded only before a piece; every piece but the first
begins with the blanks that stand before it, so the pieces joined are the unfolded value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .addresses import ATEXT, Address, Group, Mailbox, quoted_string
from .encoded_words import encode_words, is_encoded, looks_encoded
from .faults import code_point, excerpt

__all__ = [
    "MAX_LINE",
    "HeaderField",
    "address_pieces",
    "check_field_name",
    "check_field_value",
    "fold",
    "read_fields",
    "structured_pieces",
    "unstructured_pieces",
]

MAX_LINE: Final = 998
"""Octets of a line without its CRLF; RFC 5322 2.1.1."""

MAX_ENCODED_LINE: Final = 76
"""Characters of a line with an encoded-word; RFC 2047 2."""

_FIELD_NAME: Final = re.compile(r"[!-9;-~]{1,200}")  # ftext, RFC 5322 3.6.8; the length keeps "Name: x" within a line
_FTEXT: Final = re.compile(r"[!-9;-~]+")
_VALUE_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_PIECE: Final = re.compile(r"[ \t]*[^ \t]+")
_ATOMS: Final = re.compile(rf"{ATEXT}+(?: {ATEXT}+)*")


@dataclass(frozen=True, slots=True)
class HeaderField:
    """A field as it goes on the wire: ``value`` is encoded, unfolded, and without the blanks around it."""

    name: str
    value: str


def check_field_name(name: str, where: str) -> None:
    """Raise :class:`InvalidValueError` (20005) naming ``where`` unless ``name`` is a field name."""
    if not _FIELD_NAME.fullmatch(name):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{where}: {excerpt(name)} is no field name; that is printable ASCII without blanks and colons.",
        )


def check_field_value(value: str, where: str) -> None:
    """Raise :class:`InvalidValueError` (20005) naming ``where`` if ``value`` has a line end or another control.

    The tab is allowed.
    """
    control = _VALUE_CONTROL.search(value)
    if control:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{where}: the control character {code_point(control.group())} at position {control.start() + 1} cannot "
            "stand in a header field; line ends are added where a long field is folded.",
        )


def read_fields(header: str) -> tuple[HeaderField, ...]:
    """Return the fields of a header that somebody else wrote, unfolded, for reading only. Its lines end in CRLF.

    It ends, as mail servers see it, before the first line that is neither a field nor the continuation of one. Blanks
    before a colon are tolerated (RFC 5322 4.5).
    """
    fields: list[HeaderField] = []
    value: list[str] = []
    for line in header.split("\r\n"):
        if line[:1] in (" ", "\t") and value:
            value.append(line)
            continue
        if value:
            fields.append(_read_field(value))
        name, colon, _ = line.partition(":")
        if not colon or not _FTEXT.fullmatch(name.rstrip(" \t")):
            break
        value = [line]
    return tuple(fields)


def _read_field(lines: Sequence[str]) -> HeaderField:
    name, _, value = "".join(lines).partition(":")
    return HeaderField(name.rstrip(" \t"), value.strip(" \t"))


def unstructured_pieces(name: str, text: str, charset: str, limit: int) -> list[str]:
    """Return the pieces of free text, such as a subject.

    ASCII stays readable. Encoded-words (RFC 2047) take its place where it would not come back as it was: blanks at an
    end, a word too long for a line, text that looks like an encoded-word itself. ``charset`` "" means UTF-8 where
    US-ASCII does not do, and lets text pass that the caller has encoded already. ``limit`` is the octets of a line.
    Raises :class:`InvalidValueError`: 20005 for controls, 434 for characters outside ``charset``.
    """
    check_field_value(text, name)
    if text.isascii() and text == text.strip(" \t") and not _needs_encoding(text, charset):
        pieces = _PIECE.findall(text)
        if all(len(piece) < MAX_LINE - len(name) for piece in pieces):
            return pieces
    return _spaced(encode_words(name, text, charset, _room(name, limit)))


def structured_pieces(name: str, text: str) -> list[str]:
    """Return the pieces of a value with a grammar of its own, such as a date: ASCII that goes out as it is.

    Raises :class:`InvalidValueError` (20005) for controls and for anything outside ASCII.
    """
    check_field_value(text, name)
    if not text.isascii():
        raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{name}: {excerpt(text)} has to be ASCII.")
    return _PIECE.findall(text.strip(" \t"))


def address_pieces(name: str, addresses: Iterable[Address], charset: str, limit: int) -> list[str]:
    """Return the pieces of an address list.

    Display names outside ASCII become encoded-words. An address is one piece: A-labels in its domain, or UTF-8 if its
    local part is not ASCII (RFC 6532). Raises :class:`InvalidValueError`: 434 for a name outside ``charset``.
    """
    room = _room(name, limit)
    pieces: list[str] = []
    for address in addresses:
        if isinstance(address, Group):
            element = _phrase_pieces(name, address.name, charset, room)
            # RFC 2047 5 (3) wants a blank between an encoded-word and a special.
            element[-1] += " :" if looks_encoded(element[-1]) else ":"
            for index, member in enumerate(address.members):
                element[-1] += "," if index else ""
                element += [f" {piece}" for piece in _mailbox_words(name, member, charset, room)]
            element[-1] += ";"
        else:
            element = _spaced(_mailbox_words(name, address, charset, room))
        if pieces:
            pieces[-1] += ","
            element[0] = f" {element[0]}"
        pieces += element
    return pieces


def fold(name: str, pieces: Sequence[str], limit: int) -> bytes:
    """Return the field with its line ends, folded before pieces.

    ``limit`` is the octets that a line should not pass, CRLF not counted; 0 or more than 998 means 998. A piece that
    is longer by itself passes it, but never 998: that raises :class:`InvalidValueError` (20005).
    """
    limit = limit if 0 < limit < MAX_LINE else MAX_LINE
    if any(looks_encoded(piece) for piece in pieces):
        limit = min(limit, MAX_ENCODED_LINE)
    lines: list[bytes] = []
    line = f"{name}:".encode("ascii")
    if pieces:
        first = f" {pieces[0]}".encode()
        if len(line) + len(first) > MAX_LINE:
            lines.append(line)
            line = b""
        line += first
    for piece in pieces[1:]:
        octets = piece.encode()
        if len(line) + len(octets) > limit:
            lines.append(line)
            line = b""
        line += octets
    lines.append(line)
    if any(len(line) > MAX_LINE for line in lines):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            f"{name}: a word of more than {MAX_LINE - 1} octets cannot be folded (RFC 5322 2.1.1).",
        )
    lines.append(b"")
    return b"\r\n".join(lines)


def _needs_encoding(text: str, charset: str) -> bool:
    # Scripts for a class that encodes nothing unless Charset is set bring their own encoded-words.
    return looks_encoded(text) and not (not charset and is_encoded(text))


def _room(name: str, limit: int) -> int:
    """Return the characters that an encoded-word may have so that it fits even behind the name of the field."""
    limit = limit if 0 < limit < MAX_ENCODED_LINE else MAX_ENCODED_LINE
    return limit - len(name) - len(": ,")


def _spaced(words: Sequence[str]) -> list[str]:
    return [f" {word}" if index else word for index, word in enumerate(words)]


def _mailbox_words(name: str, mailbox: Mailbox, charset: str, room: int) -> list[str]:
    address = mailbox.envelope_address(utf8=True)
    if not mailbox.name:
        return [address]
    return [*_phrase_words(name, mailbox.name, charset, room), f"<{address}>"]


def _phrase_pieces(name: str, phrase: str, charset: str, room: int) -> list[str]:
    return _spaced(_phrase_words(name, phrase, charset, room))


def _phrase_words(name: str, phrase: str, charset: str, room: int) -> list[str]:
    if phrase.isascii() and not _needs_encoding(phrase, charset):
        # A word has to fit in a line with what may stand around it; encoded-words can be split anywhere.
        longest = MAX_LINE - len(name) - len(": :,")
        words = phrase.split(" ")
        if _ATOMS.fullmatch(phrase) and all(len(word) <= longest for word in words):
            return words
        quoted = quoted_string(phrase)
        # Readers fold runs of blanks in a quoted string into one and cut those at its ends.
        if len(quoted) <= longest and phrase == " ".join(phrase.split()):
            return [quoted]
    return encode_words(name, phrase, charset, room)
