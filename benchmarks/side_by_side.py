"""What every benchmark here shares: rounds in turn, medians, a ratio, peaks of memory, and a sink to send to."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path


def compare(
    title: str, ours: Callable[[], object], peer: Callable[[], object], *, goal: float, rounds: int = 7
) -> None:
    """Run both in turn, one warm-up each, and print medians and the median of the ratios pair by pair.

    The machine's speed drifts; a pair that ran side by side drifts together.
    """
    pairs = []
    for number in range(rounds + 1):
        pair = tuple(_seconds(run) for run in (ours, peer))
        if number:
            pairs.append(pair)
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    verdict = "met" if ratio <= goal else "MISSED"
    print(f"{title}: ours {_text(mine)}, peer {_text(theirs)}, ratio {ratio:.2f} (goal {goal:.2f}: {verdict})")


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _text(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us" if seconds < 0.001 else f"{seconds * 1000:.1f} ms"


def extra_memory(prepare: Callable[..., Callable[[], object]], *arguments: object) -> float:
    """Megabytes that what ``prepare(*arguments)`` gives takes at the most when called, in a process of its own."""
    # A forked process would count pages of libraries that it shares with its parent as its own once it reads them.
    fresh = multiprocessing.get_context("spawn")
    mine, theirs = fresh.Pipe()
    process = fresh.Process(target=_measure, args=(theirs, prepare, *arguments))
    process.start()
    extra: float = mine.recv()
    process.join()
    return extra


def _measure(answer: Connection, prepare: Callable[..., Callable[[], object]], *arguments: object) -> None:
    run = prepare(*arguments)
    before = _megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far (Linux)
    run()
    answer.send(_megabytes("VmHWM") - before)


def _megabytes(name: str) -> float:
    """VmRSS, what this process has now, or VmHWM, its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def need(program: str) -> str:
    """The path of a program, or the end of the benchmark with the name of what is missing."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        sys.exit(
            f"{program} is needed; Debian's packages postfix (for smtp-sink) and curl have what these benchmarks use"
        )
    return path


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """smtp-sink on a free loopback port, throwing everything away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = subprocess.Popen([need("smtp-sink"), "-u", "nobody", "-h", "sink.example.test", f"127.0.0.1:{port}", "100"])
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)
        yield port
    finally:
        sink.terminate()
        sink.wait()
