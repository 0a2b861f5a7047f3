"""Conversion between what a caller passes and what a row's type calls for. Pure, and as forgiving as PHP is.

A value that cannot be converted is a :class:`ValueError` whose text names the type that is wanted and the type that was
given. It shows the value itself only when told ``quote=True``, for the value may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NoReturn

from .schema import ConfigDef, ValueType

__all__ = [
    "check_single_line",
    "convert",
    "format_text",
    "to_binary",
    "to_bool",
    "to_choice",
    "to_int",
    "to_text",
]

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})

# 64 bits is more than any number of the interface has. A bound keeps int() from labouring over megabytes of digits.
_INTEGER: Final = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]{1,16})|([0-9]{1,20}))")

_LONGEST_SHOWN: Final = 60
_LONGEST_QUOTE: Final = 40

# NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR end a line for str.splitlines, though not on the wire.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
_CONTROL_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "\x00": "a NUL",
        "\t": "a tab",
        "\n": "a line feed",
        "\r": "a carriage return",
        "\x85": "a next-line character",
        "\u2028": "a line separator",
        "\u2029": "a paragraph separator",
    }
)


def _refuse(wanted: str, value: object, *, quote: bool) -> NoReturn:
    if isinstance(value, str | bytes | bytearray | memoryview):
        given = "a text" if isinstance(value, str) else "a byte string"
        if quote and isinstance(value, str) and len(value) <= _LONGEST_QUOTE:
            given = f"the text {value!a}"
    elif quote and isinstance(value, bool | int | float) and len(given_text := repr(value)) <= _LONGEST_QUOTE:
        given = given_text
    else:
        given = f"a value of type {type(value).__name__}"
    raise ValueError(f"{wanted} is wanted; {given} was given")


def _decoded(value: bytes | bytearray | memoryview) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        position = error.start + 1
    # Outside the handler: the codec's exception holds the whole value, perhaps a password, and must not be chained.
    raise ValueError(f"text in UTF-8 is wanted; octet {position} of the byte string does not belong to any")


def _encoded(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        position = error.start + 1
    raise ValueError(f"text is wanted; character {position} is half of a surrogate pair, which is no character")


def _word(value: object) -> str | None:
    """The text of a number or a word, without the blanks around it; None for a value that is no text."""
    if isinstance(value, bytes | bytearray | memoryview):
        return _decoded(value).strip()
    return value.strip() if isinstance(value, str) else None


def _float_text(value: float) -> str:
    """As PHP casts a float to a string: 14 significant digits, ``1.0E+25`` for the large ones."""
    text = f"{value:.14G}"
    mantissa, mark, exponent = text.partition("E")
    if not mark:
        return text
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent):+d}"


def to_text(value: object, *, quote: bool = False) -> str:
    """Text from text, bytes in UTF-8, numbers and booleans the PHP way (True is "1", False is ""), or None ("").

    Raises :class:`ValueError` for anything else, for bytes that are not UTF-8, and for a lone surrogate, which could
    not be sent in any encoding.
    """
    if isinstance(value, str):
        # isascii() is a flag of the string, so that a large body in ASCII is not copied for the check.
        if not value.isascii():
            _encoded(value)
        # Not a subclass: an enumeration of texts would later print its member's name instead.
        return value if type(value) is str else str.__str__(value)
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        return _decoded(value)
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float_text(value)
    _refuse("a text", value, quote=quote)


def to_int(value: object, *, quote: bool = False) -> int:
    """A whole number from an int, a boolean, a float without a fraction, decimal or 0x text, or None (0).

    Blanks around the text do not matter. Raises :class:`ValueError` for anything else.
    """
    if isinstance(value, int):
        return int(value)
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        return int(value)
    text = _word(value)
    if text is not None and (match := _INTEGER.fullmatch(text)):
        sign, hexadecimal, decimal = match.groups()
        number = int(hexadecimal, 16) if hexadecimal else int(decimal)
        return -number if sign == "-" else number
    _refuse("a whole number", value, quote=quote)


def to_bool(value: object, *, quote: bool = False) -> bool:
    """A boolean from a boolean, 0 or 1, one of the words true, yes, on, false, no and off in any case, "" or None.

    Raises :class:`ValueError` for anything else.
    """
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    text = _word(value)
    if text is not None and text.lower() in _TRUE:
        return True
    if text is not None and text.lower() in _FALSE:
        return False
    _refuse("True or False", value, quote=quote)


def to_binary(value: object, *, quote: bool = False) -> bytes:
    """Bytes from bytes as they are, or from whatever :func:`to_text` takes, in UTF-8.

    Raises :class:`ValueError` for anything else.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if value is None or isinstance(value, str | int | float):
        return _encoded(value if isinstance(value, str) else to_text(value))
    _refuse("a byte string or a text", value, quote=quote)


def to_choice(value: object, choices: Iterable[tuple[int, str]], *, quote: bool = False) -> int:
    """One of the numbers of ``choices``, given as the number or by its name in any case.

    Raises :class:`ValueError` with a text that lists the choices for anything else.
    """
    allowed = tuple(choices)
    text = _word(value)
    for number, name in allowed:
        if text is not None and name.lower() == text.lower():
            return number
    wanted = "one of " + ", ".join(f"{number} ({name})" for number, name in allowed)
    try:
        chosen = to_int(value)
    except ValueError:
        chosen = None
    if chosen is not None and any(number == chosen for number, _ in allowed):
        return chosen
    _refuse(wanted, value, quote=quote)


_CONVERTERS: Final[Mapping[ValueType, Callable[..., str | int | bool | bytes]]] = MappingProxyType(
    {
        ValueType.TEXT: to_text,
        ValueType.INT: to_int,
        ValueType.BOOL: to_bool,
        ValueType.BINARY: to_binary,
    }
)


def convert(value: object, value_type: ValueType, *, quote: bool = False) -> str | int | bool | bytes:
    """``value`` as ``value_type`` calls for, by :func:`to_text`, :func:`to_int`, :func:`to_bool` or :func:`to_binary`.

    Raises :class:`ValueError`; with ``quote`` its text shows a short value that was refused. Pass that only for a row
    that is no secret. Limits and choices of a row are not looked at.
    """
    return _CONVERTERS[value_type](value, quote=quote)


def format_text(value: str | int | bool, row: ConfigDef) -> str:
    """A setting's value as Config returns it: "True" or "False", a decimal number, 0x%08X, or the text itself."""
    if row.value_type is ValueType.BOOL:
        return "True" if value else "False"
    if isinstance(value, str):
        return value
    return f"0x{value:08X}" if row.hexadecimal else str(int(value))


def check_single_line(text: str) -> str | None:
    """Name the first control character of ``text`` and where it is, counted from 1; None when there is none.

    Controls are C0 with tab, CR, LF and NUL, DEL, and the three characters beyond ASCII that end a line in Unicode.
    They are refused wherever a text ends on a command line or in one header field (RFC 5321 4.1.2, RFC 5322 2.2).
    """
    match = _CONTROL.search(text)
    if match is None:
        return None
    character = match.group()
    name = _CONTROL_NAMES.get(character, "a control character")
    return f"{name} (U+{ord(character):04X}) at character {match.start() + 1}"


def shown(value: object) -> str:
    """What an error says was given where a number belongs; ``repr`` refuses numbers of thousands of digits."""
    try:
        return repr(value)[:_LONGEST_SHOWN]
    except ValueError:
        return "a number of thousands of digits"
    except Exception:  # noqa: BLE001  the caller's object may raise anything, and is not what is being reported
        return f"a {type(value).__name__}"
