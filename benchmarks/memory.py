"""Memory that sending 50 MB takes above the message that the caller holds, each way in a process of its own."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

from send import BODY, handle, send
from side_by_side import smtp_sink

SIZE = 50_000_000
GOAL = 25
WAYS = {
    "Message, as octets": ("Message", b"From: a@client.example\r\n\r\n"),
    "MessageText, ASCII": ("MessageText", ""),
    "MessageText, 8-bit": ("MessageText", "Grüße\r\n"),
}


def megabytes(name: str) -> float:
    """VmRSS, what this process has now, or VmHWM, the most it had since :func:`forget_peak` (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _measure(answer: Connection, port: int, name: str, head: str | bytes) -> None:
    send(handle(port, **{name: head or "x"}))  # everything is loaded
    body = BODY * (SIZE // len(BODY))
    value: str | bytes = head + body.encode() if isinstance(head, bytes) else head + body
    del body
    opened = handle(port, **{name: value})
    before = megabytes("VmRSS")
    forget_peak()
    send(opened)
    answer.send(megabytes("VmHWM") - before)


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        for title, (property_name, beginning) in WAYS.items():
            mine, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=_measure, args=(theirs, sink_port, property_name, beginning))
            process.start()
            extra = mine.recv()
            process.join()
            verdict = "met" if extra <= GOAL else "MISSED"
            print(f"50 MB as {title}: {extra:.0f} MB above the message (goal {GOAL} MB: {verdict})")
