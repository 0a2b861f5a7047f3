"""How a fault in an address or a header field is told: the internal exception, and quoting of foreign text."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["AddressFault", "code_point", "excerpt", "find_control"]

# C0, DEL, C1, and lone surrogates, which no character set can carry.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class AddressFault(ValueError):  # noqa: N818  it never leaves this package; callers see InvalidValueError
    """What is wrong with an address or a domain. Each public function turns it into an ``InvalidValueError``."""


def excerpt(text: str, limit: int = 80) -> str:
    """Return the first ``limit`` characters of ``text`` in double quotes, unprintable ones as escapes."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:limit])
    return f'"{shown}..."' if len(text) > limit else f'"{shown}"'


def code_point(character: str) -> str:
    """Return ``U+0041``-style notation."""
    return f"U+{ord(character):04X}"


def find_control(text: str, allowed: str = "") -> int:
    """Return the index of the first control character or lone surrogate that is not in ``allowed``, or -1."""
    for found in _CONTROL.finditer(text):
        if found.group() not in allowed:
            return found.start()
    return -1
