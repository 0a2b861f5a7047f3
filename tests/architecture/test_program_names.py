"""Programs that stand beside each other import from their own directory first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("directory", ["benchmarks", "examples", "docs", "tests", "tests/wire"])
def test_no_program_takes_the_name_of_a_standard_module(directory: str) -> None:
    programs = {path.stem for path in (ROOT / directory).glob("*.py")}
    assert programs
    assert not programs & sys.stdlib_module_names
