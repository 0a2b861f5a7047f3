"""BER (X.690) read strictly, in bounded time and memory, and made fit for a reader that was written for DER."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = [
    "BIT_STRING",
    "CONSTRUCTED",
    "INTEGER",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "CutShortError",
    "Element",
    "header",
    "read_elements",
    "to_definite",
]

MAXIMUM_DEPTH: Final = 32
"""Elements inside one another. A certificate inside a SignedData comes to about 14; BER strings in pieces add a few."""
MAXIMUM_ELEMENTS: Final = 250_000
"""A certificate has some 120, so this is a store of 2000 certificates. Writers of BER cut content into pieces of 1000
octets and more, so it is 200 MB of that too."""
MAXIMUM_OID: Final = 64
"""Octets of an object identifier; known ones have up to 20. The time for its text grows by the square of its length."""

# Identifier octets of universal types (X.690 8.1.2), and the bit that says that there are elements inside.
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
CONSTRUCTED: Final = 0x20
_HIGH_TAG: Final = 0x1F
_LONGEST_LENGTH: Final = 8
"""Length octets; more than eight cannot be the length of anything."""
_CUT_SHORT: Final = "The structure is cut short, or a length in it is wrong."


class CutShortError(ValueError):
    """The data ends inside an element."""


@dataclass(frozen=True, slots=True, repr=False)
class Element:
    """One element: identifier octet, place in ``source``, and the elements inside when it is constructed."""

    source: bytes
    tag: int
    """The identifier octet, class and the constructed bit included."""
    start: int
    body: int
    """Where the content begins."""
    body_end: int
    end: int
    """Behind the element, end-of-contents octets included."""
    children: tuple[Element, ...]
    is_der: bool
    """Whether it and everything inside has definite lengths in their shortest form (X.690 10.1)."""

    @property
    def octets(self) -> bytes:
        """The whole element as it was received."""
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The content octets as they were received."""
        return self.source[self.body : self.body_end]

    def joined(self) -> bytes:
        """What an OCTET STRING holds, whatever its own tag, in one piece or in many (X.690 8.7).

        Raises ValueError when the pieces are something else.
        """
        return b"".join(self._pieces()) if self.tag & CONSTRUCTED else self.content

    def _pieces(self) -> Iterator[bytes]:
        # Its depth is bounded by the reader, so this may recurse.
        for child in self.children:
            if child.tag == OCTET_STRING | CONSTRUCTED:
                yield from child._pieces()
            elif child.tag == OCTET_STRING:
                yield child.content
            else:
                raise ValueError("An OCTET STRING is made of something else.")


E = TypeVar("E", bound=Element)


def read_elements(octets: bytes, kind: type[E]) -> E:
    """The one element that ``octets`` are, as ``kind``. Takes time and memory in proportion to their number.

    Raises ValueError, its text a sentence, for anything else: cut short (then it is :class:`CutShortError`), followed
    by more, with lengths that do not fit, or beyond the limits of this module.
    """
    return _Reader(octets, kind).read()


def to_definite(octets: bytes) -> bytes:
    """``octets`` with every length definite and every constructed OCTET STRING in one piece.

    What is definite already stays octet for octet as it is, whatever DER says of it, so that signatures hold. Raises
    ValueError as :func:`read_elements` does.
    """
    rewritten = _rewritten(read_elements(octets, Element))
    return octets if rewritten is None else rewritten


def header(tag: int, length: int) -> bytes:
    """Identifier octet and length octets of an element whose content has ``length`` octets (X.690 8.1.3, 10.1)."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def _rewritten(element: Element) -> bytes | None:
    """The element with definite lengths; None where it has them."""
    if element.tag == OCTET_STRING | CONSTRUCTED:
        content = element.joined()
        return header(OCTET_STRING, len(content)) + content
    pieces = [_rewritten(child) for child in element.children]
    if element.end == element.body_end and not any(piece is not None for piece in pieces):
        return None
    children = zip(element.children, pieces, strict=True)
    content = b"".join(child.octets if piece is None else piece for child, piece in children)
    return header(element.tag, len(content)) + content


@dataclass(slots=True)
class _Open(Generic[E]):
    """A constructed element whose content is being read; ``limit`` is where it ends, or its parent does."""

    tag: int
    start: int
    body: int
    limit: int
    indefinite: bool
    children: list[E]
    is_der: bool


class _Reader(Generic[E]):
    """A loop with a stack of its own: recursion would let the sender choose how deep Python's goes."""

    def __init__(self, octets: bytes, kind: type[E]) -> None:
        self._octets = octets
        self._kind = kind
        self._at = 0
        self._count = 0
        self._stack: list[_Open[E]] = []

    def read(self) -> E:
        element = self._next(len(self._octets))
        while element is None or self._stack:
            if element is not None:
                self._stack[-1].children.append(element)
            element = self._close() or self._next(self._stack[-1].limit)
        if element.end != len(self._octets):
            raise ValueError(f"{len(self._octets) - element.end} octets stand behind the end of the structure.")
        return element

    def _next(self, limit: int) -> E | None:
        """Read one header; the element when it is primitive, else None with the element opened."""
        start = self._at
        tag = self._octet(limit)
        if tag & _HIGH_TAG == _HIGH_TAG:
            raise ValueError("A tag number above 30 occurs, which no structure of X.509, PKCS and CMS has.")
        if not tag:
            raise ValueError("End-of-contents octets stand where a value is due.")
        length, shortest = self._length(limit)
        self._count += 1
        if self._count > MAXIMUM_ELEMENTS:
            raise ValueError(f"The structure has more than {MAXIMUM_ELEMENTS} values.")
        body = self._at
        if length is not None and length > limit - body:
            raise self._beyond(limit)
        if tag & CONSTRUCTED:
            if len(self._stack) == MAXIMUM_DEPTH:
                raise ValueError(f"The structure is nested more than {MAXIMUM_DEPTH} deep.")
            end = limit if length is None else body + length
            self._stack.append(_Open(tag, start, body, end, length is None, [], shortest))
            return None
        if length is None:
            raise ValueError("A primitive value has no definite length.")
        if tag == OBJECT_IDENTIFIER and length > MAXIMUM_OID:
            raise ValueError("An object identifier is too long.")
        self._at = body + length
        return self._kind(self._octets, tag, start, body, self._at, self._at, (), shortest)

    def _close(self) -> E | None:
        """The innermost open element when its content has ended."""
        top = self._stack[-1]
        body_end = self._at
        if top.indefinite:
            if self._octets[self._at : min(self._at + 2, top.limit)] != b"\0\0":
                return None
            self._at += 2
        elif self._at != top.limit:
            return None
        self._stack.pop()
        is_der = top.is_der and all(child.is_der for child in top.children)
        return self._kind(self._octets, top.tag, top.start, top.body, body_end, self._at, tuple(top.children), is_der)

    def _octet(self, limit: int) -> int:
        if self._at >= limit:
            raise self._beyond(limit)
        octet = self._octets[self._at]
        self._at += 1
        return octet

    def _length(self, limit: int) -> tuple[int | None, bool]:
        """Length (None for indefinite) and whether that is its shortest form."""
        first = self._octet(limit)
        if first < 0x80:
            return first, True
        size = first & 0x7F
        if not size:
            return None, False
        if size > _LONGEST_LENGTH:
            raise ValueError("A length has more than eight octets.")
        length = 0
        for _ in range(size):
            length = length << 8 | self._octet(limit)
        return length, length >= 0x80 and length.bit_length() > 8 * (size - 1)

    def _beyond(self, limit: int) -> ValueError:
        return CutShortError(_CUT_SHORT) if limit == len(self._octets) else ValueError(_CUT_SHORT)
