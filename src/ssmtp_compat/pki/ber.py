"""BER (X.690) made fit for a reader that was written for DER, in bounded time and memory."""

from __future__ import annotations

from typing import Final

__all__ = ["CutShortError", "elements_in", "string_contents", "to_definite"]

MAXIMUM_DEPTH: Final = 64
"""Elements inside one another. A certificate in a PKCS#7 file reaches 14; each level may be held in memory once."""
MAXIMUM_ELEMENTS: Final = 250_000
"""A certificate has some 120, so this is a store of 2000 certificates."""
MAXIMUM_OID: Final = 128
"""Octets of an object identifier; known ones have up to 20. The time for its text grows by the square of its length."""

_OBJECT_IDENTIFIER: Final = 0x06
_OCTET_STRING: Final = 0x04
_CONSTRUCTED: Final = 0x20
_MULTIPLE_OCTETS: Final = 0x1F
_INDEFINITE: Final = -1


class CutShortError(ValueError):
    """The data ends inside an element."""


def to_definite(octets: bytes) -> bytes:
    """``octets`` with every length definite and every constructed OCTET STRING in one piece.

    What is definite already stays octet for octet as it is, whatever DER says of it, so that signatures hold. Raises
    ValueError when the data is not exactly one element or goes beyond the limits of this module, and its subclass
    :class:`CutShortError` when the end is missing.
    """
    reader = _Reader(octets)
    rewritten, end = reader.element(0, len(octets), 1)
    if end != len(octets):
        raise ValueError("octets behind the last element")
    return octets if rewritten is None else rewritten


def elements_in(definite: bytes) -> list[bytes]:
    """The encoded elements in a constructed one, which all have definite lengths. Raises ValueError."""
    reader = _Reader(definite)
    identifier, _, position = reader.header(0, len(definite))
    if not identifier[0] & _CONSTRUCTED:
        raise ValueError("an element without others inside")
    elements: list[bytes] = []
    while position < len(definite):
        _, length, body = reader.header(position, len(definite))
        elements.append(definite[position : body + length])
        position = body + length
    return elements


def string_contents(definite: bytes) -> bytes:
    """What an OCTET STRING holds, whatever its tag, in one piece or in several (X.690 8.7), with definite lengths."""
    identifier, _, body = _Reader(definite).header(0, len(definite))
    if not identifier[0] & _CONSTRUCTED:
        return definite[body:]
    pieces = elements_in(definite)
    if any(piece[0] != _OCTET_STRING for piece in pieces):
        raise ValueError("an OCTET STRING made of something else")
    return b"".join(map(string_contents, pieces))


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._elements = 0

    def element(self, start: int, limit: int, depth: int) -> tuple[bytes | None, int]:
        """The element at ``start``, as it has to be written (None: as it is), and where it ends."""
        self._elements += 1
        if depth > MAXIMUM_DEPTH or self._elements > MAXIMUM_ELEMENTS:
            raise ValueError("too many elements, or too many inside one another")
        identifier, length, body = self.header(start, limit)
        constructed = identifier[0] & _CONSTRUCTED
        if length == _INDEFINITE:
            if not constructed:
                raise ValueError("an indefinite length where none can be")
        elif not constructed:
            if identifier[0] == _OBJECT_IDENTIFIER and length > MAXIMUM_OID:
                raise ValueError("an object identifier that is too long")
            return None, body + length
        pieces, changed, end = self._children(body, body + length if length != _INDEFINITE else None, limit, depth)
        if identifier[0] == _OCTET_STRING | _CONSTRUCTED:
            return _written(bytes((_OCTET_STRING,)), [string_contents(_written(identifier, pieces))]), end
        if length != _INDEFINITE and not changed:
            return None, end
        return _written(identifier, pieces), end

    def _children(self, position: int, end: int | None, limit: int, depth: int) -> tuple[list[bytes], bool, int]:
        """The elements up to ``end``, or up to the end-of-contents octets (X.690 8.1.5) where that is None."""
        pieces: list[bytes] = []
        changed = False
        limit = limit if end is None else end
        while position != end:
            if end is None and self._octets[position : position + 2] == b"\0\0" and position + 2 <= limit:
                return pieces, True, position + 2
            rewritten, behind = self.element(position, limit, depth + 1)
            pieces.append(self._octets[position:behind] if rewritten is None else rewritten)
            changed = changed or rewritten is not None
            position = behind
        return pieces, changed, position

    def header(self, start: int, limit: int) -> tuple[bytes, int, int]:
        """Identifier octets, length (or ``_INDEFINITE``) and where the contents begin."""
        position = start + 1
        if self._at(start, limit) & _MULTIPLE_OCTETS == _MULTIPLE_OCTETS:
            while self._at(position, limit) & 0x80:
                position += 1
            position += 1
        identifier = self._octets[start:position]
        first = self._at(position, limit)
        position += 1
        if first == 0x80:
            return identifier, _INDEFINITE, position
        length = first
        if first > 0x80:
            behind = position + (first & 0x7F)
            self._at(behind - 1, limit)
            length = int.from_bytes(self._octets[position:behind], "big")
            position = behind
        if position + length > limit:
            raise self._beyond(limit)
        return identifier, length, position

    def _at(self, position: int, limit: int) -> int:
        if position >= limit:
            raise self._beyond(limit)
        return self._octets[position]

    def _beyond(self, limit: int) -> ValueError:
        if limit == len(self._octets):
            return CutShortError("the data ends inside an element")
        return ValueError("an element that is longer than the one around it")


def _written(identifier: bytes, pieces: list[bytes]) -> bytes:
    contents = b"".join(pieces)
    length = len(contents)
    if length < 0x80:
        return identifier + bytes((length,)) + contents
    size = (length.bit_length() + 7) // 8
    return identifier + bytes((0x80 | size,)) + length.to_bytes(size, "big") + contents
