"""Properties that can only be read, and the one that can only be written."""

from __future__ import annotations

from ssmtp_compat import ErrorCode, PropertyID, ssmtp_set
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Access, PropertyDef
from unit.interface.scripts import each, put, refused, take

P = PropertyID

READ_ONLY = [row for row in PROPERTIES.values() if row.access is Access.READ_ONLY]
WRITE_ONLY = [row for row in PROPERTIES.values() if row.access is Access.WRITE_ONLY]


@each(READ_ONLY)
def test_read_only_property_is_not_changed(handle: int, row: PropertyDef):
    put(handle, P.MessageDate, "Thu, 01 Jan 2026 00:00:00 +0000")
    before = take(handle, row.id)
    text = refused(handle, ssmtp_set(handle, row.id, row.default), ErrorCode.READ_ONLY)
    assert row.name in text
    refused(handle, ssmtp_set(handle, row.id, 0, "other"), ErrorCode.READ_ONLY)
    assert take(handle, row.id) == before


@each(WRITE_ONLY)
def test_write_only_property_reads_as_empty(handle: int, row: PropertyDef):
    ssmtp_set(handle, row.id, "NOOP")
    assert take(handle, row.id) == ""


def test_these_properties_can_only_be_read_or_written():
    assert {row.name for row in READ_ONLY} == {
        "Version",
        "Idle",
        "LastReply",
        "MessageHeaderCount",
        "MessageHeaderField",
        "MessageHeaderValue",
        "MessageHeadersString",
        "SSLServerCertEncoded",
    }
    assert [row.name for row in WRITE_ONLY] == ["Command"]


def test_command_needs_a_session(handle: int):
    refused(handle, ssmtp_set(handle, P.Command, "NOOP"), ErrorCode.NOT_CONNECTED)
