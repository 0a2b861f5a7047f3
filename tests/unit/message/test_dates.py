"""Dates in header fields."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.dates import format_date


def test_utc():
    assert format_date(datetime(2026, 11, 23, 15, 46, tzinfo=UTC)) == "Mon, 23 Nov 2026 15:46:00 +0000"


@pytest.mark.parametrize(
    ("offset", "zone"),
    [
        (timedelta(hours=2), "+0200"),
        (timedelta(hours=-3, minutes=-30), "-0330"),
        (timedelta(hours=5, minutes=45), "+0545"),
        (timedelta(minutes=-1, seconds=-59), "-0001"),
        (timedelta(seconds=-30), "+0000"),
    ],
)
def test_zones(offset, zone):
    assert format_date(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(offset))) == f"Fri, 02 Jan 2026 03:04:05 {zone}"


def test_a_date_without_zone_is_refused():
    with pytest.raises(InvalidValueError, match="time zone"):
        format_date(datetime(2026, 1, 2))


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.timezones()))
def test_every_date_reads_back(moment):
    read = parsedate_to_datetime(format_date(moment))
    assert read.replace(tzinfo=None) == moment.replace(microsecond=0, tzinfo=None)
