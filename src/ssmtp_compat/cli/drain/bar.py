"""The progress bar, which the extra [cli] draws at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ..reporting import silence

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Bar", "is_terminal", "open_bar"]


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees it; a daemon may have been started without the stream."""
    return stream is not None and stream.isatty()


def open_bar(total: int) -> Bar | None:
    """A bar on standard error; None where that is no terminal, or rich is not installed."""
    if not is_terminal(sys.stderr):
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    console = Console(stderr=True)
    if console.is_dumb_terminal:
        return None
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    # Nothing else is written to the terminal meanwhile, so nothing needs to be redirected.
    return Bar(Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False), total)


class Bar:
    """One bar that goes to ``total`` files, with lines scrolling by above it."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)
        progress.start()

    def advance(self, counts: str) -> None:
        """One file more is done."""
        with self._whoever_looks():
            self._progress.update(self._task, advance=1, description=counts)

    def tell(self, line: str) -> None:
        """A line above the bar, as it stands."""
        with self._whoever_looks():
            self._progress.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        with self._whoever_looks():
            self._progress.stop()

    @contextmanager
    def _whoever_looks(self) -> Iterator[None]:
        """A terminal may have been closed, which nohup lets a command survive."""
        try:
            yield
        except OSError:
            silence(sys.stderr)
