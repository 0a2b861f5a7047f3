"""SMTP replies (RFC 5321 section 4.2) and the incremental parser that cuts them out of a stream of octets."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..errors import ProtocolError

__all__ = ["Reply", "ReplyParser"]

# RFC 5321 allows 512 octets a line and sets no bound for the lines of a reply. EXPN of a large list and HELP are long,
# so the whole reply gets a bound that no honest server reaches and that an endless reply reaches soon.
MAX_REPLY_OCTETS: Final = 1 << 20
_SINGLE_LINE: Final = re.compile(rb"([2-5][0-9]{2} [^\r\n]*)\r\n")


class Reply(NamedTuple):
    """One complete reply."""

    code: int
    """The three-digit reply code, 200 to 599."""
    lines: tuple[str, ...]
    """Every line as it came, with the code, without line endings."""

    @property
    def text(self) -> str:
        """The whole reply, its lines joined with CRLF."""
        return "\r\n".join(self.lines)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text behind the code of every line."""
        return tuple(line[4:] for line in self.lines)

    @property
    def excerpt(self) -> str:
        """The last line for an error text: at most 200 characters, what cannot be printed as escapes."""
        return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in self.lines[-1][:200])

    @property
    def positive(self) -> bool:
        """A 2yz reply: done."""
        return 200 <= self.code < 300

    @property
    def negative(self) -> bool:
        """A 4yz or 5yz reply: refused."""
        return self.code >= 400

    @property
    def intermediate(self) -> bool:
        """A 3yz reply: the server waits for more."""
        return 300 <= self.code < 400


class ReplyParser:
    """Collects octets and gives out complete replies.

    ``max_line`` is the longest reply line accepted, in octets without its line ending. A longer line, a line that is no
    reply line, a code that changes within one reply, and a reply over 1 MiB raise :class:`ProtocolError`.
    """

    def __init__(self, max_line: int = 2048) -> None:
        self.max_line = max_line
        self.quotes = True
        """Whether the text of an error may show a line that is no reply line."""
        self.data = b""
        """Octets that hold what is still to be read. To be looked at only: nothing is to be read when it is empty."""
        self._at = 0
        """Where in ``data`` that begins."""
        self._lines: list[str] = []
        self._octets = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is held back: no part of a line and no line of an unfinished reply."""
        return not self.data and not self._lines

    @property
    def begins_refusal(self) -> bool:
        """Whether what is held back begins a reply that refuses something, and is no mere goodbye (421)."""
        return self.data.startswith((b"4", b"5"), self._at) and not self.data.startswith(b"421", self._at)

    def feed(self, data: bytes) -> None:
        """Add octets from the server."""
        self.data = self.data[self._at :] + data
        self._at = 0

    def next_reply(self) -> Reply | None:
        """The next complete reply, or None while more octets are needed."""
        data = self.data
        if not data:
            return None
        # Looking for the line's end alone is fast; the pattern would read a line anew for every piece that comes of it.
        end = data.find(b"\n", self._at) + 1
        if end and not self._lines:
            # Nearly every reply but the one to EHLO is a single line of this shape.
            simple = _SINGLE_LINE.match(data, self._at)
            if simple is not None and end - 2 - self._at <= self.max_line:
                self.data, self._at = (data, end) if end < len(data) else (b"", 0)
                text = str(simple[1], "utf-8", "replace")
                return Reply(int(text[:3]), (text,))
        while end:
            # A bare LF is taken as the end of a line: some old servers send it, and a reply holds nothing to smuggle.
            line = data[self._at : end - 1].removesuffix(b"\r")
            self.data, self._at = (data, end) if end < len(data) else (b"", 0)
            reply = self._add_line(line)
            if reply is not None:
                return reply
            end = data.find(b"\n", end) + 1
        # A CR at the end is half of the line ending, cut off by the border of a segment.
        if len(self.data) - self._at - self.data.endswith(b"\r") > self.max_line:
            raise ProtocolError(f"The server sent a reply line of more than {self.max_line} octets.")
        return None

    def _add_line(self, line: bytes) -> Reply | None:
        if len(line) > self.max_line:
            raise ProtocolError(f"The server sent a reply line of more than {self.max_line} octets.")
        code, separator = line[:3], line[3:4]
        if not (len(code) == 3 and code.isdigit() and b"2" <= code[:1] <= b"5" and separator in (b" ", b"-", b"")):
            said = _excerpt(line) if self.quotes else "a line"
            raise ProtocolError(f"The server sent {said}, which is no SMTP reply.")
        if self._lines and self._lines[0][:3].encode() != code:
            raise ProtocolError(f"The server changed the reply code from {self._lines[0][:3]} to {code.decode()}.")
        self._octets += len(line)
        if self._octets > MAX_REPLY_OCTETS:
            raise ProtocolError(f"The server sent a reply of more than {MAX_REPLY_OCTETS} octets.")
        # RFC 6531 allows UTF-8 in replies; anything else must not break the session.
        self._lines.append(line.decode("utf-8", "replace"))
        if separator == b"-":
            return None
        reply = Reply(int(code), tuple(self._lines))
        self._lines.clear()
        self._octets = 0
        return reply


def _excerpt(line: bytes) -> str:
    return ascii(line[:60].decode("latin-1"))
