"""Values are converted as forgivingly as PHP does it, and refused without being shown."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.enums import Priority
from ssmtp_compat.catalog.schema import ValueType
from ssmtp_compat.catalog.values import (
    check_single_line,
    convert,
    format_text,
    to_binary,
    to_bool,
    to_choice,
    to_int,
    to_text,
)

INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)
TEXT_WITHOUT_SURROGATES = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


# -- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("Größe", "Größe"),
        (" kept \r\n", " kept \r\n"),
        (None, ""),
        (True, "1"),
        (False, ""),
        (0, "0"),
        (-25, "-25"),
        (Priority.epUrgent, "2"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (1e14, "1.0E+14"),
        (1e25, "1.0E+25"),
        (1.5e-7, "1.5E-7"),
        (123456789012345678.0, "1.2345678901235E+17"),
        (float("inf"), "INF"),
        (float("nan"), "NAN"),
        (b"", ""),
        ("Größe".encode(), "Größe"),
        (bytearray(b"abc"), "abc"),
        (memoryview(b"abc"), "abc"),
    ],
)
def test_text(value: object, text: str):
    assert to_text(value) == text


@pytest.mark.parametrize("value", [b"\xff", "half \ud83d", ["a"], {}, object(), 1j])
def test_no_text(value: object):
    with pytest.raises(ValueError, match="text"):
        to_text(value)


def test_the_place_of_a_bad_octet_and_of_a_bad_character_is_named():
    with pytest.raises(ValueError, match="octet 4 "):
        to_text(b"abc\xff")
    with pytest.raises(ValueError, match="character 3 "):
        to_text("ab\udc80")


# -- whole numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (25, 25),
        (True, 1),
        (False, 0),
        (Priority.epUrgent, 2),
        (25.0, 25),
        (None, 0),
        ("25", 25),
        (" 25\r\n", 25),
        ("+25", 25),
        ("-1", -1),
        ("007", 7),
        ("0x80000000", 2**31),
        ("0XfF", 255),
        ("-0x10", -16),
        (b"25", 25),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_whole_number(value: object, number: int):
    result = to_int(value)
    assert result == number
    assert type(result) is int


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            " ",
            "abc",
            "25a",
            "2 5",
            "1_000",
            "1.5",
            "1e3",
            "0b1",
            "0x",
            "--1",
            "٢٥",
            "²",
            "9" * 21,
            "0x" + "f" * 17,
        ),
        *(25.5, float("nan"), float("inf"), b"", b"\xff", [25], {}, 1j),
    ],
)
def test_no_whole_number(value: object):
    with pytest.raises(ValueError):
        to_int(value)


@given(INT64)
def test_whole_number_survives_being_text(number: int):
    assert to_int(to_text(number)) == number


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_whole_number_survives_being_hexadecimal(number: int):
    assert to_int(f"0x{number:08X}") == number


# -- booleans -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", "TRUE", "True", "yes", "Yes", "on", " On ", b"true"])
def test_true(value: object):
    assert to_bool(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "FALSE", "no", "No", "off", "", "  ", None, b"", b"0"])
def test_false(value: object):
    assert to_bool(value) is False


@pytest.mark.parametrize("value", [2, -1, 0.5, "2", "10", "t", "y", "ja", "none", b"\xff", [], [True], {}, object()])
def test_neither_true_nor_false(value: object):
    with pytest.raises(ValueError):
        to_bool(value)


# -- bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (b"\x00\xff", b"\x00\xff"),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abc"), b"abc"),
        ("Größe", b"Gr\xc3\xb6\xc3\x9fe"),
        ("", b""),
        (None, b""),
        (25, b"25"),
        (True, b"1"),
    ],
)
def test_binary(value: object, octets: bytes):
    result = to_binary(value)
    assert result == octets
    assert type(result) is bytes


@pytest.mark.parametrize("value", ["\ud800", ["a"], {}, object()])
def test_no_binary(value: object):
    with pytest.raises(ValueError):
        to_binary(value)


@given(TEXT_WITHOUT_SURROGATES)
def test_text_survives_being_binary(text: str):
    assert to_text(to_binary(text)) == text


# -- choices ------------------------------------------------------------------------------------------------------

ALGORITHMS = ((0, "None"), (1, "SHA1"), (3, "SHA256"))


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), ("3", 3), ("SHA256", 3), (" sha256 ", 3), ("NONE", 0), (None, 0), (b"sha1", 1)]
)
def test_choice(value: object, number: int):
    assert to_choice(value, ALGORITHMS) == number


@pytest.mark.parametrize("value", [2, "2", "SHA512", "", 0.5, [3]])
def test_no_choice(value: object):
    with pytest.raises(ValueError, match=r"one of 0 \(None\), 1 \(SHA1\), 3 \(SHA256\) is wanted"):
        to_choice(value, ALGORITHMS)


@pytest.mark.parametrize(("text", "number"), [("False", 0), ("true", 1), ("1", 1), ("2", 2), ("Preferred", 2)])
def test_use_ipv6_takes_numbers_and_booleans(text: str, number: int):
    assert to_choice(text, SETTINGS["useipv6"].choices) == number


# -- convert and its texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value_type", "value"),
    [(ValueType.TEXT, "1"), (ValueType.INT, 1), (ValueType.BOOL, True), (ValueType.BINARY, b"1")],
)
def test_convert_follows_the_type(value_type: ValueType, value: object):
    result = convert("1", value_type)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("value", "value_type", "text"),
    [
        ("abc", ValueType.INT, "a whole number is wanted; a text was given"),
        (b"abc", ValueType.INT, "a whole number is wanted; a byte string was given"),
        (1.5, ValueType.INT, "a whole number is wanted; a value of type float was given"),
        ("maybe", ValueType.BOOL, "True or False is wanted; a text was given"),
        (["x"], ValueType.TEXT, "a text is wanted; a value of type list was given"),
        (["x"], ValueType.BINARY, "a byte string or a text is wanted; a value of type list was given"),
    ],
)
def test_refusal_names_both_types(value: object, value_type: ValueType, text: str):
    with pytest.raises(ValueError) as caught:
        convert(value, value_type)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("value", "value_type", "shown"),
    [
        ("abc", ValueType.INT, "the text 'abc' was given"),
        ("a\nb", ValueType.INT, r"the text 'a\nb' was given"),
        ("ä", ValueType.INT, r"the text '\xe4' was given"),
        (1.5, ValueType.INT, "1.5 was given"),
        (2, ValueType.BOOL, "2 was given"),
        ("x" * 40, ValueType.INT, "x" * 40),
        ("x" * 41, ValueType.INT, "a text was given"),
        (10**60, ValueType.BOOL, "a value of type int was given"),
    ],
)
def test_refusal_shows_a_short_value_when_told_to(value: object, value_type: ValueType, shown: str):
    with pytest.raises(ValueError) as caught:
        convert(value, value_type, quote=True)
    assert shown in str(caught.value)


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("value", "value_type"),
    [
        (SECRET, ValueType.INT),
        (SECRET, ValueType.BOOL),
        *((SECRET.encode() + b"\xff", wanted) for wanted in (ValueType.TEXT, ValueType.INT, ValueType.BOOL)),
        *((SECRET + "\ud800", wanted) for wanted in ValueType),
        *(([SECRET], wanted) for wanted in ValueType),
        *(({SECRET: 1}, wanted) for wanted in ValueType),
    ],
)
def test_refused_value_is_nowhere_in_the_exception(value: object, value_type: ValueType):
    with pytest.raises(ValueError) as caught:
        convert(value, value_type)
    # An exception of a codec, chained to ours, would hold the value.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert SECRET not in repr(caught.value)


# -- format -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Linger", True, "True"),
        ("Linger", False, "False"),
        ("MaxLineLength", 2048, "2048"),
        ("SSLEnabledProtocols", 15360, "15360"),
        ("SSLSecurityFlags", 0, "0x00000000"),
        ("SSLSecurityFlags", 0x80000010, "0x80000010"),
        ("FirewallType", 1, "1"),
        ("Hello", "mail.example.org", "mail.example.org"),
    ],
)
def test_setting_as_text(name: str, value: str | int | bool, text: str):
    assert format_text(value, SETTINGS[name.lower()]) == text


@pytest.mark.parametrize("row", SETTINGS.values(), ids=lambda row: row.name)
def test_default_survives_being_read_and_set_again(row: object):
    assert convert(format_text(row.default, row), row.value_type) == row.default


def test_enumerated_value_reads_as_its_number():
    row = dataclasses.replace(SETTINGS["firewalltype"])
    assert format_text(Priority.epUrgent, row) == "2"


# -- single lines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("abcd\nx", "a line feed (U+000A) at character 5"),
        ("\r\n", "a carriage return (U+000D) at character 1"),
        ("a\x00", "a NUL (U+0000) at character 2"),
        ("a\tb", "a tab (U+0009) at character 2"),
        ("\x1b[0m", "a control character (U+001B) at character 1"),
        ("ä\x7f", "a control character (U+007F) at character 2"),
        ("ä\x85", "a next-line character (U+0085) at character 2"),
        ("\u2028", "a line separator (U+2028) at character 1"),
        ("\u2029", "a paragraph separator (U+2029) at character 1"),
    ],
)
def test_control_character_is_named_with_its_place(text: str, found: str):
    assert check_single_line(text) == found


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x85, 0x2028, 0x2029])
def test_every_control_is_found(code: int):
    assert check_single_line(f"before{chr(code)}after") is not None


@pytest.mark.parametrize(
    "text", ["", " ", "Grüße, 你好 😀", '"Doe, J." <j@example.org>', "\xa0", "\u200b", "\u760a\u760d"]
)
def test_single_line_passes(text: str):
    assert check_single_line(text) is None


@given(TEXT_WITHOUT_SURROGATES)
def test_what_passes_is_one_line_for_python_too(text: str):
    if check_single_line(text) is None:
        assert len(text.splitlines()) <= 1
