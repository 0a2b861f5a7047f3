"""Showing text from the network on a terminal: the traced dialogue with arrows, and errors on one line."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["dialogue_line", "one_line", "printable"]

_ARROWS: Final = {0: "-->", 1: "<--"}


def printable(text: str) -> str:
    """``text`` with each character that a terminal would act on written as an escape: a server may send any."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def one_line(text: str) -> str:
    """``text`` on one line, however many lines the server's reply had."""
    return printable(" ".join(text.split()))


def dialogue_line(trail: dict[str, Any]) -> str:
    """One line of the dialogue from the parameters of PITrail: --> from here, <-- from the server, -- a remark."""
    return f"{_ARROWS.get(trail['direction'], '-- ')} {printable(trail['message'])}"
