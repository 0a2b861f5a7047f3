"""Write the pages that follow from the catalog: ``python docs/generate.py``.

With ``--check`` nothing is written; a page that differs from what would be written is named, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ssmtp_compat.catalog.config import SETTINGS
from ssmtp_compat.catalog.errors import ERRORS
from ssmtp_compat.catalog.events import EVENTS
from ssmtp_compat.catalog.lookup import unsupported_rows
from ssmtp_compat.catalog.methods import METHODS
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.catalog.schema import (
    Access,
    ConfigDef,
    Evidence,
    MethodDef,
    Parameter,
    PropertyDef,
    Support,
    WritableWhen,
)

DOCS = Path(__file__).parent

NOTICE = "<!-- Generated from src/ssmtp_compat/catalog by docs/generate.py. Changes made here are lost. -->"

EVIDENCE = {
    Evidence.DOCUMENTED: "documented (a page of the vendor's about this class)",
    Evidence.SIBLING: "sibling (a page or header about a related class or another edition)",
    Evidence.INFERRED: "inferred (no page found; our reading, may differ from the vendor's product)",
    Evidence.OURS: "ours (a choice of this project)",
}
ACCESS = {Access.READ_WRITE: "read, write", Access.READ_ONLY: "read", Access.WRITE_ONLY: "write"}

CAVEAT = """\
Each entry says how well it is supported. Only *documented* ones are facts about the vendor's class. *Sibling* ones are
stated for a related class or another edition and are likely to hold. *Inferred* ones are our reading where no page
was found, and *ours* are choices of this project; neither says anything about the vendor's product. The texts are our
own words in every case.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the pages that follow from the catalog.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not up to date")
    check = parser.parse_args().check
    stale = False
    for name, text in pages().items():
        path = DOCS / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        stale = True
        if check:
            print(f"docs/{name} is not up to date; run python docs/generate.py:")
            lines = difflib.unified_diff(old.splitlines(), text.splitlines(), "now", "generated", n=0, lineterm="")
            print("\n".join(list(lines)[:20]))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name}")
    return 1 if check and stale else 0


def pages() -> Mapping[str, str]:
    """Every generated page by its path under docs/."""
    return {
        "not-supported.md": _page("Not supported yet", NOT_SUPPORTED, _not_supported()),
        "reference/properties.md": _page("Properties", PROPERTIES_INTRODUCTION + CAVEAT, _properties()),
        "reference/settings.md": _page("Configuration settings", SETTINGS_INTRODUCTION + CAVEAT, _settings()),
        "reference/methods.md": _page("Functions", METHODS_INTRODUCTION + CAVEAT, _methods()),
        "reference/events.md": _page("Events", EVENTS_INTRODUCTION + CAVEAT, _events()),
        "reference/errors.md": _page("Error codes", ERRORS_INTRODUCTION, _errors()),
    }


def _page(title: str, introduction: str, lines: Iterable[str]) -> str:
    return "\n".join([NOTICE, "", f"# {title}", "", introduction, *lines]).rstrip() + "\n"


# -- not supported ----------------------------------------------------------------------------------------------------

NOT_SUPPORTED = """\
What this version lacks, by feature, with every part of the documented interface that depends on it.

A function named here returns code 20008. A property or setting named here can be set and read back,
and a method that would depend on its value fails with code 20008 and a text that names the feature. *In part* means
that the entry works apart from the feature.
"""


def _not_supported() -> Iterator[str]:
    for feature, rows in unsupported_rows().items():
        yield f"## {feature[:1].upper()}{_escape(feature[1:])}"
        yield ""
        for row in rows:
            extent = "in part" if row.support is Support.PARTIAL else "not at all"
            yield f"- {_kind(row)} {_link(row)}: {extent}"
        yield ""


def _kind(row: PropertyDef | ConfigDef | MethodDef) -> str:
    if isinstance(row, PropertyDef):
        return "property"
    return "setting" if isinstance(row, ConfigDef) else "function"


def _link(row: PropertyDef | ConfigDef | MethodDef) -> str:
    if isinstance(row, PropertyDef):
        return f"[{row.name}](reference/properties.md#{row.name.lower()})"
    if isinstance(row, ConfigDef):
        return f"[{row.name}](reference/settings.md#{row.name.lower()})"
    return f"[ssmtp_{_escape(row.function)}](reference/methods.md#ssmtp_{row.function})"


# -- properties and settings ------------------------------------------------------------------------------------------

PROPERTIES_INTRODUCTION = """\
Read with `ssmtp_get(handle, id)` and written with `ssmtp_set(handle, id, value)`, where the id is a member of
`PropertyID` or its number. Two of the numbers, those of MessageDate and MessageText, stand on a page of this class; the
others follow from the numbers of a sister class and from the order of the names. Array properties take an index,
counted from 0, in front of the value.

"""
SETTINGS_INTRODUCTION = """\
Read with `ssmtp_do_config(handle, "Name")` and written with `ssmtp_do_config(handle, "Name=Value")`; the case of the
name does not matter.

"""


def _properties() -> Iterator[str]:
    for row in PROPERTIES.values():
        yield f"## {row.name}"
        yield ""
        yield f"`PropertyID.{row.name}`, {int(row.id)}"
        yield ""
        yield from _value_facts(row, [(int(choice), choice.name) for choice in row.choices or ()])
        if row.indexed_by is not None:
            yield f"- array of as many entries as {row.indexed_by.name} says"
        if row.header:
            yield "- emptied by ssmtp\\_do\\_resetheaders"
        yield from _standing(row)


def _settings() -> Iterator[str]:
    for row in SETTINGS.values():
        yield f"## {row.name}"
        yield ""
        yield f"Group {row.group}" + (" (additions of this project)" if row.group == "ssmtp_compat" else "")
        yield ""
        yield from _value_facts(row, list(row.choices))
        if row.alias_of is not None:
            yield f"- shares its value with the property [{row.alias_of.name}](properties.md#{row.name.lower()})"
        yield from _standing(row)


def _value_facts(row: PropertyDef | ConfigDef, choices: list[tuple[int, str]]) -> Iterator[str]:
    yield _escape(row.doc)
    yield ""
    yield f"- type: {row.value_type.value}" + (f", in {row.unit}" if row.unit else "")
    default = row.default.decode("ascii") if isinstance(row.default, bytes) else str(row.default)
    yield f"- default: {f'`{default}`' if default else 'empty'}"
    if choices:
        yield f"- values: {', '.join(f'{number} `{name}`' for number, name in choices)}"
    elif row.minimum is not None or row.maximum is not None:
        yield f"- from {row.minimum} to {row.maximum}"
    locked = ""
    if row.writable_when is WritableWhen.DISCONNECTED:
        locked = f"; while connected writing fails with code {int(row.locked_error)}"
    yield f"- access: {ACCESS[row.access]}{locked}"
    if row.single_line:
        yield "- line breaks and other control characters are refused"


def _standing(row: PropertyDef | ConfigDef) -> Iterator[str]:
    if row.support is not Support.FULL:
        yield f"- **{_lack(row)}**"
    yield f"- evidence: {EVIDENCE[row.evidence]}"
    if row.default_evidence is not row.evidence:
        yield f"- evidence for the default: {EVIDENCE[row.default_evidence]}"
    yield f"- source: {_escape(row.source)}"
    yield ""


def _lack(row: PropertyDef | ConfigDef | MethodDef) -> str:
    extent = "in part, lacking" if row.support is Support.PARTIAL else "not supported by this version, which lacks"
    return f"{extent} {_escape(row.support_note)}"


# -- methods, events, errors ------------------------------------------------------------------------------------------

METHODS_INTRODUCTION = """\
Every function exists under two names for the same object: `ssmtp_do_send` and `ipworkssmime_ssmtp_do_send`, and so on.
The handle that `ssmtp_open` gives comes first.

"""
EVENTS_INTRODUCTION = """\
`ssmtp_register_callback(handle, EventID.PITrail, function)` has `function` called with one dict, whose keys are the
parameters below. See [](../calling.md#events) for what a callback may do.

"""
ERRORS_INTRODUCTION = """\
Codes as methods return them and `ssmtp_get_last_error_code` gives them, with the text that begins the last error.

*Sibling* texts stand in a third-party copy of the vendor family's older table, *inferred* ones are recalled without a
page at hand, and *ours*, among them all codes from 20001 on, are of this project. Some rows are in the table because
scripts may compare with them, although this class never raises them.
"""


def _methods() -> Iterator[str]:
    for row in METHODS.values():
        yield f"## ssmtp_{row.function}".replace("_", "\\_")
        yield ""
        yield f"`ssmtp_{row.function}({_signature(row.parameters)}) -> {row.returns}`"
        yield ""
        yield _escape(row.doc)
        yield ""
        yield from _parameters(row.parameters)
        if row.while_busy:
            yield "- may be called while another method runs on the same handle"
        if row.support is not Support.FULL:
            yield f"- **{_lack(row)}**"
        yield f"- evidence: {EVIDENCE[row.evidence]}"
        yield f"- source: {_escape(row.source)}"
        yield ""


def _signature(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(f"[{item.name}]" if item.optional else item.name for item in parameters)


def _parameters(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    for item in parameters:
        remark = " What the callback leaves here takes effect." if item.writable else ""
        yield f"- `{item.name}` ({_escape(item.type)}): {_escape(item.doc)}{remark}"


def _events() -> Iterator[str]:
    for row in EVENTS.values():
        yield f"## {row.name}"
        yield ""
        yield f"`EventID.{row.name}`, {int(row.id)}"
        yield ""
        yield _escape(row.doc)
        yield ""
        yield from _parameters(row.parameters)
        yield f"- evidence: {EVIDENCE[row.evidence]}"
        yield f"- source: {_escape(row.source)}"
        yield ""


def _errors() -> Iterator[str]:
    yield "| code | `ErrorCode` | text | meaning | evidence |"
    yield "|---|---|---|---|---|"
    for row in ERRORS.values():
        text = "(the detail alone)" if row.replace else _escape(row.message)
        yield f"| {int(row.code)} | {_escape(row.name)} | {text} | {_escape(row.meaning)} | {row.evidence.value} |"


def _escape(text: str) -> str:
    """``text`` with everything that Markdown would take for markup made plain."""
    return re.sub(r"([\\`*_<>\[\]|$#~])", r"\\\1", text)


if __name__ == "__main__":
    sys.exit(main())
