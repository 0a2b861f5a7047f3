"""The numbers that a property takes: all from its minimum to its maximum, or exactly its choices."""

from __future__ import annotations

from ssmtp_compat import ErrorCode, PropertyID, ssmtp_set
from ssmtp_compat.catalog.schema import PropertyDef, ValueType
from unit.interface.scripts import WRITABLE, each, put, refused, take, with_room

P = PropertyID

CHOICES = [row for row in WRITABLE if row.choices is not None]
NUMBERS = [row for row in WRITABLE if row.value_type is ValueType.INT and row.choices is None]


@each(NUMBERS)
def test_numbers_within_the_bounds_are_taken(handle: int, row: PropertyDef):
    for number in (row.minimum, row.maximum):
        put(handle, row.id, number)
        assert take(handle, row.id) == number


@each([row for row in NUMBERS if row.id is not P.MailPort])
def test_number_below_the_minimum_is_refused(handle: int, row: PropertyDef):
    text = refused(handle, ssmtp_set(handle, row.id, row.minimum - 1), ErrorCode.INVALID_VALUE)
    assert row.name in text
    assert f"{row.minimum} to {row.maximum}" in text
    assert take(handle, row.id) == row.default


@each(NUMBERS)
def test_number_above_the_maximum_is_refused(handle: int, row: PropertyDef):
    for number in (row.maximum + 1, 2**63, 10**5000):
        refused(handle, ssmtp_set(handle, row.id, number), ErrorCode.INVALID_VALUE)
    assert take(handle, row.id) == row.default


def test_mail_port_zero_has_a_code_of_its_own(handle: int):
    refused(handle, ssmtp_set(handle, P.MailPort, 0), ErrorCode.ZERO_PORT)
    refused(handle, ssmtp_set(handle, P.MailPort, -1), ErrorCode.INVALID_VALUE)
    assert take(handle, P.MailPort) == 25


@each(CHOICES)
def test_every_choice_is_taken_by_number_and_by_name(handle: int, row: PropertyDef):
    with_room(handle, row)
    for choice in row.choices:
        for value in (choice, int(choice), str(int(choice)), choice.name, choice.name.upper()):
            put(handle, row.id, row.default, index=0)
            put(handle, row.id, value, index=0)
            read = take(handle, row.id)
            assert (read, type(read)) == (int(choice), int)


@each(CHOICES)
def test_other_numbers_are_refused_with_a_list_of_the_choices(handle: int, row: PropertyDef):
    with_room(handle, row)
    numbers = {int(choice) for choice in row.choices}
    kept = max(numbers)
    put(handle, row.id, kept, index=0)
    for number in ({-1, *range(100), 2**31, 10**5000} - numbers) | {"no such name"}:
        text = refused(handle, ssmtp_set(handle, row.id, number, index=0), ErrorCode.INVALID_VALUE)
        assert row.name in text
    assert all(choice.name in text for choice in row.choices)
    assert take(handle, row.id) == kept
