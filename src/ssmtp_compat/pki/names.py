"""Distinguished names as text: written in the vendor family's order, read in that one and in RFC 4514's notation."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from asn1crypto import parser
from asn1crypto import x509 as asn1_x509

__all__ = ["Attribute", "RelativeName", "email_addresses", "format_name", "parse_name", "relative_names"]

Attribute = tuple[str, str]
"""Attribute type (short name, or dotted OID where it has none) and value."""
RelativeName = frozenset[Attribute]
"""One relative distinguished name: nearly always a single attribute."""

_EMAIL: Final = "E"
_SHORT_NAMES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "1.2.840.113549.1.9.1": _EMAIL,
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
# What OpenSSL and RFC 4519 write for the same attributes.
_OTHER_NAMES: Final = {
    "ST": "S",
    "STATEORPROVINCENAME": "S",
    "EMAILADDRESS": _EMAIL,
    "EMAIL": _EMAIL,
    "MAIL": _EMAIL,
    "COMMONNAME": "CN",
    "ORGANIZATIONNAME": "O",
    "ORGANIZATIONALUNITNAME": "OU",
    "COUNTRYNAME": "C",
    "LOCALITYNAME": "L",
    "STREETADDRESS": "STREET",
    "TITLE": "T",
    "GIVENNAME": "G",
    "GN": "G",
    "INITIALS": "I",
    "SURNAME": "SN",
    "USERID": "UID",
}
# Universal ASN.1 string types. A TeletexString is read as Latin-1, which is what issuers put into it.
_STRING_CODECS: Final = {12: "utf-8", 18: "ascii", 19: "latin-1", 20: "latin-1", 22: "latin-1", 28: "utf-32-be"}
_BMP_STRING: Final = 30
_NEEDS_QUOTES: Final = frozenset(',+="<>#;')


def relative_names(name: asn1_x509.Name) -> tuple[RelativeName, ...]:
    """The relative names of ``name`` in the certificate's order. Raises ValueError when the encoding is broken."""
    return tuple(frozenset(_attributes(relative)) for relative in name.chosen)


def email_addresses(name: asn1_x509.Name) -> list[str]:
    """The emailAddress attributes of ``name``."""
    return [value for relative in name.chosen for kind, value in _attributes(relative) if kind == _EMAIL]


def format_name(name: asn1_x509.Name) -> str:
    """``name`` as text, most specific part first (RFC 4514 2.1), such as ``CN=Alice, O="Acme, Inc", C=DE``.

    Values that need it stand in double quotes, with an inner double quote doubled. Control characters, and others that
    cannot be seen but for blanks, read as their octets in UTF-8 do, such as ``\\0D``: a hostile name must neither break
    a line of a log nor turn its letters round.
    """
    return ", ".join(
        " + ".join(f"{kind}={_quote(value)}" for kind, value in _attributes(relative))
        for relative in reversed(list(name.chosen))
    )


def parse_name(text: str) -> tuple[RelativeName, ...] | None:
    """Read a distinguished name in either notation; None when ``text`` is none.

    Understood are double quotes, backslash escapes, hexadecimal pairs and values (RFC 4514 2.4), ``,`` or ``;`` between
    the parts, ``+`` inside one, blanks anywhere around, attribute types in any case and under their other usual names.
    """
    relatives: list[RelativeName] = []
    attributes: list[Attribute] = []
    for piece, separator in _split(text):
        kind, equals, value = piece.partition("=")
        kind = kind.strip().upper().removeprefix("OID.")
        if not equals or not kind:
            return None
        kind = _OTHER_NAMES.get(kind, _SHORT_NAMES.get(kind, kind))
        attributes.append((kind, _read_value(_trimmed(value))))
        if separator != "+":
            relatives.append(frozenset(attributes))
            attributes = []
    return tuple(relatives)


def _attributes(relative: Iterable[asn1_x509.NameTypeAndValue]) -> list[Attribute]:
    found = []
    for attribute in relative:
        oid: str = attribute["type"].dotted
        found.append((_SHORT_NAMES.get(oid, oid), _value_text(attribute["value"].dump())))
    return found


def _value_text(der: bytes) -> str:
    tag_class, _, tag, _, content, _ = parser.parse(der, strict=True)
    if tag_class == 0 and tag == _BMP_STRING:
        return str(content, "utf-16-be", "replace")
    codec = _STRING_CODECS.get(tag) if tag_class == 0 else None
    # RFC 4514 2.4: a value that is no string is the hexadecimal form of its encoding.
    return str(content, codec, "replace") if codec else "#" + der.hex().upper()


def _quote(value: str) -> str:
    shown = "".join(char if _is_visible(char) else _in_hexadecimal(char) for char in value)
    if shown != shown.strip() or _NEEDS_QUOTES.intersection(shown):
        return '"' + shown.replace('"', '""') + '"'
    return shown


def _is_visible(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _in_hexadecimal(char: str) -> str:
    return "".join(f"\\{octet:02X}" for octet in char.encode("utf-8", "surrogatepass"))


def _split(text: str) -> Sequence[tuple[str, str]]:
    """Cut at the separators outside quotes; each piece comes with the separator behind it."""
    pieces = []
    start = 0
    quoted = False
    escaped = False
    for position, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char in ",;+" and not quoted:
            pieces.append((text[start:position], char))
            start = position + 1
    pieces.append((text[start:], ""))
    return pieces


def _trimmed(value: str) -> str:
    """``value`` without the blanks around it; one with a backslash before it belongs to it (RFC 4514 2.4)."""
    trimmed = value.strip()
    backslashes = len(trimmed) - len(trimmed.rstrip("\\"))
    return trimmed + value.lstrip()[len(trimmed) :][: backslashes % 2]


def _read_value(value: str) -> str:
    if value.startswith("#"):
        try:
            return _value_text(bytes.fromhex(value[1:]))
        except ValueError:
            pass  # not the hexadecimal form of RFC 4514 2.4, but a number sign that somebody left without its backslash
    return _unquote(value)


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('""', '"')
    if "\\" not in value:
        return value
    out = bytearray()
    position = 0
    while position < len(value):
        char = value[position]
        pair = value[position + 1 : position + 3]
        if char == "\\" and len(pair) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in pair):
            out += bytes.fromhex(pair)
            position += 3
            continue
        if char == "\\" and pair[:1] and pair[0] in '\\ "#+,;<=>':
            char = pair[0]
            position += 1
        out += char.encode("utf-8", "surrogatepass")
        position += 1
    return out.decode("utf-8", "replace")
