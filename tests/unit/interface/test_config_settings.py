"""Every configuration setting through do_config: read, written, and refused."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ssmtp_compat import ErrorCode, PropertyID, __version__, ssmtp_close, ssmtp_do_config, ssmtp_get, ssmtp_open
from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.schema import Access, ConfigDef, ValueType
from ssmtp_compat.catalog.values import format_text
from unit.interface.scripts import last_error, put, reason, take

P = PropertyID

ROWS = list(SETTINGS.values())
COMPUTED = {"BuildInfo", "Hello", "LocalHost", "MessageHeadersString"}
WRITABLE = [row for row in ROWS if row.access is Access.READ_WRITE]
TEXTS = [
    row for row in WRITABLE if row.value_type is ValueType.TEXT and row.name not in ("Charset", "DSNReturn")
]  # of any text
BOOLEANS = [row for row in WRITABLE if row.value_type is ValueType.BOOL]
CHOICES = [row for row in WRITABLE if row.choices]
NUMBERS = [row for row in WRITABLE if row.value_type is ValueType.INT and not row.choices]
ALIASES = [row for row in ROWS if row.alias_of is not None]


def each(rows: list[ConfigDef]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.name)


def read(handle: int, name: str) -> str:
    text = ssmtp_do_config(handle, name)
    assert last_error(handle) == (0, "")
    assert type(text) is str
    return text


def write(handle: int, name: str, value: str) -> None:
    assert ssmtp_do_config(handle, f"{name}={value}") == ""
    assert last_error(handle) == (0, "")


def refuse(handle: int, name: str, value: str) -> str:
    assert ssmtp_do_config(handle, f"{name}={value}") == ""
    return reason(handle, ErrorCode.INVALID_VALUE)


# -- names and defaults -----------------------------------------------------------------------------------------------


@each([row for row in ROWS if row.name not in COMPUTED])
def test_default(handle: int, row: ConfigDef):
    assert read(handle, row.name) == format_text(row.default, row)


def test_defaults_that_are_computed(handle: int):
    assert read(handle, "Hello") == socket.gethostname()
    assert read(handle, "LocalHost") == socket.gethostname()
    assert read(handle, "BuildInfo").startswith(f"ssmtp_compat {__version__}")
    assert read(handle, "MessageHeadersString").startswith("Date: ")


@each(ROWS)
def test_name_in_any_case_and_with_blanks_around_it(handle: int, row: ConfigDef):
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    expected = read(handle, row.name)
    for name in (row.name.lower(), row.name.upper(), row.name.swapcase(), f" {row.name}\t"):
        assert read(handle, name) == expected


@each(WRITABLE)
def test_setting_is_written_under_its_name_in_any_case(handle: int, row: ConfigDef):
    value = {ValueType.TEXT: "utf-8", ValueType.INT: "2", ValueType.BOOL: str(not row.default)}[row.value_type]
    if row.name in ("CodePage", "MaxLineLength"):
        value = "1252"
    if row.name == "DSNReturn":
        value = "full"
    write(handle, f" {row.name.swapcase()} ", value)
    text = read(handle, row.name)
    assert text == ("0x00000002" if row.hexadecimal else value)
    assert text != format_text(row.default, row)


@pytest.mark.parametrize("name", ["", " ", "NoSuchSetting", "Hel lo", "Subject", "Version", "Ｈello"])
def test_unknown_name(handle: int, name: str):
    for text in (name, f"{name}=", f"{name}=value"):
        assert ssmtp_do_config(handle, text) == ""
        reason(handle, ErrorCode.UNKNOWN_SETTING)


def test_configuration_string_may_be_octets(handle: int):
    write(handle, "Hello", "gr\u00fcn.example.test")
    assert ssmtp_do_config(handle, b"Hello") == "gr\u00fcn.example.test"
    assert ssmtp_do_config(handle, "OpenSSLCADir=Größe".encode()) == ""
    assert read(handle, "OpenSSLCADir") == "Größe"


@pytest.mark.parametrize("argument", [["Hello"], object(), b"\xff", 1j])
def test_configuration_string_that_is_no_text(handle: int, argument: object):
    assert ssmtp_do_config(handle, argument) == ""
    reason(handle, ErrorCode.INVALID_VALUE)


def test_unknown_name_is_not_quoted_at_length(handle: int):
    ssmtp_do_config(handle, "x" * 10_000)
    assert len(reason(handle, ErrorCode.UNKNOWN_SETTING)) < 200


# -- values -----------------------------------------------------------------------------------------------------------


@each(TEXTS)
def test_value_begins_behind_the_first_equals_sign(handle: int, row: ConfigDef):
    write(handle, row.name, "=a = b= ")
    assert read(handle, row.name) == "=a = b= "


@each(TEXTS)
def test_equals_sign_alone_empties_a_text(handle: int, row: ConfigDef):
    write(handle, row.name, "")
    empty = read(handle, row.name)
    assert empty == (socket.gethostname() if row.name in ("Hello", "LocalHost") else "")
    write(handle, row.name, "something")
    assert read(handle, row.name) == "something"
    write(handle, row.name, "")
    assert read(handle, row.name) == empty


def test_charset_takes_character_sets_only(handle: int):
    for name in ("UTF-8", "ISO-8859-15", "windows-1252", "us-ascii", "Shift_JIS"):
        write(handle, "Charset", name)
        assert read(handle, "Charset") == name
    for name in ("no-such-set", "rot13", "hex", "idna", "undefined", "a\0b", "x" * 10_000):
        assert len(refuse(handle, "Charset", name)) < 200
    assert read(handle, "Charset") == "Shift_JIS"
    write(handle, "Charset", "")
    assert read(handle, "Charset") == ""


def test_dsn_return_takes_two_words_only(handle: int):
    for word in ("FULL", "hdrs"):
        write(handle, "DSNReturn", word)
        assert read(handle, "DSNReturn") == word
    assert "FULL, HDRS" in refuse(handle, "DSNReturn", "ALL")
    assert read(handle, "DSNReturn") == "hdrs"


@each([row for row in WRITABLE if row.single_line])
def test_single_line_refuses_every_control_character(handle: int, row: ConfigDef):
    before = read(handle, row.name)
    for control in [*map(chr, range(0x20)), "\x7f", "\x85", "\u2028", "\u2029"]:
        for value in (f"a{control}b", f"{control}ab", f"ab{control}"):
            assert not control.isprintable()
            text = refuse(handle, row.name, value)
            assert control not in text
    assert read(handle, row.name) == before


@each(BOOLEANS)
def test_booleans_in_all_spellings(handle: int, row: ConfigDef):
    spellings = {
        "True": ("True", "true", "TRUE", "1", "Yes", "yes", "on", " true "),
        "False": ("False", "false", "0", "No", "NO", "off", ""),
    }
    for shown, accepted in spellings.items():
        for spelling in accepted:
            write(handle, row.name, "False" if shown == "True" else "True")
            write(handle, row.name, spelling)
            assert read(handle, row.name) == shown


@each(BOOLEANS)
def test_what_is_no_boolean_is_refused(handle: int, row: ConfigDef):
    for value in ("2", "-1", "maybe", "Truee", "T", "0.0"):
        assert row.name in refuse(handle, row.name, value)
    assert read(handle, row.name) == str(row.default)


@each([row for row in NUMBERS if row.name != "CodePage"])
def test_numbers_decimal_and_hexadecimal(handle: int, row: ConfigDef):
    for text in ("443", "0x1BB", "0x000001bb", " 443 ", "+443"):
        write(handle, row.name, str(row.default))
        write(handle, row.name, text)
        assert read(handle, row.name) == ("0x000001BB" if row.hexadecimal else "443")


@each([row for row in NUMBERS if row.name != "CodePage"])
def test_numbers_within_the_bounds_and_no_others(handle: int, row: ConfigDef):
    for number in (row.minimum, row.maximum):
        write(handle, row.name, str(number))
        assert int(read(handle, row.name), 0) == number
    for number in (row.minimum - 1, row.maximum + 1, 10**19):
        text = refuse(handle, row.name, str(number))
        assert row.name in text
    assert int(read(handle, row.name), 0) == row.maximum


@each(NUMBERS + CHOICES)
def test_what_is_no_number_is_refused(handle: int, row: ConfigDef):
    for value in ("", " ", "abc", "1.5", "1e3", "0x", "9" * 25):
        assert row.name in refuse(handle, row.name, value)
    assert read(handle, row.name) == format_text(row.default, row)


def test_only_security_flags_read_in_hexadecimal(handle: int):
    write(handle, "SSLSecurityFlags", "2147483664")
    assert read(handle, "SSLSecurityFlags") == "0x80000010"
    write(handle, "SSLEnabledProtocols", "0xC00")
    assert read(handle, "SSLEnabledProtocols") == "3072"


def test_code_pages_that_python_knows(handle: int):
    for number in ("0", "1252", "65001", "0xFDE9", "28591", "932"):
        write(handle, "CodePage", number)
        assert read(handle, "CodePage") == str(int(number, 0))
    for number in ("1", "-1", "99999", "2147483648", "9" * 20):
        assert "CodePage" in refuse(handle, "CodePage", number)
    assert read(handle, "CodePage") == "932"


@each(CHOICES)
def test_choices_by_number_and_by_name_and_no_others(handle: int, row: ConfigDef):
    for number, name in row.choices:
        for value in (str(number), name, name.upper(), name.lower(), f" {name} "):
            write(handle, row.name, str(row.default))
            write(handle, row.name, value)
            assert read(handle, row.name) == str(number)
    kept = read(handle, row.name)
    numbers = {number for number, _ in row.choices}
    for other in {-1, *range(20)} - numbers:
        text = refuse(handle, row.name, str(other))
        assert all(name in text for _, name in row.choices)
    assert read(handle, row.name) == kept


def test_use_ipv6_takes_booleans(handle: int):
    for value, shown in {"true": "1", "No": "0", "Yes": "1", "False": "0"}.items():
        write(handle, "UseIPv6", "2")
        write(handle, "UseIPv6", value)
        assert read(handle, "UseIPv6") == shown


@each([row for row in ROWS if row.access is Access.READ_ONLY])
def test_read_only_setting_is_not_changed(handle: int, row: ConfigDef):
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    before = read(handle, row.name)
    assert ssmtp_do_config(handle, f"{row.name}=other") == ""
    assert row.name in reason(handle, ErrorCode.READ_ONLY)
    assert read(handle, row.name) == before


def test_these_settings_can_only_be_read():
    names = {row.name for row in ROWS if row.access is Access.READ_ONLY}
    assert names == {"BuildInfo", "LicenseInfo", "MessageHeadersString", "TransferText"}


@hypothesis_settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=60))
def test_no_configuration_string_raises(text: str):
    handle = ssmtp_open()
    try:
        for argument in (text, f"Hello={text}", f"Linger={text}", f"UseIPv6={text}", f"SSLSecurityFlags={text}"):
            assert isinstance(ssmtp_do_config(handle, argument), str)
    finally:
        ssmtp_close(handle)


# -- settings that are properties too ---------------------------------------------------------------------------------


@each(ALIASES)
def test_setting_reads_as_its_property(handle: int, row: ConfigDef):
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    values = {ValueType.TEXT: "X-A: b", ValueType.INT: "2", ValueType.BOOL: "True"}
    if row.access is Access.READ_WRITE:
        put(handle, row.alias_of, values[row.value_type])
    assert read(handle, row.name) == str(take(handle, row.alias_of))


@each([row for row in ALIASES if row.access is Access.READ_WRITE])
def test_property_reads_as_its_setting(handle: int, row: ConfigDef):
    value = {ValueType.TEXT: "X-A: b", ValueType.INT: 2, ValueType.BOOL: True}[row.value_type]
    write(handle, row.name, str(value))
    read_back = take(handle, row.alias_of)
    assert (read_back, type(read_back)) == (value, type(value))


def test_refused_setting_leaves_its_property_alone(handle: int):
    put(handle, P.FirewallPort, 8080)
    refuse(handle, "FirewallPort", "70000")
    refuse(handle, "ReturnPath", "a\rb")
    assert (take(handle, P.FirewallPort), ssmtp_get(handle, P.ReturnPath)) == (8080, "")


def test_firewall_type_sets_the_port_through_the_setting_too(handle: int):
    write(handle, "FirewallType", "fwSOCKS5")
    assert read(handle, "FirewallPort") == "1080"


def test_other_headers_through_the_setting_reach_the_header(handle: int):
    write(handle, "OtherHeaders", "X-Equation: a=b")
    assert "X-Equation: a=b\r\n" in read(handle, "MessageHeadersString")
