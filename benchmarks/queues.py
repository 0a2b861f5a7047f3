"""A queue sent with one process and with four, against smtplib over the same files; and Queue against bare file calls.

The peer does what any script would: it lists the files, reads each and what stands above the message, sends it and
deletes the file. It checks nothing, locks nothing, and tells the disk nothing.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import shutil
import smtplib
import tempfile
from collections.abc import Callable
from pathlib import Path

from delay_proxy import delay_proxy
from send import BODY, RAW, ROUND_TRIP, handle
from side_by_side import compare, extra_memory, smtp_sink

import ssmtp_compat as ssmtp

LARGE = 1_000_000_000
MEMORY_GOAL = 25
_ADDRESS = re.compile(rb"^(?:From:|Recipient: \w+) <(.*)>", re.MULTILINE)


class Copies:
    """Directories with the same queued messages, made before anything is timed."""

    def __init__(self, top: Path, messages: int, copies: int) -> None:
        first = top / "0"
        first.mkdir()
        opened = handle(1, Message=RAW)
        for _ in range(messages):
            assert ssmtp.ssmtp_do_queue(opened, str(first)), ssmtp.ssmtp_get_last_error(opened)
        ssmtp.ssmtp_close(opened)
        self._left = [first] + [Path(shutil.copytree(first, top / str(number))) for number in range(1, copies)]
        os.sync()  # or the first to run would wait for what copying left to the disk

    def next(self) -> Path:
        return self._left.pop()


def process_queue(port: int, directory: Path) -> None:
    opened = handle(port)
    assert ssmtp.ssmtp_do_processqueue(opened, str(directory)) == 0, ssmtp.ssmtp_get_last_error(opened)
    ssmtp.ssmtp_close(opened)


def smtplib_loop(port: int, directory: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for path in sorted(directory.iterdir()):
            head, _, message = path.read_bytes().partition(b"\r\n\r\n")
            sender, *recipients = (address.decode() for address in _ADDRESS.findall(head))
            client.sendmail(sender, recipients, message)
            path.unlink()


def one_process(port: int, where: str, messages: int, goal: float, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as top:
        copies = Copies(Path(top), messages, 2 * (rounds + 1))
        compare(
            f"{messages:,} x 1 KB queued, {where}, against a loop of smtplib",
            lambda: process_queue(port, copies.next()),
            lambda: smtplib_loop(port, copies.next()),
            goal=goal,
            rounds=rounds,
        )


def four_processes(port: int, messages: int, rounds: int) -> None:
    def drained_by(workers: int) -> Callable[[], None]:
        def drain() -> None:
            directory = copies.next()
            fork = multiprocessing.get_context("fork")
            processes = [fork.Process(target=process_queue, args=(port, directory)) for _ in range(workers)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            assert not list(directory.iterdir())

        return drain

    with tempfile.TemporaryDirectory() as top:
        copies = Copies(Path(top), messages, 2 * (rounds + 1))
        title = f"{messages:,} x 1 KB queued, at 20 ms, 4 workers against 1"
        compare(title, drained_by(4), drained_by(1), goal=0.3, rounds=rounds)


def queueing(messages: int, rounds: int) -> None:
    opened = handle(1, Message=RAW)

    def ours() -> None:
        for _ in range(messages):
            assert ssmtp.ssmtp_do_queue(opened, top)

    def bare() -> None:
        content = RAW.encode()
        for number in range(messages):
            path = os.path.join(top, str(number))  # noqa: PTH118  as bare as can be
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(descriptor, content)
            os.fsync(descriptor)
            os.close(descriptor)
            os.rename(path, path + ".queued")  # noqa: PTH104
            descriptor = os.open(top, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)

    with tempfile.TemporaryDirectory() as top:
        title = f"Queue {messages:,} x 1 KB against bare write, fsync, rename and fsync of the directory"
        compare(title, ours, bare, goal=1.5, rounds=rounds)
    ssmtp.ssmtp_close(opened)


def large_file(directory: Path) -> None:
    """As docs/queue-format.md has it, and never in memory."""
    chunk = BODY.encode() * 1000
    count = LARGE // len(chunk)
    head = b"Subject: large\r\n\r\n"
    digest = hashlib.sha256(head)
    for _ in range(count):
        digest.update(chunk)
    lines = ["ssmtp_compat queue 1", "From: <a@client.example>", "Recipient: To <b@server.example>", "Body: 7bit"]
    lines += [f"Length: {len(head) + count * len(chunk)}", f"SHA-256: {digest.hexdigest()}", "", ""]
    path = directory / "large.queued"
    with path.open("wb") as file:
        file.write("\n".join(lines).encode() + head)
        for _ in range(count):
            file.write(chunk)
    path.chmod(0o600)


def sending_large(port: int, directory: str, small: str) -> Callable[[], object]:
    process_queue(port, Path(small))  # everything is loaded
    return lambda: process_queue(port, Path(directory))


def memory(port: int) -> None:
    with tempfile.TemporaryDirectory() as large, tempfile.TemporaryDirectory() as small:
        opened = handle(1, Message=RAW)
        assert ssmtp.ssmtp_do_queue(opened, small)
        large_file(Path(large))
        extra = extra_memory(sending_large, port, large, small)
        assert not os.listdir(large)  # noqa: PTH208
    verdict = "met" if extra <= MEMORY_GOAL else "MISSED"
    print(f"a queued file of 1 GB: {extra:.0f} MB (goal {MEMORY_GOAL} MB: {verdict})")


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        one_process(sink_port, "on loopback", 1000, goal=0.6, rounds=7)
        with delay_proxy(sink_port, ROUND_TRIP) as far:
            one_process(far, "at 20 ms", 50, goal=0.3, rounds=3)
            four_processes(far, 200, rounds=3)
        queueing(100, rounds=7)
        memory(sink_port)
