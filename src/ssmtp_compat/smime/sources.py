"""Octets of a known number that are read in pieces, so that no layer holds a copy of a big message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from ..message.ascii_text import AsciiText
from ..message.body import LineBlocks, Octets
from ..message.transfer_encoding import fold_base64, folded_base64_length

__all__ = ["PIECE", "Base64", "Joined", "Part", "Source"]

PIECE: Final = 256 * 1024
"""Octets of a piece on its way through a digest or a cipher."""


class Source(Protocol):
    """Octets that can be read more than once, in pieces.

    A signature reads its content twice: the digest has to be there before the first octet of a length that depends on
    the signature, and a fault of the key or the token before anything is written.
    """

    def __len__(self) -> int: ...

    def chunks(self) -> Iterator[bytes]:
        """All of them, in pieces of bounded size."""


Part = Octets | Source
"""What :class:`Joined` joins."""


class Joined:
    """Parts one behind the other."""

    def __init__(self, *parts: Part) -> None:
        self._parts: list[Part] = []
        for part in parts:
            # Taken over piece by piece, so that a message in layers is not read through layers of generators.
            self._parts += part._parts if isinstance(part, Joined) else (part,)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def chunks(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, LineBlocks):
                yield from part.blocks()
            elif not isinstance(part, bytes | AsciiText):
                yield from part.chunks()
            elif isinstance(part, bytes) and len(part) <= PIECE:
                yield part
            else:
                for start in range(0, len(part), PIECE):
                    yield part[start : start + PIECE]


class Base64:
    """The base64 text of other octets, in lines of 76 octets that all end in CRLF."""

    def __init__(self, octets: Source) -> None:
        self._octets = octets

    def __len__(self) -> int:
        return folded_base64_length(len(self._octets))

    def chunks(self) -> Iterator[bytes]:
        return fold_base64(self._octets.chunks())
