"""BER read strictly (X.690): what others have written, with bounds on depth, count and length.

Definite and indefinite lengths and constructed strings are taken, because CMS may come in BER (RFC 5652 10.1). Whether
a value is written as DER wants it, is known of each: what is hashed or compared as octets has to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from .der import OCTET_STRING, SEQUENCE, SET

__all__ = ["Fields", "Value", "malformed", "read"]

MAXIMUM_DEPTH: Final = 32
"""Values within values. A certificate inside a SignedData comes to about 12; BER strings in pieces add a few."""
MAXIMUM_VALUES: Final = 250_000
"""Writers of BER cut content into pieces of 1000 octets and more, so this is enough for 200 MB of it."""
MAXIMUM_INTEGER: Final = 64
"""Octets. The longest in CMS itself is a serial number, which RFC 5280 4.1.2.2 bounds at 20."""
MAXIMUM_OID: Final = 64
"""Octets of an object identifier."""

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OID: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18

_CONSTRUCTED: Final = 0x20
_HIGH_TAG: Final = 0x1F
_LONGEST_LENGTH: Final = 8
"""Length octets; more than eight cannot be the length of anything."""


def malformed(detail: str) -> SSMTPError:
    """The error for input that is no CMS: 10192."""
    return SSMTPError(ErrorCode.MESSAGE_DECODING, detail)


@dataclass(frozen=True, slots=True, repr=False)
class Value:
    """One value: identifier octet, place in ``source``, and the values inside when it is constructed."""

    source: bytes
    tag: int
    """The identifier octet, class and the constructed bit included."""
    start: int
    body: int
    """Where the content begins."""
    body_end: int
    end: int
    """Behind the value, end-of-contents octets included."""
    children: tuple[Value, ...]
    is_der: bool
    """Whether it and everything inside has definite lengths in their shortest form (X.690 10.1)."""

    @property
    def octets(self) -> bytes:
        """The whole value as it was received."""
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The content octets as they were received."""
        return self.source[self.body : self.body_end]

    def expect(self, tag: int, what: str) -> Value:
        """The value itself. Raises (10192) naming ``what`` when its tag is another one."""
        if self.tag != tag:
            raise malformed(f"{what} has the tag 0x{self.tag:02X} where 0x{tag:02X} is due.")
        return self

    def fields(self, what: str, tag: int = SEQUENCE) -> Fields:
        """The components of a SEQUENCE, or of what stands under another ``tag``."""
        return Fields(self.expect(tag, what), what)

    def elements(self, what: str, tag: int = SET) -> tuple[Value, ...]:
        """The elements of a SET OF, or of what stands under another ``tag``."""
        return self.expect(tag, what).children

    def string(self, what: str, tag: int = OCTET_STRING) -> bytes:
        """The octets of an OCTET STRING, in one piece or in many (X.690 8.7); ``tag`` is its primitive form's."""
        if self.tag == tag:
            return self.content
        self.expect(tag | _CONSTRUCTED, what)
        return b"".join(_segments(self, what))

    def integer(self, what: str) -> int:
        """The value of an INTEGER in its shortest form."""
        content = self.expect(INTEGER, what).content
        if not 0 < len(content) <= MAXIMUM_INTEGER:
            raise malformed(f"{what} is an integer of {len(content)} octets.")
        if len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80:
            raise malformed(f"{what} is an integer with needless octets.")
        return int.from_bytes(content, "big", signed=True)

    def oid(self, what: str) -> str:
        """The value of an OBJECT IDENTIFIER in dotted form."""
        content = self.expect(OID, what).content
        if not 0 < len(content) <= MAXIMUM_OID or content[-1] >= 0x80:
            raise malformed(f"{what} is no object identifier.")
        arcs: list[int] = []
        arc = 0
        for octet in content:
            if not arc and octet == 0x80:
                raise malformed(f"{what} is an object identifier with needless octets.")
            arc = arc << 7 | octet & 0x7F
            if octet < 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))

    def bits(self, what: str) -> bytes:
        """The octets of a BIT STRING that has whole octets only."""
        content = self.expect(BIT_STRING, what).content
        if content[:1] != b"\0":
            raise malformed(f"{what} is no bit string of whole octets.")
        return content[1:]

    def time(self, what: str) -> datetime:
        """The moment in a UTCTime or GeneralizedTime, written as RFC 5652 11.3 demands: with seconds, in UTC."""
        form, digits = {UTC_TIME: ("%y%m%d%H%M%SZ", 12), GENERALIZED_TIME: ("%Y%m%d%H%M%SZ", 14)}.get(self.tag, ("", 0))
        text = self.content[:16].decode("latin-1")
        # strptime takes fewer digits than the form has, and other scripts' digits.
        if not (text.isascii() and text[:-1].isdecimal() and len(text) == digits + 1):
            raise malformed(f"{what} is no time in UTC with seconds.")
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError as error:
            raise malformed(f"{what} is no time of any day.") from error
        # 00 to 49 is 2000 to 2049 (RFC 5652 11.3); strptime takes 50 to 68 for this century too.
        return moment.replace(year=moment.year - 100) if self.tag == UTC_TIME and moment.year >= 2050 else moment


class Fields:
    """Takes the components of a SEQUENCE one after the other; what is not there or too much is an error (10192)."""

    def __init__(self, value: Value, what: str) -> None:
        self._rest = list(reversed(value.children))
        self._what = what

    def take(self) -> Value:
        if not self._rest:
            raise malformed(f"{self._what} is incomplete.")
        return self._rest.pop()

    def take_if(self, *tags: int) -> Value | None:
        """The next component when it has one of ``tags``."""
        return self._rest.pop() if self._rest and self._rest[-1].tag in tags else None

    def end(self) -> None:
        if self._rest:
            raise malformed(f"{self._what} has more in it than its definition.")


def read(octets: bytes) -> Value:
    """The one value that ``octets`` are. Takes time and memory in proportion to their number.

    Raises :class:`SSMTPError` (10192) for anything else: cut short, followed by more, with lengths that do not fit,
    nested more than 32 deep, or of more than 250 000 values.
    """
    return _Reader(octets).read()


@dataclass(slots=True)
class _Open:
    """A constructed value whose content is being read; ``limit`` is where it ends, or its parent does."""

    tag: int
    start: int
    body: int
    limit: int
    indefinite: bool
    children: list[Value]
    is_der: bool


class _Reader:
    """A loop with a stack of its own: recursion would let the sender choose how deep Python's goes."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0
        self._count = 0
        self._stack: list[_Open] = []

    def read(self) -> Value:
        value = self._next(len(self._octets))
        while value is None or self._stack:
            if value is not None:
                self._stack[-1].children.append(value)
            value = self._close() or self._next(self._stack[-1].limit)
        if value.end != len(self._octets):
            raise malformed(f"{len(self._octets) - value.end} octets stand behind the end of the structure.")
        return value

    def _next(self, limit: int) -> Value | None:
        """Read one header; the value when it is primitive, else None with the value opened."""
        start = self._at
        tag = self._octet(limit)
        if tag & _HIGH_TAG == _HIGH_TAG:
            raise malformed("A tag number above 30 occurs, which no structure of CMS has.")
        if not tag:
            raise malformed("End-of-contents octets stand where a value is due.")
        length, shortest = self._length(limit)
        self._count += 1
        if self._count > MAXIMUM_VALUES:
            raise malformed(f"The structure has more than {MAXIMUM_VALUES} values.")
        body = self._at
        if length is not None and length > limit - body:
            raise malformed("The structure is cut short, or a length in it is wrong.")
        if tag & _CONSTRUCTED:
            if len(self._stack) == MAXIMUM_DEPTH:
                raise malformed(f"The structure is nested more than {MAXIMUM_DEPTH} deep.")
            end = limit if length is None else body + length
            self._stack.append(_Open(tag, start, body, end, length is None, [], shortest))
            return None
        if length is None:
            raise malformed("A primitive value has no definite length.")
        self._at = body + length
        return Value(self._octets, tag, start, body, self._at, self._at, (), shortest)

    def _close(self) -> Value | None:
        """The innermost open value when its content has ended."""
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
        return Value(self._octets, top.tag, top.start, top.body, body_end, self._at, tuple(top.children), is_der)

    def _octet(self, limit: int) -> int:
        if self._at >= limit:
            raise malformed("The structure is cut short, or a length in it is wrong.")
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
            raise malformed("A length has more than eight octets.")
        length = 0
        for _ in range(size):
            length = length << 8 | self._octet(limit)
        return length, length >= 0x80 and length.bit_length() > 8 * (size - 1)


def _segments(value: Value, what: str) -> Iterator[bytes]:
    """The pieces of a constructed OCTET STRING. Its depth is bounded by the reader, so this may recurse."""
    for child in value.children:
        if child.tag == OCTET_STRING | _CONSTRUCTED:
            yield from _segments(child, what)
        else:
            yield child.expect(OCTET_STRING, what).content
