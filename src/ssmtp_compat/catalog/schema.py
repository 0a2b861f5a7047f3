"""The shapes of the catalog's rows: typed, frozen, and free of behaviour.

Every table of the documented interface (properties, settings, methods, events, errors) is a tuple of these rows.
Conversion, access checks, generated pages, generated tests and the two public faces all read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum


class ValueType(Enum):
    """The type of a property, setting or parameter value as a caller sees it."""

    TEXT = "text"
    INT = "int"
    BOOL = "bool"
    BINARY = "binary"


class Access(Enum):
    """Whether a value can be read, written, or both."""

    READ_WRITE = "rw"
    READ_ONLY = "r"
    WRITE_ONLY = "w"


class WritableWhen(Enum):
    """The connection state in which a writable value may be set."""

    ALWAYS = "always"
    DISCONNECTED = "disconnected"


class Evidence(Enum):
    """How well a row is supported. Nothing below ``DOCUMENTED`` is a fact about the vendor's product."""

    DOCUMENTED = "documented"
    """A page of this very class and product family states it."""
    SIBLING = "sibling"
    """A page or header of a sister class, or of another edition, states it."""
    INFERRED = "inferred"
    """Follows from a one-line summary, from an enumeration, from memory or from common sense."""
    OURS = "ours"
    """An addition or a choice of this project."""


class Support(Enum):
    """Whether the present version carries out what the row says."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyDef:
    """One documented property."""

    id: IntEnum
    value_type: ValueType
    default: str | int | bool | bytes
    doc: str
    access: Access = Access.READ_WRITE
    choices: type[IntEnum] | None = None
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    indexed_by: IntEnum | None = None
    """The property that holds the array's length; None for a scalar."""
    writable_when: WritableWhen = WritableWhen.ALWAYS
    locked_error: int = 0
    """Error code of a write while connected, where ``writable_when`` forbids it."""
    header: bool = False
    """ResetHeaders puts this property back to its default."""
    single_line: bool = False
    """CR, LF, NUL and other controls are refused: the value ends on a command line or in one header field."""
    secret: bool = False
    """Never shown in a repr, a log or an error text."""
    evidence: Evidence
    default_evidence: Evidence
    source: str
    support: Support = Support.FULL
    support_note: str = ""

    @property
    def name(self) -> str:
        return self.id.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDef:
    """One configuration setting, reached through the Config method."""

    name: str
    group: str
    value_type: ValueType
    default: str | int | bool
    doc: str
    access: Access = Access.READ_WRITE
    choices: tuple[tuple[int, str], ...] = ()
    """Allowed numbers, each with the name that is accepted in its place."""
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    alias_of: IntEnum | None = None
    """The property that shares this setting's store."""
    writable_when: WritableWhen = WritableWhen.ALWAYS
    locked_error: int = 0
    single_line: bool = False
    secret: bool = False
    hexadecimal: bool = False
    """The value reads back as 0x%08X."""
    evidence: Evidence
    default_evidence: Evidence
    source: str
    support: Support = Support.FULL
    support_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a method or of an event."""

    name: str
    type: str
    doc: str
    optional: bool = False
    writable: bool = False
    """Events only: a callback's value for it takes effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDef:
    """One documented function of the procedural interface."""

    name: str
    """The documented method name, such as ``AddRecipientCert``; for the handle functions the function's own name."""
    function: str
    """The function's name without its prefix, such as ``do_addrecipientcert``."""
    parameters: tuple[Parameter, ...]
    returns: str
    doc: str
    while_busy: bool = False
    """May be called while another method runs on the same handle."""
    evidence: Evidence
    source: str
    support: Support = Support.FULL
    support_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDef:
    """One documented event. The parameters are listed in their documented order."""

    id: IntEnum
    parameters: tuple[Parameter, ...]
    doc: str
    evidence: Evidence
    source: str

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def writable(self) -> frozenset[str]:
        return frozenset(parameter.name for parameter in self.parameters if parameter.writable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDef:
    """One row of the error table."""

    code: IntEnum
    message: str
    meaning: str
    replace: bool = False
    """The detail given by the code that fails takes the place of ``message`` instead of following it."""
    evidence: Evidence
    source: str

    @property
    def name(self) -> str:
        return self.code.name
