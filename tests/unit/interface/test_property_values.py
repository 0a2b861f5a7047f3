"""A valid value reads back as it was set; one that cannot be converted is refused and the old one stays."""

from __future__ import annotations

import socket
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat import (
    ErrorCode,
    PropertyID,
    ssmtp_close,
    ssmtp_get,
    ssmtp_get_last_error,
    ssmtp_open,
    ssmtp_set,
)
from ssmtp_compat.catalog.schema import PropertyDef, ValueType
from unit.interface.scripts import WRITABLE, each, put, refused, take, with_room

P = PropertyID

# Setting these does something else, or takes text of a certain form only; they have tests of their own.
CERTIFICATES = {P.CertEncoded, P.CertSubject, P.SSLCertEncoded, P.SSLCertSubject}
ADDRESSES = {P.SendTo, P.Cc, P.BCc, P.MessageRecipientAddress}
OPTIONS = {P.MessageRecipientOptions}
CONNECTED = {P.Connected}

STORED = [row for row in WRITABLE if row.id not in CERTIFICATES | CONNECTED]

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
ONE_LINE = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]))
MAILBOX = st.from_regex(r"[a-z0-9]{1,12}@[a-z]{1,12}\.test", fullmatch=True)


def valid_text(row: PropertyDef) -> str:
    return "NOTIFY=SUCCESS" if row.id in OPTIONS else "alice@example.test"


def values(row: PropertyDef) -> st.SearchStrategy[str | int | bool | bytes]:
    if row.id in ADDRESSES:
        return MAILBOX
    if row.id in OPTIONS:
        return st.sampled_from(["", "NOTIFY NEVER", "notify=delay,success ORCPT=rfc822;bob@example.test"])
    if row.choices is not None:
        return st.sampled_from([int(choice) for choice in row.choices])
    if row.id is P.MessageRecipientCount:
        return st.integers(0, 1000)
    if row.value_type is ValueType.INT:
        return st.integers(row.minimum, row.maximum)
    if row.value_type is ValueType.BOOL:
        return st.booleans()
    if row.value_type is ValueType.BINARY:
        return st.binary()
    if row.id is P.LocalHost:
        return ONE_LINE.filter(bool)  # empty reads as the name of the host
    return ONE_LINE if row.single_line else ANY_TEXT


@each(STORED)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_value_reads_back_as_it_was_set(row: PropertyDef, data: st.DataObject):
    handle = ssmtp_open()
    try:
        with_room(handle, row)
        for value in data.draw(st.lists(values(row), min_size=1, max_size=3)):
            put(handle, row.id, value, index=0)
            read = take(handle, row.id)
            assert (read, type(read)) == (value, type(value))
    finally:
        ssmtp_close(handle)


@each([row for row in STORED if row.value_type is ValueType.BINARY])
def test_text_for_a_binary_property_is_utf_8(handle: int, row: PropertyDef):
    put(handle, row.id, "Größe")
    assert take(handle, row.id) == "Größe".encode()


@each([row for row in STORED if row.value_type is ValueType.TEXT and row.id not in ADDRESSES | OPTIONS])
def test_text_may_be_given_as_octets_or_as_a_number(handle: int, row: PropertyDef):
    with_room(handle, row)
    for value, text in (("Größe".encode(), "Größe"), (25, "25"), (1.5, "1.5"), (True, "1")):
        put(handle, row.id, value, index=0)
        assert take(handle, row.id) == text


@each([row for row in STORED if row.value_type in (ValueType.TEXT, ValueType.BINARY)])
def test_none_is_the_empty_value(handle: int, row: PropertyDef):
    with_room(handle, row)
    put(handle, row.id, "", index=0)
    unset = take(handle, row.id)
    assert unset in ("", b"", socket.gethostname())
    put(handle, row.id, valid_text(row), index=0)
    assert take(handle, row.id) != unset
    put(handle, row.id, None, index=0)
    assert take(handle, row.id) == unset


@each([row for row in STORED if row.value_type is ValueType.BOOL])
def test_booleans_in_all_spellings(handle: int, row: PropertyDef):
    for truth, spellings in {
        True: (True, 1, 1.0, "1", "true", "True", "TRUE", "yes", "On", b"true"),
        False: (False, 0, 0.0, "0", "false", "No", "off", "", None, b"false"),
    }.items():
        for spelling in spellings:
            put(handle, row.id, not truth)
            put(handle, row.id, spelling)
            assert take(handle, row.id) is truth


@each([row for row in STORED if row.value_type is ValueType.INT and row.choices is None])
def test_numbers_in_all_spellings(handle: int, row: PropertyDef):
    for spelling in (443, "443", " 443 ", "0x1bb", "+443", 443.0, b"443"):
        put(handle, row.id, row.default)
        put(handle, row.id, spelling)
        assert take(handle, row.id) == 443


BAD = {
    ValueType.TEXT: (["a"], {}, object(), 1j, b"\xff", "half \ud83d", 10**5000),
    ValueType.BINARY: (["a"], {}, object(), 1j, "half \ud83d"),
    ValueType.INT: ("", "abc", "1.5", "1e3", 1.5, float("nan"), float("inf"), [25], object(), b"\xff"),
    ValueType.BOOL: (2, -1, "maybe", "2", 0.5, [True], object(), b"\xff"),
}


@each([row for row in WRITABLE if row.id not in CERTIFICATES])
def test_value_of_a_wrong_type_is_refused_and_the_old_one_stays(handle: int, row: PropertyDef):
    with_room(handle, row)
    if row.value_type in (ValueType.TEXT, ValueType.BINARY):
        put(handle, row.id, valid_text(row), index=0)
    before = take(handle, row.id)
    for value in BAD[row.value_type]:
        text = refused(handle, ssmtp_set(handle, row.id, value, index=0), ErrorCode.INVALID_VALUE)
        assert row.name in text
        assert take(handle, row.id) == before


CONTROLS = [*map(chr, range(0x20)), "\x7f", "\x85", "\u2028", "\u2029"]


@each([row for row in WRITABLE if row.single_line])
def test_single_line_refuses_every_control_character(handle: int, row: PropertyDef):
    with_room(handle, row)
    put(handle, row.id, valid_text(row), index=0)
    for control in CONTROLS:
        valid = valid_text(row)
        for value in (f"{valid[:5]}{control}{valid[5:]}", f"{control}{valid}", f"{valid}{control}"):
            outcome = ssmtp_set(handle, row.id, value, index=0)
            text = refused(handle, outcome, ErrorCode.INVALID_VALUE)
            assert row.name in text
            assert not set(text) & set(CONTROLS)
    assert take(handle, row.id) == valid_text(row)


@each([row for row in STORED if row.value_type is ValueType.TEXT and not row.single_line])
def test_other_texts_may_have_several_lines(handle: int, row: PropertyDef):
    put(handle, row.id, "one\r\n\ttwo\x7f")
    assert take(handle, row.id) == "one\r\n\ttwo\x7f"


class Address(str, Enum):  # noqa: UP042  the form whose text is the name of the member
    FIRST = "a@b.example"


def test_an_enumeration_of_texts_is_its_value(handle: int):
    assert ssmtp_set(handle, PropertyID.SendTo, Address.FIRST) == 0
    assert ssmtp_get(handle, PropertyID.SendTo) == "a@b.example"
    assert ssmtp_set(handle, PropertyID.MailServer, Address.FIRST) == 0
    assert type(ssmtp_get(handle, PropertyID.MailServer)) is str


@pytest.mark.parametrize("word", ["no", "false", "yes", "true"])
def test_an_enumerated_property_takes_no_boolean_word(handle: int, word: str):
    assert ssmtp_set(handle, PropertyID.SSLStartMode, word) == 20005
    assert ssmtp_get(handle, PropertyID.SSLStartMode) == 3


def test_a_name_that_no_header_can_carry_is_refused_when_it_is_set(handle: int):
    assert ssmtp_set(handle, PropertyID.MessageRecipientCount, 1) == 0
    assert ssmtp_set(handle, PropertyID.MessageRecipientName, 0, "x\x9by") == 20012
    assert ssmtp_get(handle, PropertyID.MessageRecipientName, 0) == ""


def test_a_password_in_the_place_of_the_index_is_not_shown(handle: int):
    assert ssmtp_set(handle, PropertyID.Password, "1234567", 0) == 20004
    assert "1234567" not in ssmtp_get_last_error(handle)
