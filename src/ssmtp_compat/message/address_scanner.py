"""The words of an address list (RFC 5322 3.2): one pass, no recursion, comments dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from .faults import AddressFault, code_point, excerpt, find_control

__all__ = ["Kind", "Token", "scan"]


class Kind(Enum):
    """What a token is."""

    ATOM = "atom"
    QUOTED = "quoted-string"
    LITERAL = "domain-literal"
    SPECIAL = "special"


class Token(NamedTuple):
    """One word or special character. ``text`` of a quoted string is what it stands for, without its quotes."""

    kind: Kind
    text: str
    start: int
    end: int
    spaced: bool
    """Blanks or a comment stand before it."""


# Every pattern is one repeated character class, so none can backtrack.
_BLANKS: Final = re.compile(r"[ \t]+")
_ATOM: Final = re.compile(r'[^\x00-\x20\x7f()<>\[\]:;@\\,."]+')
_QUOTED_RUN: Final = re.compile(r'[^"\\]+')
_COMMENT_RUN: Final = re.compile(r"[^()\\]+")
_LITERAL_RUN: Final = re.compile(r"[^\[\]\\ \t]*")
_SPECIALS: Final = frozenset("<>@,.:;")


def scan(text: str) -> Iterator[Token]:
    """Yield the tokens of ``text``. Raises :class:`AddressFault` for a control or a word that is never closed."""
    _refuse_controls(text)
    position = 0
    spaced = False
    while position < len(text):
        character = text[position]
        if character in " \t":
            blanks = _BLANKS.match(text, position)
            position, spaced = blanks.end() if blanks else position + 1, True
            continue
        if character == "(":
            position, spaced = _skip_comment(text, position), True
            continue
        if character == '"':
            word, end = _quoted_string(text, position)
            yield Token(Kind.QUOTED, word, position, end, spaced)
        elif character == "[":
            end = _literal_end(text, position)
            yield Token(Kind.LITERAL, text[position:end], position, end, spaced)
        elif character in _SPECIALS:
            end = position + 1
            yield Token(Kind.SPECIAL, character, position, end, spaced)
        else:
            atom = _ATOM.match(text, position)
            if atom is None:
                raise AddressFault(
                    f"{excerpt(text[position:])} begins with '{character}', which can stand only in a quoted string"
                )
            end = atom.end()
            yield Token(Kind.ATOM, atom.group(), position, end, spaced)
        position, spaced = end, False


def _refuse_controls(text: str) -> None:
    at = find_control(text, allowed="\t")
    if at < 0:
        return
    element = text[text.rfind(",", 0, at) + 1 : at]
    raise AddressFault(
        f"the control character {code_point(text[at])} stands behind {excerpt(element[-80:])}; line ends and other "
        "controls are never part of an address"
    )


def _skip_comment(text: str, start: int) -> int:
    depth = 0
    position = start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return position + 1
        else:
            run = _COMMENT_RUN.match(text, position)
            position = run.end() if run else position + 1
            continue
        position += 1
    raise AddressFault(f'the comment {excerpt(text[start:])} lacks its ")"')


def _quoted_string(text: str, start: int) -> tuple[str, int]:
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(parts), position + 1
        if character == "\\":
            parts.append(text[position + 1 : position + 2])
            position += 2
        else:
            run = _QUOTED_RUN.match(text, position)
            end = run.end() if run else position + 1
            parts.append(text[position:end])
            position = end
    raise AddressFault(f"the quoted string {excerpt(text[start:])} lacks its closing quote")


def _literal_end(text: str, start: int) -> int:
    run = _LITERAL_RUN.match(text, start + 1)
    end = run.end() if run else start + 1
    if text[end : end + 1] != "]":
        raise AddressFault(f'the address literal {excerpt(text[start:])} lacks its "]"')
    return end + 1
