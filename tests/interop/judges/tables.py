"""Tables of ways and judges for people: rows that say the same become one row, reasons become numbered notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interop.judges.gaps import Gap

YES, NONE = "yes", "–"
Cell = str | Gap
"""A word, or why not."""


class Notes:
    """Reasons, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[Gap, int] = {}

    def cell(self, cell: Cell) -> str:
        if isinstance(cell, str):
            return cell
        return f"no ({self._numbers.setdefault(cell, len(self._numbers) + 1)})"

    def text(self) -> str:
        return "".join(f"{number}. {gap.judge}: {gap.why} (`{gap.said}`)\n" for gap, number in self._numbers.items())


def table(head: Sequence[str], rows: Mapping[tuple[str, str], Sequence[Cell]], notes: Notes) -> str:
    """Markdown. ``rows`` has the cells for each pair of scheme and algorithm."""
    schemes: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for (scheme, algorithm), cells in rows.items():
        same = schemes.setdefault(scheme, {}).setdefault(tuple(map(notes.cell, cells)), [])
        same.append(algorithm)
    merged: dict[tuple[tuple[str, tuple[str, ...]], ...], list[str]] = {}
    for scheme, groups in schemes.items():
        alike = tuple((", ".join(filter(None, algorithms)), cells) for cells, algorithms in groups.items())
        merged.setdefault(alike, []).append(scheme)
    lines = [tuple(head), ("---",) * len(head)]
    lines += [(_joined(names), algorithms, *cells) for groups, names in merged.items() for algorithms, cells in groups]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _joined(names: Sequence[str]) -> str:
    """With the word that all of them begin with said once."""
    word, _, _ = names[0].partition(" ")
    if all(name.startswith(f"{word} ") for name in names):
        return f"{word} {', '.join(name.removeprefix(f'{word} ') for name in names)}"
    return ", ".join(names)
