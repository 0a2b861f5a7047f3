"""The values of one client: conversion, access, index, bounds and defaults, as the catalog's rows say.

Values that follow from the client's state (Connected, LastReply, ...) or that do something when set (CertSubject, ...)
are attached by the client with :meth:`Settings.attach`; every check still happens here, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, cast

from ..catalog.config import SETTINGS
from ..catalog.enums import PropertyID, RecipientTypes
from ..catalog.errors import ErrorCode
from ..catalog.properties import PROPERTIES
from ..catalog.schema import Access, ConfigDef, PropertyDef, ValueType, WritableWhen
from ..catalog.values import check_single_line, convert, format_text, shown, to_choice
from ..errors import InvalidValueError, SSMTPError
from ..message.addresses import Mailbox, parse_mailbox
from ..message.domains import ascii_host
from ..message.encoded_words import check_charset
from ..smtp.dsn import check_envelope_id, check_ret, parse_recipient_options
from .code_pages import codec_of
from .recipients import TYPE_OF, Recipients

__all__ = ["Settings"]

Value = str | int | bool | bytes


@dataclass(frozen=True, slots=True)
class _Attachment:
    read: Callable[[int], Value] | None
    write: Callable[[Value, int], None] | None


def _check_charset(value: Value) -> None:
    if value:
        check_charset(str(value))


def _check_code_page(value: Value) -> None:
    codec_of(int(value))


def _check_port(value: Value) -> None:
    if value == 0:
        raise InvalidValueError(ErrorCode.ZERO_PORT)  # the documented code for this one value


# Checks that a row's bounds cannot express.
_EXTRA_CHECKS: Final[dict[str, Callable[[Value], object]]] = {
    "Charset": _check_charset,
    "CodePage": _check_code_page,
    "DSNEnvelopeId": lambda value: check_envelope_id(str(value), "DSNEnvelopeId"),
    "DSNReturn": lambda value: check_ret(str(value), "DSNReturn"),
    "Hello": lambda value: ascii_host(str(value).strip(), "Hello"),
    "MailPort": _check_port,
}

# Ready for the look-ups that every message makes by the dozen.
_PROPERTY_DEFAULTS: Final[dict[PropertyID, Any]] = {property_id: row.default for property_id, row in PROPERTIES.items()}
_SETTING_DEFAULTS: Final[dict[str, Any]] = {row.name: row.default for row in SETTINGS.values()}

_BOOLEAN_WORDS: Final = frozenset({"true", "false", "yes", "no"})

_ARRAYS: Final = {
    PropertyID.MessageRecipientAddress: "address",
    PropertyID.MessageRecipientName: "name",
    PropertyID.MessageRecipientOptions: "options",
    PropertyID.MessageRecipientType: "type",
}


def _convert(row: PropertyDef | ConfigDef, value: object) -> Value:
    quote = not row.secret
    if not row.choices:
        return convert(value, row.value_type, quote=quote)
    # A property's choices are an enumeration, a setting's are pairs of number and name.
    pairs = [(int(choice), choice.name) if isinstance(choice, IntEnum) else choice for choice in row.choices]
    if isinstance(row, ConfigDef) and isinstance(value, str) and value.strip().lower() in _BOOLEAN_WORDS:
        # Some settings were booleans before they got a third value.
        value = convert(value, ValueType.BOOL)
    return to_choice(value, pairs, quote=quote)


class Settings:
    """Property values and configuration settings of one client."""

    def __init__(self, connected: Callable[[], bool]) -> None:
        self.recipients = Recipients()
        self.lock = threading.RLock()
        """Held while values that belong together are read or written; never while anything waits for the network."""
        self._connected = connected
        self._properties: dict[PropertyID, Any] = {}
        self._settings: dict[str, Any] = {}
        self._attached: dict[PropertyID | str, _Attachment] = {}

    def attach(
        self,
        key: PropertyID | str,
        *,
        read: Callable[[int], Value] | None = None,
        write: Callable[[Value, int], None] | None = None,
    ) -> None:
        """Compute a value instead of storing it, or act on it after it passed every check.

        ``key`` is a property id or a setting's name. ``write`` raises to refuse the value; what is to be read back it
        stores itself with :meth:`put`.
        """
        self._attached[key] = _Attachment(read, write)

    # -- properties ---------------------------------------------------------------------------------------------------

    def get(self, row: PropertyDef, index: int | None = None) -> Value:
        """The value of a property; for an array, of one entry.

        Raises :class:`InvalidValueError` with ``INVALID_INDEX`` for an index out of range.
        """
        property_id = PropertyID(row.id)
        with self.lock:
            position = self._check_index(row, index)
            if property_id in _ARRAYS:
                value = cast(Value, getattr(self.recipients.entries[position], _ARRAYS[property_id]))
                return int(value) if isinstance(value, int) else value
            if property_id in TYPE_OF:
                return self.recipients.get_text(property_id)
            if property_id is PropertyID.MessageRecipientCount:
                return len(self.recipients.entries)
        # Not under the lock, as below: what is attached may run a method, for which nobody else should wait.
        attached = self._attached.get(property_id)
        if attached is not None and attached.read is not None:
            return attached.read(position)
        return self.stored(property_id)

    def set(self, row: PropertyDef, value: object, index: int | None = None) -> None:
        """Set a property; whatever is wrong raises and leaves the old value in place."""
        self._check_access(row, row.name)
        property_id = PropertyID(row.id)
        with self.lock:
            position = self._check_index(row, index)
            checked = self._check_value(row, row.name, value)
            if property_id in _ARRAYS:
                self._set_array(property_id, position, checked)
                return
            if property_id in TYPE_OF:
                self.recipients.set_text(property_id, str(checked))
                return
            if property_id is PropertyID.MessageRecipientCount:
                self.recipients.resize(int(checked))
                return
        attached = self._attached.get(property_id)
        if attached is not None and attached.write is not None:
            attached.write(checked, position)
        else:
            self._properties[property_id] = checked

    def stored(self, property_id: PropertyID) -> Value:
        """The value that was set, or the default, whatever is attached."""
        value: Value = self._properties.get(property_id, _PROPERTY_DEFAULTS[property_id])
        return value

    def put(self, property_id: PropertyID, value: Value) -> None:
        """Store a value past all checks."""
        self._properties[property_id] = value

    # The same by type; each value has been converted to the type of its row before it was stored.

    def text(self, property_id: PropertyID) -> str:
        value: str = self._properties.get(property_id, _PROPERTY_DEFAULTS[property_id])
        return value

    def number(self, property_id: PropertyID) -> int:
        value: int = self._properties.get(property_id, _PROPERTY_DEFAULTS[property_id])
        return value

    def flag(self, property_id: PropertyID) -> bool:
        value: bool = self._properties.get(property_id, _PROPERTY_DEFAULTS[property_id])
        return value

    def binary(self, property_id: PropertyID) -> bytes:
        value: bytes = self._properties.get(property_id, _PROPERTY_DEFAULTS[property_id])
        return value

    # -- configuration settings ---------------------------------------------------------------------------------------

    def get_setting(self, row: ConfigDef) -> str:
        """A setting as the text that Config returns."""
        if row.alias_of is not None:
            value = cast(str | int | bool, self.get(PROPERTIES[PropertyID(row.alias_of)]))
        else:
            attached = self._attached.get(row.name)
            read = attached.read if attached is not None else None
            value = cast(str | int | bool, read(0) if read is not None else self.setting(row.name))
        return format_text(value, row)

    def set_setting(self, row: ConfigDef, value: object) -> None:
        """Set a setting from Config's text."""
        self._check_access(row, row.name)
        if row.alias_of is not None:
            self.set(PROPERTIES[PropertyID(row.alias_of)], value)
            return
        self._settings[row.name] = self._check_value(row, row.name, value)

    def setting(self, name: str) -> Value:
        """The stored value of a setting by its exact name, or its default."""
        value: Value = self._settings.get(name, _SETTING_DEFAULTS[name])
        return value

    def setting_text(self, name: str) -> str:
        value: str = self._settings.get(name, _SETTING_DEFAULTS[name])
        return value

    def setting_number(self, name: str) -> int:
        value: int = self._settings.get(name, _SETTING_DEFAULTS[name])
        return value

    def setting_flag(self, name: str) -> bool:
        value: bool = self._settings.get(name, _SETTING_DEFAULTS[name])
        return value

    def is_set(self, row: PropertyDef | ConfigDef) -> bool:
        """Whether a row holds another value than its default."""
        value = self.setting(row.name) if isinstance(row, ConfigDef) else self.stored(PropertyID(row.id))
        return value != row.default

    # -- back to the defaults -----------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Put every value back to its default but the runtime licence."""
        licence = self.stored(PropertyID.RuntimeLicense)
        self._properties = {PropertyID.RuntimeLicense: licence}
        self._settings = {}
        self.recipients = Recipients()

    def reset_headers(self) -> None:
        """Put the message's header properties back to their defaults and drop all recipients."""
        for property_id, row in PROPERTIES.items():
            if row.header:
                self._properties.pop(property_id, None)
        self.recipients = Recipients()

    # -- checks -------------------------------------------------------------------------------------------------------

    def _check_access(self, row: PropertyDef | ConfigDef, name: str) -> None:
        if row.access is Access.READ_ONLY:
            raise InvalidValueError(ErrorCode.READ_ONLY, f"{name} can only be read.")
        if row.writable_when is WritableWhen.DISCONNECTED and self._connected():
            raise SSMTPError(ErrorCode(row.locked_error))

    def _check_index(self, row: PropertyDef, index: int | None) -> int:
        if row.indexed_by is None:
            if index not in (0, None):
                # A value in the place of the index is shown, so that the mistake is seen; not so a password.
                given = "" if row.secret else f", not {shown(index)}"
                raise InvalidValueError(
                    ErrorCode.INVALID_INDEX, f"{row.name} is no array: its index is 0 or left out{given}."
                )
            return 0
        count = int(self.get(PROPERTIES[PropertyID(row.indexed_by)]))
        position = 0 if index is None else index
        if not 0 <= position < count:
            allowed = f"0 to {count - 1}" if count else "none: the array is empty"
            raise InvalidValueError(
                ErrorCode.INVALID_INDEX, f"{row.name} has no index {shown(position)}; allowed is {allowed}."
            )
        return position

    def _check_value(self, row: PropertyDef | ConfigDef, name: str, value: object) -> Value:
        try:
            checked = _convert(row, value)
        except ValueError as error:
            raise InvalidValueError(ErrorCode.INVALID_VALUE, f"{name}: {error}") from None
        extra = _EXTRA_CHECKS.get(name)
        if extra is not None:
            extra(checked)
        if isinstance(checked, int) and not (
            (row.minimum is None or checked >= row.minimum) and (row.maximum is None or checked <= row.maximum)
        ):
            low, high = ("unlimited" if bound is None else bound for bound in (row.minimum, row.maximum))
            raise InvalidValueError(
                ErrorCode.INVALID_VALUE, f"{name} cannot be {shown(checked)}; its range is {low} to {high}."
            )
        if row.single_line and isinstance(checked, str):
            found = check_single_line(checked)
            if found:
                raise InvalidValueError(
                    ErrorCode.INVALID_VALUE,
                    f"{name} contains {found}; it takes a single line without control characters.",
                )
        return checked

    def _set_array(self, property_id: PropertyID, position: int, value: Value) -> None:
        entry = self.recipients.entries[position]
        if property_id is PropertyID.MessageRecipientType:
            entry.type = RecipientTypes(int(value))
            return
        if property_id is PropertyID.MessageRecipientAddress and value:
            parse_mailbox(str(value), f"MessageRecipientAddress[{position}]")
        if property_id is PropertyID.MessageRecipientOptions:
            parse_recipient_options(str(value), f"MessageRecipientOptions[{position}]")
        if property_id is PropertyID.MessageRecipientName:
            Mailbox(str(value), "checked", "")  # refuses what could not stand in a header
        setattr(entry, _ARRAYS[property_id], value)
