"""A long text of ASCII characters, read as the octets that it will be on the wire without a second copy of it."""

from __future__ import annotations

from typing import overload

__all__ = ["AsciiText"]


class AsciiText:
    """The part of ``bytes`` that composing and sending need, over a ``str``; what is cut out of it is ``bytes``."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        """Raises ValueError for a text that is not ASCII."""
        if not text.isascii():
            raise ValueError("the text has characters outside ASCII")
        self.text = text

    def __len__(self) -> int:
        return len(self.text)

    def __bytes__(self) -> bytes:
        return self.text.encode("ascii")

    def __contains__(self, part: bytes) -> bool:
        return part.decode("latin-1") in self.text

    @overload
    def __getitem__(self, key: int, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> bytes: ...
    def __getitem__(self, key: int | slice, /) -> int | bytes:
        return self.text[key].encode("ascii") if isinstance(key, slice) else ord(self.text[key])

    def isascii(self) -> bool:
        return True

    def find(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:
        return self.text.find(part.decode("latin-1"), start, end)

    def rfind(self, part: bytes, start: int = 0, end: int | None = None, /) -> int:
        return self.text.rfind(part.decode("latin-1"), start, end)

    def startswith(self, prefix: bytes, start: int = 0, /) -> bool:
        return self.text.startswith(prefix.decode("latin-1"), start)

    def endswith(self, suffix: bytes, start: int = 0, /) -> bool:
        return self.text.endswith(suffix.decode("latin-1"), start)
