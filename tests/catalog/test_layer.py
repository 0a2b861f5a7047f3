"""The catalog is the bottom layer: it imports the standard library and itself, nothing else."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import ssmtp_compat.catalog

MODULES = sorted(Path(ssmtp_compat.catalog.__path__[0]).glob("*.py"))


def imported(module: Path) -> set[str]:
    """Every import of a module; one of the catalog's own reads as ``.name``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def test_all_modules_are_looked_at():
    assert {"properties.py", "config.py", "methods.py", "values.py", "lookup.py"} <= {path.name for path in MODULES}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_imports_stay_inside(module: Path):
    own = {f".{path.stem}" for path in MODULES}
    outside = {name for name in imported(module) if name not in own}
    assert {name for name in outside if name.partition(".")[0] not in sys.stdlib_module_names} == set()


def test_values_know_of_the_schema_only():
    [values] = [path for path in MODULES if path.name == "values.py"]
    assert {name for name in imported(values) if name.startswith(".")} == {".schema"}
