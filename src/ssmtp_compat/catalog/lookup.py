"""Finding rows by what a caller has in hand: a number, or a name in any spelling of its case."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .config import SETTINGS
from .events import EVENTS
from .methods import METHODS
from .properties import PROPERTIES
from .schema import ConfigDef, EventDef, MethodDef, PropertyDef, Support
from .values import to_int

__all__ = [
    "event_by_id",
    "method_by_function",
    "property_by_id",
    "property_by_name",
    "setting_by_name",
    "unsupported_rows",
]

_PROPERTIES_BY_NUMBER: Final[Mapping[int, PropertyDef]] = MappingProxyType(
    {int(number): row for number, row in PROPERTIES.items()}
)
_PROPERTIES_BY_NAME: Final[Mapping[str, PropertyDef]] = MappingProxyType(
    {row.name.lower(): row for row in PROPERTIES.values()}
)
_EVENTS_BY_NUMBER: Final[Mapping[int, EventDef]] = MappingProxyType(
    {int(number): row for number, row in EVENTS.items()}
)


def _number(id: object) -> int | None:
    # None and booleans would convert to 0 and 1, which are the ids of properties; as an id they are a mistake.
    if id is None or isinstance(id, bool):
        return None
    try:
        return to_int(id)
    except ValueError:
        return None


def property_by_id(id: object) -> PropertyDef | None:
    """The property with this number, which may also be given as text; None when there is none."""
    number = _number(id)
    return None if number is None else _PROPERTIES_BY_NUMBER.get(number)


def property_by_name(name: str) -> PropertyDef | None:
    """The property of this name, in any case; None when there is none."""
    return _PROPERTIES_BY_NAME.get(name.lower())


def setting_by_name(text: str) -> ConfigDef | None:
    """The configuration setting of this name, in any case and with blanks around it; None when there is none."""
    return SETTINGS.get(text.strip().lower())


def method_by_function(function: str) -> MethodDef | None:
    """The method behind a function name without its prefix, such as ``do_send``; None when there is none."""
    return METHODS.get(function)


def event_by_id(id: object) -> EventDef | None:
    """The event with this number, which may also be given as text; None when there is none."""
    number = _number(id)
    return None if number is None else _EVENTS_BY_NUMBER.get(number)


def unsupported_rows() -> Mapping[str, tuple[PropertyDef | ConfigDef | MethodDef, ...]]:
    """The rows that this version carries out in part or not at all, by the feature that is missing."""
    rows: tuple[PropertyDef | ConfigDef | MethodDef, ...] = (
        *PROPERTIES.values(),
        *SETTINGS.values(),
        *METHODS.values(),
    )
    groups: dict[str, list[PropertyDef | ConfigDef | MethodDef]] = {}
    for row in rows:
        if row.support is not Support.FULL:
            groups.setdefault(row.support_note, []).append(row)
    return MappingProxyType({note: tuple(group) for note, group in groups.items()})
