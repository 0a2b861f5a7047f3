"""What a property reads as on a fresh handle."""

from __future__ import annotations

import re
import socket

import pytest

from ssmtp_compat import ErrorCode, PropertyID, __version__, ssmtp_get, ssmtp_set
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import PropertyDef
from unit.interface.scripts import EMPTY, PYTHON_TYPES, each, put, reason, refused, take

P = PropertyID

# These follow from the library, the host, or the message, which has a date and an identifier from the beginning.
COMPUTED = {P.Version, P.LocalHost, P.MessageHeaderCount, P.MessageHeadersString}

SCALARS = [row for row in PROPERTIES.values() if row.indexed_by is None]
RECIPIENT_ARRAYS = [row for row in PROPERTIES.values() if row.indexed_by is P.MessageRecipientCount]


@each([row for row in SCALARS if row.id not in COMPUTED])
def test_scalar_reads_as_its_default(handle: int, row: PropertyDef):
    assert take(handle, row.id) == row.default


@each(SCALARS)
def test_scalar_has_the_type_of_its_row(handle: int, row: PropertyDef):
    assert type(take(handle, row.id)) is PYTHON_TYPES[row.value_type]


@each(SCALARS)
def test_id_may_be_a_bare_number_or_a_text(handle: int, row: PropertyDef):
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    expected = take(handle, row.id)
    assert take(handle, int(row.id)) == expected
    assert take(handle, str(int(row.id))) == expected


@each(RECIPIENT_ARRAYS)
def test_recipient_array_is_empty(handle: int, row: PropertyDef):
    assert ssmtp_get(handle, row.id, 0) == row.default
    assert "empty" in reason(handle, ErrorCode.INVALID_INDEX)


@each(RECIPIENT_ARRAYS)
def test_new_recipient_has_the_default(handle: int, row: PropertyDef):
    put(handle, P.MessageRecipientCount, 1)
    value = take(handle, row.id, 0)
    assert value == row.default
    assert type(value) is PYTHON_TYPES[row.value_type]


def test_version_names_this_library(handle: int):
    assert take(handle, P.Version) == f"ssmtp_compat {__version__}"


def test_local_host_is_the_name_of_the_host(handle: int):
    assert take(handle, P.LocalHost) == socket.gethostname()


def test_fresh_message_has_a_date_and_an_identifier(handle: int):
    assert take(handle, P.MessageHeaderCount) == 2
    assert [take(handle, P.MessageHeaderField, index) for index in (0, 1)] == ["Date", "Message-ID"]
    header = take(handle, P.MessageHeadersString)
    assert re.fullmatch(r"Date: [^\r\n]+\r\nMessage-ID: <[0-9a-f]{64}@localhost>\r\n", header)


UNKNOWN = [-1, 63, 2010, 2012, "", "Subject", None, True, 1.5, [], 10**5000]


@pytest.mark.parametrize("unknown", UNKNOWN, ids=lambda _: "")
def test_unknown_property(handle: int, unknown: object):
    assert ssmtp_get(handle, unknown) == ""
    reason(handle, ErrorCode.UNKNOWN_PROPERTY)
    refused(handle, ssmtp_set(handle, unknown, "x"), ErrorCode.UNKNOWN_PROPERTY)


@each([row for row in PROPERTIES.values() if row.id is not P.MessageHeaderCount])
def test_failing_get_returns_the_empty_value_of_the_type(handle: int, row: PropertyDef):
    value = ssmtp_get(handle, row.id, 7)
    assert (value, type(value)) == (EMPTY[row.value_type], PYTHON_TYPES[row.value_type])
    reason(handle, ErrorCode.INVALID_INDEX)
