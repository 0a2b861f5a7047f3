"""Dates of header fields (RFC 5322 3.3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ..catalog.errors import ErrorCode
from ..errors import InvalidValueError

__all__ = ["format_date"]

# strftime's names follow the locale; RFC 5322's are English.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_date(moment: datetime) -> str:
    """Return ``moment`` as in "Mon, 23 Nov 2026 15:46:00 +0000". Raises :class:`InvalidValueError` without a zone."""
    offset = moment.utcoffset()
    if offset is None:
        raise InvalidValueError(ErrorCode.INVALID_VALUE, "A date without a time zone cannot be written.")
    minutes = abs(offset) // timedelta(minutes=1)
    zone = f"{'-' if offset < timedelta(0) and minutes else '+'}{minutes // 60:02d}{minutes % 60:02d}"
    return (
        f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year:04d} "
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} {zone}"
    )
