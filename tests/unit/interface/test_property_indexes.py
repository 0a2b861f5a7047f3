"""Indexes: what a scalar and an array take, and the orders in which index and value may be given."""

from __future__ import annotations

import pytest

from ssmtp_compat import ErrorCode, PropertyID, ssmtp_get, ssmtp_set
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access, PropertyDef
from unit.interface.scripts import each, put, reason, refused, take

P = PropertyID

SCALARS = [row for row in PROPERTIES.values() if row.indexed_by is None]
ARRAYS = [row for row in PROPERTIES.values() if row.indexed_by is not None]
RECIPIENT_ARRAYS = [row for row in ARRAYS if row.indexed_by is P.MessageRecipientCount]
RECIPIENT_TEXTS = [row for row in RECIPIENT_ARRAYS if row.id is not P.MessageRecipientType]

OPTIONS = {P.MessageRecipientOptions: "NOTIFY=NEVER"}
"""Values of the array that does not take any text."""

NO_INDEX = ["", "x", "0.5", 0.5, float("nan"), [0], object(), b"\xff"]


@each(SCALARS)
def test_scalar_refuses_an_index(handle: int, row: PropertyDef):
    before = take(handle, P.Subject)
    for index in (1, -1, "1", 10**5000, *NO_INDEX):
        assert not ssmtp_get(handle, row.id, index)
        reason(handle, ErrorCode.INVALID_INDEX)
        if row.access is not Access.READ_ONLY:
            refused(handle, ssmtp_set(handle, row.id, index, row.default), ErrorCode.INVALID_INDEX)
    assert take(handle, P.Subject) == before


@pytest.mark.parametrize("index", [0, None, "0", 0.0, False])
def test_scalar_takes_an_index_that_is_zero_or_none(handle: int, index: object):
    put(handle, P.Subject, index, "first")
    assert take(handle, P.Subject, index) == "first"
    put(handle, P.Subject, "second", index=index)
    assert take(handle, P.Subject) == "second"


def test_scalar_with_value_first_is_refused_without_showing_the_value(handle: int):
    text = refused(handle, ssmtp_set(handle, P.Password, "hunter2", 0), ErrorCode.INVALID_INDEX)
    assert "hunter2" not in text
    assert take(handle, P.Password) == ""


@each(ARRAYS)
def test_index_out_of_range(handle: int, row: PropertyDef):
    put(handle, P.MessageRecipientCount, 2)
    assert take(handle, row.indexed_by) == 2
    for index in (-1, 2, 2**31, 10**5000, *NO_INDEX):
        assert not ssmtp_get(handle, row.id, index)
        text = reason(handle, ErrorCode.INVALID_INDEX)
        if isinstance(index, int):
            assert "0 to 1" in text


@each(RECIPIENT_ARRAYS)
def test_set_with_an_index_out_of_range_changes_nothing(handle: int, row: PropertyDef):
    put(handle, P.MessageRecipientCount, 2)
    for index in (-1, 2, 2**31, "x", 0.5):
        refused(handle, ssmtp_set(handle, row.id, index, row.default), ErrorCode.INVALID_INDEX)
    assert take(handle, P.MessageRecipientCount) == 2


@each(RECIPIENT_ARRAYS)
def test_index_left_out_is_zero(handle: int, row: PropertyDef):
    put(handle, P.MessageRecipientCount, 2)
    put(handle, row.id, OPTIONS.get(row.id, "2"))
    assert take(handle, row.id) == ssmtp_get(handle, row.id, 0)
    assert take(handle, row.id) != take(handle, row.id, 1)


@each(RECIPIENT_TEXTS)
def test_orders_of_index_and_value(handle: int, row: PropertyDef):
    one = OPTIONS.get(row.id, "one")
    orders = [
        ((1, one), {}),
        ((one, 1), {}),
        (("1", one), {}),
        ((one,), {"index": 1}),
        ((1,), {"value": one}),
        ((), {"value": one, "index": 1}),
    ]
    put(handle, P.MessageRecipientCount, 2)
    for positional, keywords in orders:
        put(handle, row.id, 1, "")
        put(handle, row.id, *positional, **keywords)
        assert (take(handle, row.id, 0), take(handle, row.id, 1)) == ("", one)


@each([row for row in RECIPIENT_TEXTS if row.id not in OPTIONS])
def test_value_first_is_recognised_for_a_text_of_digits_too(handle: int, row: PropertyDef):
    put(handle, P.MessageRecipientCount, 2)
    put(handle, row.id, "0", 1)
    assert (take(handle, row.id, 0), take(handle, row.id, 1)) == ("", "0")


def test_recipient_type_is_always_index_first(handle: int):
    put(handle, P.MessageRecipientCount, 3)
    put(handle, P.MessageRecipientType, 2, 1)
    put(handle, P.MessageRecipientType, "1", 2)
    assert [take(handle, P.MessageRecipientType, index) for index in range(3)] == [0, 2, 1]


@pytest.mark.parametrize(
    ("positional", "keywords"),
    [
        ((), {}),
        ((0, "x", "y"), {}),
        ((0, "x"), {"index": 0}),
        ((0, "x"), {"value": "x"}),
        (("x",), {"value": "x", "index": 0}),
        ((), {"index": 0}),
        (("x",), {"position": 0}),
    ],
)
def test_wrong_number_of_arguments_is_a_type_error(handle: int, positional: tuple, keywords: dict):
    with pytest.raises(TypeError):
        ssmtp_set(handle, P.Subject, *positional, **keywords)
    assert take(handle, P.Subject) == ""
