"""A message from its parts: header fields in a fixed order, and a body fit for the way it has to go.

Everything that comes out has CRLF line ends only and no line over 998 octets. The header is ASCII unless an address
in it needs SMTPUTF8. Blind recipients are no part of a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError, UnsupportedError
from ..octets import Sliceable
from .addresses import Address
from .body import Octets, canonical_form, too_wide
from .canonical import encode_text, has_ascii_line_ends
from .encoded_words import check_charset
from .headers import HeaderField, address_pieces, fold, structured_pieces, unstructured_pieces
from .other_headers import OtherHeaders, check_single_fields, lacks_charset, parse_other_headers
from .transfer_encoding import choose, encode

__all__ = [
    "Composed",
    "MessageSpec",
    "canonical_body",
    "compose",
    "header_block",
    "header_fields",
    "raw_message",
    "without_blind_fields",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSpec:
    """What a message is made of. Texts are final: an empty one leaves its field out."""

    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    """Who of ``from_`` sent the message, where that is not plain (RFC 5322 3.6.2)."""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    date: str = ""
    message_id: str = ""
    importance: str = ""
    priority: str = ""
    sensitivity: str = ""
    disposition_notification_to: tuple[Address, ...] = ()
    return_receipt_to: tuple[Address, ...] = ()
    other_headers: str = ""
    """Fields of the caller's own, see :func:`~ssmtp_compat.message.other_headers.parse_other_headers`."""
    body: Octets = b""
    """With any line endings."""
    body_charset: str = "utf-8"
    """IANA name of the character set that ``body`` is in."""
    header_charset: str = ""
    """IANA name of the character set for header text outside ASCII; "" is UTF-8."""
    line_limit: int = 0
    """Octets of a header line, CRLF not counted; 0 is the 998 that RFC 5322 allows."""


class Composed(NamedTuple):
    """A message for the wire, before transparency: ``header``, CRLF, ``body``."""

    header: bytes
    """Ends in CRLF if it is not empty; the empty line behind it is not included."""
    content: Sliceable
    """Holds the body, from ``body_start`` to its end; what stands before that is not for the wire."""
    eight_bit: bool
    """The body has octets above 127."""
    needs_smtputf8: bool
    """The header has UTF-8 (RFC 6532)."""
    body_start: int = 0

    @property
    def body(self) -> bytes:
        """The body by itself; a copy where ``body_start`` is not 0."""
        return self.content[self.body_start :]

    @property
    def body_octets(self) -> int:
        return len(self.content) - self.body_start


_BLIND_FIELDS: Final = frozenset((b"bcc", b"resent-bcc"))

# Every octet below 128, and what switches ISO-2022-KR, ISO-2022-JP, HZ and UTF-7 to other characters.
_ASCII_PROBE: Final = bytes(range(1, 128)) + b"\r\n\x1b$)C\r\n\x0e!!\x0f \x1b$B!!\x1b(B ~{!!~} +AOk-"

_Line = tuple[HeaderField, bytes]
"""A field and its octets, folded, line ends included."""


@dataclass(frozen=True, slots=True)
class _BodyPlan:
    body: Octets
    encoding: str  # the one still to be carried out
    fields: tuple[tuple[str, str], ...]  # MIME fields to add
    charset: str = ""  # what the caller's Content-Type is to be completed with


def compose(spec: MessageSpec, *, eight_bit: bool) -> Composed:
    """Return the message for a server that has 8BITMIME or not (``eight_bit``).

    A text that is not plain ASCII with lines within 998 octets gets the MIME fields that the caller's own do not give,
    and is encoded where the way is not 8-bit clean. A body that the caller declared (by Content-Transfer-Encoding, by
    a multipart or message type, or by replacing all fields) gets canonical line endings and is otherwise left alone.

    Raises :class:`InvalidValueError` for a field that cannot be written or would stand there twice, a character outside
    its character set (434), and a declared body with a NUL or a line over 998 octets; :class:`UnsupportedError` (20011)
    for a declared 8-bit body without ``eight_bit``.
    """
    other = parse_other_headers(spec.other_headers)
    plan = _plan_body(spec, other, eight_bit=eight_bit)
    header = b"".join(octets for _, octets in _lines(spec, other, plan))
    eight_bit_body = plan.encoding in ("7bit", "8bit") and not plan.body.isascii()
    body = encode(plan.body, plan.encoding)
    return Composed(header, body, eight_bit_body, needs_smtputf8=not header.isascii())


def header_fields(spec: MessageSpec, *, eight_bit: bool = True) -> tuple[HeaderField, ...]:
    """Return the fields of :func:`compose`'s header in order, unfolded. Raises as :func:`compose` does."""
    other = parse_other_headers(spec.other_headers)
    plan = _plan_body(spec, other, eight_bit=eight_bit)
    return tuple(field for field, _ in _lines(spec, other, plan))


def header_block(spec: MessageSpec, *, eight_bit: bool = True) -> bytes:
    """Return :func:`compose`'s header without encoding the body. Raises as :func:`compose` does."""
    other = parse_other_headers(spec.other_headers)
    plan = _plan_body(spec, other, eight_bit=eight_bit)
    return b"".join(octets for _, octets in _lines(spec, other, plan))


def raw_message(data: bytes, *, eight_bit: bool = True) -> Composed:
    """Return a message that the caller composed, as it is apart from two things.

    Line endings become CRLF, and Bcc and Resent-Bcc fields are taken out of the header, for they would show the blind
    recipients to everybody. Raises :class:`InvalidValueError` (20005) for a NUL, a line over 998 octets, and a header
    with octets above 127 that are not UTF-8; :class:`UnsupportedError` (20011) for an 8-bit body without ``eight_bit``.
    """
    message = canonical_form(data)
    _check_sendable(message)
    # The body stays where it is: a copy of a large one costs as much as all the checks.
    if message.startswith(b"\r\n"):
        head, body_start = b"", 2
    elif (end := message.find(b"\r\n\r\n")) >= 0:
        head, body_start = message[:end], end + 4
    else:
        head, body_start = bytes(message).removesuffix(b"\r\n"), len(message)
    header = without_blind_fields(head) if head else b""
    try:
        header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            "The header of the message has octets above 127 that are not UTF-8; write such text as encoded-words "
            "(RFC 2047).",
        ) from error
    eight_bit_body = not message.isascii() and (header.isascii() or not message[body_start:].isascii())
    if eight_bit_body and not eight_bit:
        raise _eight_bit_way_missing()
    return Composed(header, message, eight_bit_body, needs_smtputf8=not header.isascii(), body_start=body_start)


def canonical_body(body: Octets, charset: str) -> tuple[Octets, str]:
    """Return ``body`` with canonical line endings, and the character set it is then in.

    That is ``charset``, "us-ascii" where the body has nothing else, or UTF-8 in place of one whose line ends are not
    the octets 13 and 10 (UTF-16, EBCDIC), which text in mail cannot be in (RFC 2046 4.1.1). Raises
    :class:`InvalidValueError`: 20005 for an unknown ``charset``, 434 for a ``body`` that is not in such a ``charset``.
    """
    check_charset(charset)
    if not has_ascii_line_ends(charset):
        try:
            text = bytes(body).decode(charset)
        except UnicodeDecodeError as error:
            raise InvalidValueError(ErrorCode.CODE_PAGE, f"The body is not {charset}.") from error
        body, charset = encode_text(text, "utf-8"), "utf-8"
    body = canonical_form(body)
    return body, "us-ascii" if _is_ascii_superset(charset) and body.isascii() else charset


def _lines(spec: MessageSpec, other: OtherHeaders, plan: _BodyPlan) -> list[_Line]:
    lines = list(_written(spec, other, plan))
    check_single_fields(field.name for field, _ in lines)
    return lines


def _written(spec: MessageSpec, other: OtherHeaders, plan: _BodyPlan) -> Iterator[_Line]:
    charset, limit = spec.header_charset, spec.line_limit
    if charset:
        check_charset(charset)
    if not other.replace_all:
        for name, pieces in _computed_fields(spec):
            if pieces:
                yield HeaderField(name, "".join(pieces)), fold(name, pieces, limit)
        for name, value in plan.fields:
            yield HeaderField(name, value), fold(name, structured_pieces(name, value), limit)
    for field in other.fields:
        completed = plan.charset and field.name.lower() == "content-type"
        yield (field.with_charset(plan.charset) if completed else field).encode(charset, limit)


def _computed_fields(spec: MessageSpec) -> Iterator[tuple[str, Sequence[str]]]:
    def addresses(name: str, value: tuple[Address, ...]) -> tuple[str, Sequence[str]]:
        return name, address_pieces(name, value, spec.header_charset, spec.line_limit)

    def structured(name: str, value: str) -> tuple[str, Sequence[str]]:
        return name, structured_pieces(name, value)

    yield addresses("From", spec.from_)
    yield addresses("Sender", spec.sender)
    yield addresses("To", spec.to)
    yield addresses("Cc", spec.cc)
    yield addresses("Reply-To", spec.reply_to)
    if spec.subject:
        yield "Subject", unstructured_pieces("Subject", spec.subject, spec.header_charset, spec.line_limit)
    yield structured("Date", spec.date)
    yield structured("Message-ID", spec.message_id)
    yield structured("Importance", spec.importance)
    yield structured("Priority", spec.priority)
    yield structured("Sensitivity", spec.sensitivity)
    yield addresses("Disposition-Notification-To", spec.disposition_notification_to)
    yield addresses("Return-Receipt-To", spec.return_receipt_to)


def _plan_body(spec: MessageSpec, other: OtherHeaders, *, eight_bit: bool) -> _BodyPlan:
    given = {field.name.lower(): field.value for field in other.fields}
    body, charset = canonical_body(spec.body, spec.body_charset)
    if other.replace_all or _is_declared(given):
        _check_sendable(body)
        if not eight_bit and not body.isascii():
            raise _eight_bit_way_missing()
        encoding, needed = "7bit", "7bit" if body.isascii() else "8bit"
    else:
        encoding = needed = choose(body, eight_bit=eight_bit)
    if other.replace_all:
        return _BodyPlan(body, encoding, ())
    fields: dict[str, str] = {}
    if needed != "7bit" or not _is_ascii_superset(charset):
        fields["Content-Type"] = f"text/plain; charset={charset}"
    if needed != "7bit":
        fields["Content-Transfer-Encoding"] = needed
    if fields or any(name.startswith("content-") for name in given):
        # RFC 2045 4: without it the other fields mean nothing.
        fields = {"MIME-Version": "1.0", **fields}
    added = tuple(item for item in fields.items() if item[0].lower() not in given)
    # Without it readers take a text for US-ASCII.
    missing = "Content-Type" in fields and lacks_charset(given.get("content-type", ""))
    return _BodyPlan(body, encoding, added, charset if missing else "")


def _is_declared(given: dict[str, str]) -> bool:
    media_type = given.get("content-type", "").lower()
    return "content-transfer-encoding" in given or media_type.startswith(("multipart/", "message/"))


@lru_cache(maxsize=64)
def _is_ascii_superset(charset: str) -> bool:
    """Whether octets below 128 always mean ASCII; not so in ISO-2022-JP and UTF-7, where they can mean anything."""
    try:
        return _ASCII_PROBE.decode(charset) == _ASCII_PROBE.decode("ascii")
    except UnicodeDecodeError:
        return False


def _check_sendable(data: Octets) -> None:
    if b"\0" in data:
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE, "The message has a NUL, which mail cannot carry; encode that part in base64."
        )
    if too_wide(data):
        raise InvalidValueError(
            ErrorCode.INVALID_VALUE,
            "The message has a line over 998 octets (RFC 5322 2.1.1); break it or use quoted-printable or base64.",
        )


def _eight_bit_way_missing() -> UnsupportedError:
    return UnsupportedError(
        ErrorCode.EXTENSION_MISSING,
        "8BITMIME is not offered, and the body has octets above 127 that may not be changed; encode it in "
        "quoted-printable or base64.",
    )


def without_blind_fields(head: bytes) -> bytes:
    """A header, given without the CRLF at its end, less its Bcc and Resent-Bcc fields; it ends in CRLF."""
    if b"bcc" not in head.lower():  # as nearly always
        return head + b"\r\n"
    kept: list[bytes] = []
    blind = False
    for line in head.split(b"\r\n"):
        if not line.startswith((b" ", b"\t")):
            blind = line.partition(b":")[0].rstrip(b" \t").lower() in _BLIND_FIELDS
        if not blind:
            kept.append(line + b"\r\n")
    return b"".join(kept)
