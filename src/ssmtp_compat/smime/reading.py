"""Finding the CMS object in a message (RFC 8551 3.5, 3.9), and with it the octets that a detached signature is over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import SSMTPError
from ..message.canonical import is_canonical, to_crlf
from ..message.headers import HeaderField, read_fields
from ..pki.armor import decode_base64, pem_blocks
from .values import malformed

__all__ = ["Found", "find_cms", "with_outer_fields"]

_SIGNATURE_TYPES: Final = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_CMS_TYPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
# RFC 8551 3.9: some systems know a file by its name only.
_NAMELESS_TYPE: Final = "application/octet-stream"
_CMS_SUFFIXES: Final = (".p7m", ".p7z")
_SIGNATURE_SUFFIX: Final = ".p7s"
# Those of RFC 7468 8 and 9, of OpenSSL, and the two of gpgsm.
_PEM_LABELS: Final = frozenset({"CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE", "ENCRYPTED MESSAGE"})
_BASE64: Final = "base64"
_VERSION: Final = "mime-version"
_UNENCODED: Final = frozenset({"", "7bit", "8bit", "binary"})

MAXIMUM_HEADER: Final = 1024 * 1024
"""Octets of a header: some thousand fields or recipients. One of nothing but fields takes fifty times its length."""

# Every alternative begins with another character, so nothing backtracks, and no place to go back to is kept (*+).
_PARAMETER: Final = re.compile(r';[ \t]*([^\s=;"]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*+"|[^\s;"]*)[ \t]*')
_ESCAPED: Final = re.compile(r"\\(.)")
_END: Final = re.compile(r"[ \t]*;?[ \t]*\Z")
_TYPE: Final = re.compile(r"[ \t]*([^\s;/]+/[^\s;/]+)[ \t]*")
_FIELD_NAME: Final = re.compile(rb"[!-9;-~]+[ \t]*")  # blanks ahead of the colon: RFC 5322 4.5
_MAILBOX_LINE: Final = re.compile(rb"From (?![ \t]*:)")
"""Of the line that mailbox files put ahead of each message. With a colon it is a field that names a sender."""
_VERSION_FIELD: Final = re.compile(rb"^mime-version[ \t]*:", re.IGNORECASE | re.MULTILINE)
_BOUNDARY: Final = re.compile(r"[ -~]{0,69}[!-~]")  # RFC 2046 5.1.1
_SEPARATOR: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Found:
    """What was found."""

    cms: bytes
    """The ContentInfo, BER."""
    content: bytes | None
    """The first part of multipart/signed, octet for octet; None where the CMS object has to hold its content."""
    outer_fields: bytes
    """The lines of the message's header without MIME-Version and Content-*; empty for a bare CMS object."""
    from_fields: tuple[str, ...]
    """The values of the From fields of that header, unfolded."""


def find_cms(message: bytes) -> Found:
    """Find the CMS object that ``message`` is, or is the body of.

    Taken are RFC 5322 messages with multipart/signed or application/pkcs7-mime at the top, and bare objects in BER,
    DER or PEM. Parts further in are left alone: what stands beside them is neither signed nor secret, and readers that
    showed both together were fooled (EFAIL). A message whose header has LF alone at its line ends was stored by a
    system where that is the line end, so it is brought back to CRLF, in which it was signed (RFC 8551 3.1.1).

    Raises :class:`SSMTPError`: 10193 when it is not S/MIME, 10192 when it is malformed, 10283 without a boundary.
    """
    # A header cannot begin like this: its second and third characters are printable ASCII.
    if message[:1] == b"\x30" and (message[1:2] >= b"\x80" or message[2:3] == b"\x06"):
        return Found(message, None, b"", ())
    if message.startswith(b"-----BEGIN "):
        return Found(_from_pem(message), None, b"", ())
    if _MAILBOX_LINE.match(message):
        message = message.partition(b"\n")[2]
    if b"\r\n" not in message[: message.find(b"\n") + 1]:
        message = to_crlf(message)
    header, body = _split(message)
    fields = _fields(header)
    outer = b"".join(lines for name, lines in _raw_fields(header) if not _is_mime(name))
    media_type, parameters = _content_type(fields)
    senders = tuple(field.value for field in fields if field.name.lower() == "from")
    if media_type == "multipart/signed":
        content, cms = _signed_parts(body, parameters)
        return Found(cms, content, outer, senders)
    if not _is_cms(media_type, _file_name(fields, parameters), _CMS_TYPES, _CMS_SUFFIXES):
        shown = media_type if media_type.isprintable() else "something else"
        raise SSMTPError(ErrorCode.MESSAGE_TYPE, f"The message is {shown[:80]}, not S/MIME.")
    return Found(_decoded(body, fields), None, outer, senders)


def with_outer_fields(found: Found, entity: bytes) -> bytes:
    """``entity``, which was inside, as a message with the fields of the one around it; as it is for a bare object."""
    if not found.outer_fields:
        return entity
    version = b"" if _VERSION_FIELD.search(_split(entity)[0]) else b"MIME-Version: 1.0\r\n"
    return b"".join((found.outer_fields, version, entity))


def _from_pem(text: bytes) -> bytes:
    blocks = [block for block in pem_blocks(text) if block.label in _PEM_LABELS]
    if len(blocks) != 1:
        raise malformed("The PEM text does not hold exactly one block with the label CMS or PKCS7.")
    try:
        return decode_base64(blocks[0].body)
    except ValueError as error:
        raise malformed("The PEM block is not base64.") from error


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _split(entity: bytes) -> tuple[bytes, bytes]:
    """Header lines, each with its CRLF, and body."""
    if entity.startswith(b"\r\n"):
        return b"", entity[2:]
    header, separator, body = entity.partition(_SEPARATOR)
    return header + b"\r\n" if separator else header, body


def _fields(header: bytes) -> tuple[HeaderField, ...]:
    if len(header) > MAXIMUM_HEADER:
        raise malformed(f"A header of the message is longer than {MAXIMUM_HEADER} octets.")
    return read_fields(_text(header))


def _raw_fields(header: bytes) -> list[tuple[str, bytes]]:
    """Lower-case name and lines of each field. Raises (10192) for anything else in ``header``.

    Readers differ about where a header ends that has other lines in it, or lone CRs and LFs; one of them might show
    a From field that was not compared with the signer.
    """
    if not is_canonical(header):
        raise malformed("The header of the message has a CR or LF by itself.")
    found: list[tuple[str, list[bytes]]] = []
    for line in header.split(b"\r\n")[:-1]:
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
            continue
        name, colon, _ = line.partition(b":")
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise malformed("The header of the message has a line that is no field.")
        found.append((_text(name).strip().lower(), [line]))
    return [(name, b"".join(line + b"\r\n" for line in lines)) for name, lines in found]


def _is_mime(name: str) -> bool:
    return name == _VERSION or name.startswith("content-")


def _single(fields: tuple[HeaderField, ...], name: str) -> str:
    values = [field.value for field in fields if field.name.lower() == name]
    if len(values) > 1:
        # Readers disagree about which of two counts.
        raise malformed(f"There is more than one {name} field.")
    return values[0] if values else ""


def _content_type(fields: tuple[HeaderField, ...]) -> tuple[str, dict[str, str]]:
    """Media type in lower case, and its parameters by lower-case name; text/plain where no type is named."""
    value = _single(fields, "content-type")
    if not value:
        return "text/plain", {}
    start = _TYPE.match(value)
    if not start:
        raise malformed("The Content-Type field is malformed.")
    return start[1].lower(), _parameters(value, start.end())


def _parameters(value: str, position: int) -> dict[str, str]:
    parameters: dict[str, str] = {}
    while not _END.match(value, position):
        match = _PARAMETER.match(value, position)
        if not match:
            raise malformed("The parameters of a Content field are malformed.")
        name, text = match[1].lower(), match[2]
        if name in parameters:
            raise malformed(f"A Content field has the parameter {name[:40]!r} twice.")
        parameters[name] = _ESCAPED.sub(r"\1", text[1:-1]) if text.startswith('"') else text
        position = match.end()
    return parameters


def _file_name(fields: tuple[HeaderField, ...], parameters: Mapping[str, str]) -> str:
    disposition = _single(fields, "content-disposition")
    position = disposition.find(";")
    if position >= 0:
        parameters = {**parameters, **_parameters(disposition, position)}
    return parameters.get("filename", parameters.get("name", "")).lower()


def _is_cms(media_type: str, name: str, types: frozenset[str], suffixes: str | tuple[str, ...]) -> bool:
    return media_type in types or (media_type == _NAMELESS_TYPE and name.endswith(suffixes))


def _decoded(body: bytes, fields: tuple[HeaderField, ...]) -> bytes:
    encoding = _single(fields, "content-transfer-encoding").lower()
    if encoding in _UNENCODED:
        return body
    if encoding != _BASE64:
        raise malformed("The CMS object is in a transfer encoding other than base64.")
    try:
        return decode_base64(body)
    except ValueError as error:
        raise malformed("The base64 of the CMS object is damaged.") from error


def _signed_parts(body: bytes, parameters: Mapping[str, str]) -> tuple[bytes, bytes]:
    """The first part as it stands, and the signature, of a multipart/signed body (RFC 1847 2.1)."""
    # The micalg parameter is not looked at: the CMS object says which digest it takes, and that is what is checked.
    protocol = parameters.get("protocol", "").lower()
    if protocol and protocol not in _SIGNATURE_TYPES:
        raise SSMTPError(ErrorCode.MESSAGE_TYPE, "The message is signed, but not with S/MIME.")
    if any(name.startswith("boundary*") for name in parameters):
        # Readers of RFC 2231 would cut the message elsewhere, and show something else than what is verified here.
        raise malformed("The boundary of the multipart/signed message is in the notation of RFC 2231.")
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise SSMTPError(ErrorCode.NO_BOUNDARY, "The multipart/signed message names no usable boundary.")
    parts = _cut(body, boundary.encode("ascii"))
    if len(parts) != 2:
        raise malformed(f"A multipart/signed message has two parts, and this one has {len(parts)}.")
    content, signature = parts
    header, signature_body = _split(signature)
    fields = _fields(header)
    media_type, signature_parameters = _content_type(fields)
    name = _file_name(fields, signature_parameters)
    if not _is_cms(media_type, name, _SIGNATURE_TYPES, _SIGNATURE_SUFFIX):
        raise SSMTPError(ErrorCode.MESSAGE_TYPE, "The second part of the signed message is no S/MIME signature.")
    return content, _decoded(signature_body, fields)


def _cut(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts between the delimiter lines (RFC 2046 5.1.1); the line end ahead of a delimiter belongs to it."""
    delimiter = b"\r\n--" + boundary
    # The first delimiter may stand at the very start, without the line end.
    body = b"\r\n" + body
    parts: list[bytes] = []
    start = -1
    at = body.find(delimiter)
    while at >= 0:
        end = body.find(b"\r\n", at + 2)
        line = body[at + len(delimiter) : len(body) if end < 0 else end]
        closing = line.startswith(b"--")
        if not line.removeprefix(b"--").strip(b" \t"):
            if start >= 0:
                parts.append(body[start:at])
            if closing or end < 0:
                return parts if closing else []
            start = end + 2
            # The line end behind one delimiter may be the one ahead of the next.
            at = body.find(delimiter, end)
        else:
            at = body.find(delimiter, at + 2)
    raise malformed("The multipart/signed message is cut short.")
