"""Many messages through many judges, two judges at a time, for each has files of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from interop.judges.judge import Encryption, Judge, Result, Signature

Way = TypeVar("Way", Signature, Encryption)
Readings = dict[Way, dict[str, Result]]
"""What every reader makes of every message."""


def read(messages: Mapping[Way, bytes], readers: Mapping[str, Callable[[Way, bytes], Result]]) -> Readings[Way]:
    def read_all(reader: Callable[[Way, bytes], Result]) -> list[Result]:
        return [reader(way, message) for way, message in messages.items()]

    with ThreadPoolExecutor(2) as pool:
        by_reader = dict(zip(readers, pool.map(read_all, readers.values()), strict=True))
    return {way: {name: results[at] for name, results in by_reader.items()} for at, way in enumerate(messages)}


def written_by_others(
    ways: Iterable[Way], judges: Mapping[str, Judge], write: Callable[[Judge, Way], bytes]
) -> dict[Way, dict[str, bytes]]:
    """Each way with the messages of those who go it; ``write`` gives b"" for the others."""
    every = list(ways)
    with ThreadPoolExecutor(2) as pool:
        by_writer = list(pool.map(lambda judge: [write(judge, way) for way in every], judges.values()))
    return {
        way: {name: messages[at] for name, messages in zip(judges, by_writer, strict=True) if messages[at]}
        for at, way in enumerate(every)
    }
