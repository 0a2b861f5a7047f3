"""The values of CMS as they are read, from BER, in which it may come (RFC 5652 10.1).

Whether a value is written as DER wants it, is known of each: what is hashed or compared as octets has to be.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..pki.ber import (
    BIT_STRING,
    CONSTRUCTED,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    read_elements,
)
from .der import SET

__all__ = ["Fields", "Value", "malformed", "read"]

MAXIMUM_INTEGER: Final = 64
"""Octets. The longest in CMS itself is a serial number, which RFC 5280 4.1.2.2 bounds at 20."""

UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18


def malformed(detail: str) -> SSMTPError:
    """The error for input that is no CMS: 10192."""
    return SSMTPError(ErrorCode.MESSAGE_DECODING, detail)


class Value(Element):
    """One value of a CMS object; ``what`` names it in the text of an error."""

    __slots__ = ()

    children: tuple[Value, ...]

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
        if self.tag != tag:
            self.expect(tag | CONSTRUCTED, what)
        try:
            return self.joined()
        except ValueError as error:
            raise malformed(f"{what} cannot be read: {error}") from error

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
        content = self.expect(OBJECT_IDENTIFIER, what).content
        if not content or content[-1] >= 0x80:
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
    """The one value that ``octets`` are. Raises :class:`SSMTPError` (10192) where :func:`read_elements` refuses."""
    try:
        return read_elements(octets, Value)
    except ValueError as error:
        raise malformed(str(error)) from error
