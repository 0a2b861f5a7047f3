"""Encoded-words (RFC 2047): text of header fields outside ASCII, in pieces that each stand alone."""

from __future__ import annotations

import binascii
import codecs
import re
from functools import lru_cache
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .faults import code_point, excerpt

__all__ = ["check_charset", "encode_words", "is_encoded", "looks_encoded"]

MAX_ENCODED_WORD: Final = 75
"""Characters, delimiters included; RFC 2047 2."""

# The narrowest set of RFC 2047 5, the one for phrases, fits everywhere. A blank is an underscore.
_BARE: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q_WORD: Final = tuple(
    chr(octet) if octet in _BARE else "_" if octet == 0x20 else f"={octet:02X}" for octet in range(256)
)
_Q_LENGTH: Final = tuple(map(len, _Q_WORD))
# One character takes up to twelve: four octets of UTF-8 or GB 18030 in Q, two escape sequences of ISO-2022 in B.
_LONGEST_CHARACTER: Final = 12
# RFC 2047 2 forbids "especials" in the name. Python's codec look-up would take much more and longer text for a name.
_CHARSET_NAME: Final = re.compile(r"[A-Za-z0-9+_-]{1,40}")
_ENCODED_WORD: Final = re.compile(r"=\?[A-Za-z0-9+_-]{1,40}(\*[A-Za-z0-9-]{1,20})?\?[BbQq]\?[!->@-~]{1,75}\?=")
# Text encodings of Python that are no character sets of mail.
_NO_CHARSETS: Final = frozenset(("idna", "punycode", "raw-unicode-escape", "unicode-escape"))


@lru_cache(maxsize=64)
def check_charset(charset: str) -> None:
    """Raise :class:`InvalidValueError` (20005) unless ``charset`` names a character set that is known here."""
    known = _CHARSET_NAME.fullmatch(charset) is not None
    if known:
        try:
            # A codec such as "hex", which is no text encoding, raises LookupError at the second look.
            known = codecs.lookup(charset).name not in _NO_CHARSETS and "a".encode(charset).decode(charset) == "a"
        except (LookupError, UnicodeError):
            known = False
    if not known:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, f"{excerpt(charset)} is no known character set; UTF-8 and ISO-8859-1 are."
        )


def looks_encoded(text: str) -> bool:
    """Whether a reader could take a part of ``text`` for an encoded-word."""
    return "=?" in text


def is_encoded(text: str) -> bool:
    """Whether ``text`` is ASCII in which every look of an encoded-word is that of a well-formed one, at least one."""
    words = [word for word in text.split() if "=?" in word]
    return text.isascii() and bool(words) and all(_ENCODED_WORD.fullmatch(word) for word in words)


def encode_words(what: str, text: str, charset: str, room: int) -> list[str]:
    """Return ``text``, not empty, as encoded-words of at most 75 and, where a character allows it, ``room`` characters.

    They are to be separated by blanks, which readers drop. ``charset`` "" means US-ASCII if that does, else UTF-8.
    Each word takes whichever of the encodings Q and B is shorter for the whole, and begins and ends between characters.
    Raises :class:`InvalidValueError`: 434 when ``text`` does not fit the character set, naming ``what``.
    """
    charset = charset or ("us-ascii" if text.isascii() else "utf-8")
    octets = _encode(what, text, charset)
    as_q = _q_length(octets) <= _b_length(octets)
    # "=?", "?Q?" and "?=" stand around charset and text.
    capacity = max(min(room, MAX_ENCODED_WORD) - len(charset) - 7, _LONGEST_CHARACTER)
    words: list[str] = []
    start = 0
    while start < len(text):
        end = _fitting_end(text, start, charset, capacity, as_q=as_q)
        piece = text[start:end].encode(charset)
        body = (
            "".join(_Q_WORD[octet] for octet in piece) if as_q else binascii.b2a_base64(piece, newline=False).decode()
        )
        words.append(f"=?{charset}?{'Q' if as_q else 'B'}?{body}?=")
        start = end
    return words


def _fitting_end(text: str, start: int, charset: str, capacity: int, *, as_q: bool) -> int:
    """Return the largest end of a piece from ``start`` that fits, by bisection: each piece is encoded on its own."""
    length = _q_length if as_q else _b_length
    fits, too_far = start + 1, min(start + capacity, len(text)) + 1
    while too_far - fits > 1:
        middle = (fits + too_far) // 2
        if length(text[start:middle].encode(charset)) <= capacity:
            fits = middle
        else:
            too_far = middle
    return fits


def _q_length(octets: bytes) -> int:
    return sum(_Q_LENGTH[octet] for octet in octets)


def _b_length(octets: bytes) -> int:
    return (len(octets) + 2) // 3 * 4


def _encode(what: str, text: str, charset: str) -> bytes:
    try:
        return text.encode(charset)
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise InvalidValueError(
            ErrorCode.CODE_PAGE,
            f"{what}: {code_point(character)} at position {error.start + 1} does not exist in {charset}; "
            "the Charset UTF-8 has every character.",
        ) from error
