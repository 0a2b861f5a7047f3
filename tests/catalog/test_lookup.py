"""Rows are found by number and by name, as forgivingly as PHP scripts expect."""

from __future__ import annotations

import pytest

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.enums import EventID, PropertyID
from ssmtp_compat.catalog.events import EVENTS
from ssmtp_compat.catalog.lookup import (
    event_by_id,
    method_by_function,
    property_by_id,
    property_by_name,
    setting_by_name,
    unsupported_rows,
)
from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import Support


@pytest.mark.parametrize("number", [60, PropertyID.Subject, "60", " 60 ", 60.0, "0x3C", b"60"])
def test_property_is_found_by_number(number: object):
    assert property_by_id(number) is PROPERTIES[PropertyID.Subject]


def test_version_and_licence_are_found():
    assert property_by_id(0) is PROPERTIES[PropertyID.Version]
    assert property_by_id(2011) is PROPERTIES[PropertyID.RuntimeLicense]


@pytest.mark.parametrize(
    "number", [-1, 63, 2010, 2**70, 60.5, float("nan"), "Subject", "", None, True, False, [60], {}]
)
def test_no_property_has_this_number(number: object):
    assert property_by_id(number) is None


@pytest.mark.parametrize("name", ["Subject", "subject", "SUBJECT"])
def test_property_is_found_by_name(name: str):
    assert property_by_name(name) is PROPERTIES[PropertyID.Subject]


@pytest.mark.parametrize("name", ["", "Subjects", " Subject", "60"])
def test_no_property_has_this_name(name: str):
    assert property_by_name(name) is None


@pytest.mark.parametrize("text", ["UseIPv6", "useipv6", "USEIPV6", "  UseIPv6\t"])
def test_setting_is_found_by_name(text: str):
    assert setting_by_name(text) is SETTINGS["useipv6"]


@pytest.mark.parametrize("text", ["", "Use IPv6", "UseIPv6=1", "Subject"])
def test_no_setting_has_this_name(text: str):
    assert setting_by_name(text) is None


def test_method_is_found_by_function():
    assert method_by_function("do_send") is METHODS["do_send"]
    assert method_by_function("Send") is None


@pytest.mark.parametrize("number", [9, EventID.Transfer, "9", 9.0])
def test_event_is_found_by_number(number: object):
    assert event_by_id(number) is EVENTS[EventID.Transfer]


@pytest.mark.parametrize("number", [0, 10, -1, "Transfer", None, True, [9]])
def test_no_event_has_this_number(number: object):
    assert event_by_id(number) is None


def test_unsupported_rows_are_all_there_once():
    listed = [row for group in unsupported_rows().values() for row in group]
    rows = (*PROPERTIES.values(), *SETTINGS.values(), *METHODS.values())
    assert len(listed) == sum(row.support is not Support.FULL for row in rows)
    assert all(row.support is not Support.FULL for row in listed)


def test_unsupported_rows_are_grouped_by_the_missing_feature():
    groups = unsupported_rows()
    assert all(row.support_note == note for note, group in groups.items() for row in group)
