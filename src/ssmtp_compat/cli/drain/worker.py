"""A worker: a process that sends the files it is given, over one connection at a time.

Signals are for the process that started it. When that one has gone, however it went, the worker finishes the message
under way and ends.
"""

from __future__ import annotations

import argparse
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from ... import EventID, handles, ssmtp_close, ssmtp_do_interrupt, ssmtp_open, ssmtp_register_callback
from ...errors import SSMTPError
from ...operations.queueing import Outcome, QueueOptions
from ...spool.directory import Waiting
from ..dialogue import dialogue_line
from ..server import describe_server
from .pipe import GRACE_SECONDS, LAST_SECONDS, Lines, say
from .signals import END_SIGNALS

__all__ = ["main"]

_STUCK: Final = 70  # EX_SOFTWARE
_SERVICE_CLOSING: Final = "421"


def main() -> None:
    """Do what comes in by the standard input, until nothing more does."""
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)  # as they were when this process was started
    lines = Lines(sys.stdin.fileno())
    messages: list[list[Any]] | None = []
    while messages == []:  # a long password is more than comes in at once
        messages = lines.read()
    if messages:
        (_, task), *others = messages
        _Worker(task).run(lines, others)


class _Worker:
    def __init__(self, task: dict[str, Any]) -> None:
        self._directory: str = task["directory"]
        self._given: queue.SimpleQueue[list[Waiting]] = queue.SimpleQueue()
        self._waiting: deque[Waiting] = deque()
        self._ending = threading.Event()
        self._handle = ssmtp_open()
        describe_server(self._handle, argparse.Namespace(**task["server"]), task["password"])
        if task["trace"]:
            ssmtp_register_callback(self._handle, EventID.PITrail, lambda trail: _say("trail", dialogue_line(trail)))

    def run(self, lines: Lines, others: list[list[Any]]) -> None:
        threading.Thread(target=self._listen, args=(lines, others), daemon=True).start()
        while (first := self._next(in_session=False)) is not None:
            self._send(first)
        ssmtp_close(self._handle)

    def _next(self, *, in_session: bool) -> Waiting | None:
        if not self._waiting and not self._ending.is_set():
            _say("want", in_session)
            self._waiting.extend(self._given.get())
        return self._waiting.popleft() if self._waiting and not self._ending.is_set() else None

    def _send(self, first: Waiting) -> None:
        """Send files until there is nothing more to send, or something ends the run."""
        ended_early, put_back, sent = True, [], 0

        def waiting() -> Iterator[Waiting]:
            nonlocal ended_early
            given: Waiting | None = first
            while given is not None:
                yield given
                given = self._next(in_session=True)
            ended_early = False

        def settled(name: str, outcome: Outcome, error: SSMTPError | None, trouble: SSMTPError | None) -> None:
            if trouble is not None:
                _say("trouble", *_told(trouble))
            nonlocal sent
            sent += outcome is Outcome.SENT
            if outcome is Outcome.PUT_BACK and error is None:
                put_back.append(name)
            else:
                _say("settled", name, outcome.value, *_told(error), trouble is None)

        options = QueueOptions(waiting=waiting(), ending=self._ending.is_set, settled=settled)
        handles.invoke(self._handle, lambda client: client.process_queue(self._directory, options), lambda _: None)
        reason = handles.last_error(self._handle)
        # Otherwise what was returned is the first of the failures that were told already.
        if (ended_early and not self._ending.is_set()) or put_back:
            self._waiting.clear()
            # RFC 5321 3.8: with 421 the server has not taken what is under way. Many have a limit of messages for one
            # connection, and then it is no fault of the message.
            again = sent and reason[1].startswith(_SERVICE_CLOSING)
            for name in put_back:
                if again:
                    _say("again", name)
                else:
                    _say("settled", name, Outcome.PUT_BACK.value, *reason, True)
            _say("stopped", *reason)

    def _listen(self, lines: Lines, messages: list[list[Any]] | None) -> None:
        while messages is not None:
            for kind, *rest in messages:
                if kind == "interrupt":
                    ssmtp_do_interrupt(self._handle)
                elif kind == "end":
                    self._end()
                else:
                    self._given.put([Waiting(*file) for file in rest])
            messages = lines.read()
        # Whoever gave the orders has gone.
        self._end()
        time.sleep(GRACE_SECONDS)
        ssmtp_do_interrupt(self._handle)
        time.sleep(LAST_SECONDS)
        os._exit(_STUCK)

    def _end(self) -> None:
        self._ending.set()
        self._given.put([])  # in case an answer is waited for


def _told(error: SSMTPError | None) -> tuple[int, str]:
    return (0, "") if error is None else (int(error.code), error.message)


def _say(*message: object) -> None:
    say(sys.stdout.fileno(), *message)
