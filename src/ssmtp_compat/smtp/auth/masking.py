"""What replies may show of an AUTH exchange: nothing that the client sent, and not its password or token."""

from __future__ import annotations

import base64
import re
from typing import Final

from ..commands import MASK
from ..replies import Reply

__all__ = ["Masking"]

# Shorter base64 text holds less than two characters, and would be found in innocent words.
_SHORTEST_ENCODED: Final = 4
# A password that is a word may stand in a reply by itself, and a mask in its place would give it away; tokens are long.
_SHORTEST_SECRET: Final = 16
# Servers cut long commands when they repeat them. So many characters are in base64 by chance only if they are base64.
_ENCODED_PART: Final = re.compile("[A-Za-z0-9+/]{8,}=*")


class Masking:
    """Hides in the server's replies what it repeats of one AUTH exchange; ``secret`` is the password or token."""

    def __init__(self, secret: str = "") -> None:
        self._secret = secret if len(secret) >= _SHORTEST_SECRET else ""
        self._sent: list[str] = []

    def sent(self, encoded: str) -> None:
        """Take note of the base64 text of a response that goes out."""
        if len(encoded) >= _SHORTEST_ENCODED:
            self._sent.append(encoded)

    def hide(self, reply: Reply) -> Reply:
        """The reply as traces and errors may show it. A mechanism needs the challenge as it came."""
        return Reply(reply.code, tuple(map(self._hide, reply.lines)))

    def _hide(self, line: str) -> str:
        for encoded in self._sent:
            line = line.replace(encoded, MASK)
        line = _ENCODED_PART.sub(self._hide_part, line)
        if self._secret:
            line = line.replace(self._secret, MASK)
            if self._secret.encode("utf-8") in _decoded(line[4:]):
                line = line[:4] + MASK
        return line

    def _hide_part(self, part: re.Match[str]) -> str:
        return MASK if any(part[0] in encoded for encoded in self._sent) else part[0]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
