"""How much work something is, without a clock: the lines of the library that run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import ssmtp_compat

_LIBRARY = str(Path(ssmtp_compat.__file__).parent)


def steps(function: Callable[[], object]) -> int:
    """The number of lines of ``ssmtp_compat`` that run while ``function`` does."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(_LIBRARY):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count
