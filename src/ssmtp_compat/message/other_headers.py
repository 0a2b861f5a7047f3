"""The caller's own header fields, the one property that holds several lines on purpose: checked line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from .addresses import parse_address_list
from .faults import excerpt
from .headers import (
    MAX_LINE,
    HeaderField,
    address_pieces,
    check_field_name,
    check_field_value,
    fold,
    structured_pieces,
    unstructured_pieces,
)

__all__ = ["OtherHeaders", "RawField", "check_single_fields", "field_names", "lacks_charset", "parse_other_headers"]

_WHAT: Final = "OtherHeaders"

_ADDRESS_FIELDS: Final = frozenset(
    f"{prefix}{name}" for prefix in ("", "resent-") for name in ("from", "sender", "to", "cc", "reply-to")
) | {"disposition-notification-to", "return-receipt-to", "errors-to", "mail-followup-to"}
# Fields whose grammar has no place for encoded-words (RFC 2047 5). Content-* fields are treated by their prefix.
_STRUCTURED_FIELDS: Final = frozenset(
    (
        "authentication-results",
        "auto-submitted",
        "date",
        "dkim-signature",
        "importance",
        "in-reply-to",
        "message-id",
        "mime-version",
        "precedence",
        "priority",
        "received",
        "references",
        "resent-date",
        "resent-message-id",
        "return-path",
        "sensitivity",
    )
)
_BLIND_FIELDS: Final = frozenset(("bcc", "resent-bcc"))
# RFC 5322 3.6 and, for MIME, RFC 2045 3: readers disagree about which of two counts, and filters are fooled that way.
_AT_MOST_ONCE: Final = frozenset(
    (
        "cc",
        "content-description",
        "content-id",
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "references",
        "reply-to",
        "sender",
        "subject",
        "to",
    )
)


@dataclass(frozen=True, slots=True)
class RawField:
    """A field as the caller wrote it: its lines, without line ends, the first with name and colon."""

    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """The field name."""
        return self.lines[0].partition(":")[0]

    @property
    def value(self) -> str:
        """The value unfolded, without the blanks around it."""
        return "".join(self.lines)[len(self.name) + 1 :].strip(" \t")

    def with_charset(self, charset: str) -> RawField:
        """The field, a Content-Type, with a charset parameter behind the others."""
        last = self.lines[-1].rstrip(" \t;")
        return RawField((*self.lines[:-1], f"{last}; charset={charset}"))

    def encode(self, charset: str, limit: int) -> tuple[HeaderField, bytes]:
        """Return the field and its octets for the wire, line ends included.

        ASCII goes out as it was written, folded anew only when a line is longer than 998 octets. Otherwise free text
        becomes encoded-words in ``charset`` ("" for UTF-8) and addresses are treated as addresses. Raises
        :class:`InvalidValueError` for what has no such form.
        """
        name, value = self.name, self.value
        if all(line.isascii() for line in self.lines):
            if all(len(line) <= MAX_LINE for line in self.lines):
                return HeaderField(name, value), "\r\n".join((*self.lines, "")).encode("ascii")
            pieces = structured_pieces(name, value)
        elif name.lower() in _ADDRESS_FIELDS:
            addresses = parse_address_list(value, f"{_WHAT}, field {name}")
            pieces = address_pieces(name, addresses, charset, limit)
        elif name.lower().startswith("content-"):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                f"{_WHAT}, field {name}: parameters outside ASCII have to be written as RFC 2231 says, for example "
                "filename*=UTF-8''%C3%A4.txt.",
            )
        elif name.lower() in _STRUCTURED_FIELDS:
            pieces = structured_pieces(name, value)
        else:
            pieces = unstructured_pieces(name, value, charset, limit)
        return HeaderField(name, "".join(pieces)), fold(name, pieces, limit)


@dataclass(frozen=True, slots=True)
class OtherHeaders:
    """The caller's own fields, and whether they take the place of all computed ones."""

    fields: tuple[RawField, ...]
    replace_all: bool


def field_names(text: str) -> frozenset[str]:
    """The names of the fields of :func:`parse_other_headers`, lower case. Raises as that does."""
    return frozenset(field.name.lower() for field in parse_other_headers(text).fields) if text else frozenset()


def check_single_fields(names: Iterable[str]) -> None:
    """Raise :class:`InvalidValueError` (20005) naming the field if a header of these ``names`` has one too often."""
    seen: set[str] = set()
    for name in names:
        key = name.lower()
        if key in seen:
            raise _invalid(
                _WHAT,
                f"the header would have a second {name} field, and RFC 5322 3.6 allows one; leave it out here or empty "
                "the property that makes the other",
            )
        if key in _AT_MOST_ONCE:
            seen.add(key)


def lacks_charset(media_type: str) -> bool:
    """Whether the value of a Content-Type field is a text type that does not say its charset (RFC 2046 4.1.2)."""
    return media_type.lower().startswith("text/") and "charset" not in media_type.lower()


def parse_other_headers(text: str) -> OtherHeaders:
    """Return the fields of ``text``: "Name: value" lines that end in CRLF, LF or CR, the last line end optional.

    Lines that begin with a blank or tab continue a field. A ``text`` that begins with an empty line replaces all
    computed fields. Raises :class:`InvalidValueError` (20005) naming the line: an empty line elsewhere,
    which would end the header, a line without a colon, a bad field name, a control character, or a Bcc field.
    """
    if not text:
        return OtherHeaders((), replace_all=False)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    replace_all = lines[0] == ""
    fields: list[list[str]] = []
    for number, line in enumerate(lines, start=1):
        if number == 1 and replace_all:
            continue
        where = f"{_WHAT}, line {number}"
        check_field_value(line, where)
        if not line.strip(" \t"):
            raise _invalid(where, "an empty line would end the header; only the first line may be empty")
        if line[0] in " \t":
            if not fields:
                raise _invalid(where, "the first field begins with a blank; that would continue a field before it")
            fields[-1].append(line)
            continue
        fields.append([line])
        _check_first_line(line, where)
    return OtherHeaders(tuple(RawField(tuple(field)) for field in fields), replace_all)


def _check_first_line(line: str, where: str) -> None:
    name, colon, _ = line.partition(":")
    if not colon:
        raise _invalid(where, f'{excerpt(line)} has no colon; a field is "Name: value"')
    check_field_name(name, where)
    if name.lower() in _BLIND_FIELDS:
        raise _invalid(where, f"a {name} field would show the blind recipients to everybody; set the BCc property")


def _invalid(where: str, problem: str) -> InvalidValueError:
    return InvalidValueError(ErrorCode.INVALID_VALUE, f"{where}: {problem}.")
