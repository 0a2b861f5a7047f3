"""Refusing what this version does not carry out, in the words of the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from ...catalog.errors import ErrorCode
from ...catalog.schema import ConfigDef, MethodDef, PropertyDef, Support
from ...errors import UnsupportedError
from ..store import Settings


def refuse_unsupported(settings: Settings, rows: Iterable[PropertyDef | ConfigDef]) -> None:
    """Refuse the first of ``rows`` that has a value and that this version does not carry out."""
    for row in rows:
        if row.support is Support.NONE and settings.is_set(row):
            refuse(row, f"{row.name} is set.")


def refuse(row: PropertyDef | ConfigDef | MethodDef, detail: str = "") -> NoReturn:
    """Refuse what this version does not carry out, in the words of the catalog."""
    raise UnsupportedError(
        ErrorCode.NOT_SUPPORTED, " ".join(filter(None, (detail, f"This version lacks {row.support_note}.")))
    )
