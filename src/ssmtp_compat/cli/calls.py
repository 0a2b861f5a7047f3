"""Calls of the procedural interface whose failure is a fault of what the user gave, and ends the command."""

from __future__ import annotations

from .. import PropertyID, ssmtp_do_config, ssmtp_get_last_error, ssmtp_get_last_error_code, ssmtp_set
from .outcomes import CommandError, Exit

__all__ = ["check", "configure", "set_value"]


def set_value(handle: int, property_id: PropertyID, value: object, option: str) -> None:
    """Set a property to what ``option`` says. Raises :class:`CommandError` naming it."""
    check(handle, ssmtp_set(handle, property_id, value), option)


def configure(handle: int, assignment: str, option: str) -> None:
    """Make a setting what ``option`` says. Raises :class:`CommandError` naming it."""
    ssmtp_do_config(handle, assignment)
    check(handle, ssmtp_get_last_error_code(handle), option)


def check(handle: int, code: int, option: str) -> None:
    """Raise :class:`CommandError` naming ``option`` for what the last call returned, unless that is 0."""
    if code:
        raise CommandError(code, f"{option}: {ssmtp_get_last_error(handle)}", Exit.BAD_DATA)
