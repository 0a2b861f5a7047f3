"""Tables in the documentation that are what the tests have found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

SERVERS = Path(__file__).parents[2] / "docs/servers.md"


def assert_table(
    page: Path, number: int, head: Sequence[str], rows: Mapping[str, Sequence[str]], *, write: bool
) -> None:
    """That the table of this number on the page has these rows; where ``write``, it gets them."""
    lines = [("", *head), ("---",) * (len(head) + 1), *((name, *cells) for name, cells in rows.items())]
    parts = re.split(r"((?:^\|.*\n)+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    parts[2 * number + 1] = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if write:
        page.write_text("".join(parts), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == "".join(parts)
