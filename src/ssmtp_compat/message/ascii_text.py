"""A long text of ASCII characters, read as the octets that it will be on the wire without a second copy of it."""

from __future__ import annotations

from typing import overload

__all__ = ["AsciiText", "Octets"]


class AsciiText:
    """The part of ``bytes`` that composing and sending need, over a ``str``; what is cut out of it is ``bytes``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Raises ValueError for a text that is not ASCII."""
        if not text.isascii():
            raise ValueError("the text has characters outside ASCII")
        self._text = text

    def __len__(self) -> int:
        return len(self._text)

    def __bytes__(self) -> bytes:
        return self._text.encode("ascii")

    def __contains__(self, part: bytes) -> bool:
        return part.decode("latin-1") in self._text

    @overload
    def __getitem__(self, key: int, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def __getitem__(self, key: int | slice, /) -> int | bytes:
        return self._text[key].encode("ascii") if isinstance(key, slice) else ord(self._text[key])

    def isascii(self) -> bool:
        return True

    def find(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:
        return self._text.find(part.decode("latin-1"), start, end)

    def rfind(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:
        return self._text.rfind(part.decode("latin-1"), start, end)

    def startswith(self, prefix: bytes, start: int = 0, /) -> bool:
        return self._text.startswith(prefix.decode("latin-1"), start)

    def endswith(self, suffix: bytes, start: int = 0, /) -> bool:
        return self._text.endswith(suffix.decode("latin-1"), start)


Octets = bytes | AsciiText
"""The body of a message."""
