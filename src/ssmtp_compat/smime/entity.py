"""MIME entities (RFC 8551 3): the one that is signed or encrypted, and the ones that carry the result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError
from ..message.body import Octets
from ..message.compose import canonical_body
from ..message.other_headers import OtherHeaders, RawField, lacks_charset
from ..message.transfer_encoding import choose, quoted_printable_pieces
from .sources import Base64, Joined, Part, Source

__all__ = [
    "Entity",
    "content_entity",
    "multipart_signed",
    "pkcs7_mime_header",
    "with_mime_fields",
]

_UNENCODED: Final = frozenset(("", "7bit", "8bit", "binary"))
_COMPOSITE: Final = ("multipart/", "message/")
_TYPE: Final = "content-type"
_ENCODING: Final = "content-transfer-encoding"

_PREAMBLE: Final = b"This is an S/MIME signed message.\r\n"
_SIGNATURE_HEADER: Final = (
    b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="smime.p7s"\r\n'
    b"\r\n"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A MIME entity in canonical form."""

    header: bytes
    """The Content-* fields and the empty line behind them."""
    body: Part

    @property
    def octets(self) -> Source:
        """All of it."""
        return Joined(self.header, self.body)


def content_entity(text: Octets, charset: str, other: OtherHeaders, *, for_relays: bool) -> Entity:
    """The entity made of ``text`` and the Content-* fields of ``other``; text/plain in ``charset`` without them.

    Text that is not 7-bit with lines within 998 octets is encoded in quoted-printable or base64, also where the fields
    say 7bit, 8bit or binary. What the fields declare as encoded or as multipart has its structure, so it is left alone;
    ``for_relays`` (a part of multipart/signed, which nobody may encode later, RFC 8551 3.1.3) demands that it is fit
    already. Raises :class:`InvalidValueError` (20005) where it is not, and for contradicting or non-ASCII Content-*
    fields.
    """
    fields = [field for field in other.fields if field.name.lower().startswith("content-")]
    values = _values(fields)
    body, charset = canonical_body(text, charset)
    if values.get(_TYPE, "").lower().startswith(_COMPOSITE) or values.get(_ENCODING, "").lower() not in _UNENCODED:
        if for_relays and choose(body, eight_bit=False) != "7bit":
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE,
                "The message declares its own structure or transfer encoding and is not fit for every relay as it is: "
                "it has octets above 127, a NUL or a line over 998 octets. Encode such parts in quoted-printable or "
                "base64 before signing.",
            )
        return Entity(_header(fields, ()), body)
    encoding = choose(body, eight_bit=False)
    if for_relays and encoding == "7bit" and (b"\r\nFrom " in body or body.startswith(b"From ")):
        # mbox stores put ">" before such a line, which the signature would not survive (RFC 4155 names the dialects).
        encoding = "quoted-printable"
    added = [f"Content-Transfer-Encoding: {encoding}"]
    if _TYPE not in values:
        added.insert(0, f"Content-Type: text/plain; charset={charset}")
    kept = [field for field in fields if field.name.lower() != _ENCODING]
    if charset != "us-ascii" and lacks_charset(values.get(_TYPE, "")):
        kept = [field.with_charset(charset) if field.name.lower() == _TYPE else field for field in kept]
    return Entity(_header(kept, added), _encoded(body, encoding))


def multipart_signed(part: Source, signature: bytes, micalg: str, boundary: str) -> Entity:
    """The multipart/signed entity (RFC 1847 2.1, RFC 8551 3.5.3) of an entity and the DER ``signature`` over it.

    ``boundary`` must not occur in ``part``; that it is random has to do, since looking would cost another reading.
    """
    delimiter = f"\r\n--{boundary}".encode("ascii")
    return Entity(
        f'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        f' micalg={micalg}; boundary="{boundary}"\r\n\r\n'.encode("ascii"),
        Joined(
            _PREAMBLE + delimiter + b"\r\n",
            part,
            delimiter + b"\r\n" + _SIGNATURE_HEADER,
            Base64(Joined(signature)),
            delimiter + b"--\r\n",
        ),
    )


def pkcs7_mime_header(smime_type: str) -> bytes:
    """Header of an entity whose body is the base64 text of a ContentInfo (RFC 8551 3.2)."""
    return (
        f"Content-Type: application/pkcs7-mime; smime-type={smime_type};\r\n"
        ' name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n'
        "\r\n"
    ).encode("ascii")


def with_mime_fields(other: OtherHeaders, header: bytes) -> str:
    """The text of ``other`` with MIME-Version and ``header`` in place of its MIME-Version and Content-* fields.

    Every other field stays as it was written, and so does the empty first line that replaces all computed fields.
    """
    kept = [line for field in other.fields if not _is_mime(field) for line in field.lines]
    return "\r\n".join(("",) * other.replace_all + (*kept, "MIME-Version: 1.0", header[:-2].decode("ascii")))


def _is_mime(field: RawField) -> bool:
    name = field.name.lower()
    return name == "mime-version" or name.startswith("content-")


def _encoded(body: Octets, encoding: str) -> Part:
    if encoding == "base64":
        return Base64(Joined(body))
    # In its pieces: joining them would cost as much memory again.
    return Joined(*quoted_printable_pieces(body)) if encoding == "quoted-printable" else body


def _values(fields: Sequence[RawField]) -> dict[str, str]:
    values: dict[str, str] = {}
    for field in fields:
        name = field.name.lower()
        if name in values and name in (_TYPE, _ENCODING):
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"OtherHeaders has more than one {field.name} field; readers would differ."
            )
        values[name] = field.value
    return values


def _header(fields: Sequence[RawField], added: Iterable[str]) -> bytes:
    # A charset that stands here is no choice: Content-* fields are ASCII, and encode() refuses others.
    given = [field.encode("", 0)[1] for field in fields]
    return b"".join((*given, *(f"{line}\r\n".encode("ascii") for line in added), b"\r\n"))
