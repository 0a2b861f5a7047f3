"""Every test that docs/security.md names as a guard is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/security.md"
_NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")


def test_the_guards_that_the_page_names_exist():
    named = _NAMED.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 30
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (TESTS / path).exists() or f"def {name}(" not in (TESTS / path).read_text(encoding="utf-8")
    ]
    assert not missing


def test_every_fault_has_a_guard():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    for row in rows[1:]:
        assert row.startswith("| **") or _NAMED.search(row), row


def test_what_belongs_together_stands_together():
    headings = re.findall(r"^\| \*\*(.+)\*\*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(headings) == len(set(headings)) > 5
