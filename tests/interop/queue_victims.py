"""Processes that work on a queue and may be killed over it.

They are forked from a nursery, a process of its own in which everything is loaded, so that each costs milliseconds.
Each stops itself before it begins, for somebody to attach to it.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import ssmtp_compat as ssmtp
from ssmtp_compat import PropertyID

_PR_SET_PTRACER = 0x59616D61
_ANYBODY = ctypes.c_ulong(-1)


class Victim:
    """A process that has stopped before its work."""

    def __init__(self, pid: int, buried: Callable[[], int]) -> None:
        self.pid = pid
        self._buried = buried

    def go(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """0 where its method succeeded, 1 where it failed, or the negative number of the signal that killed it."""
        return self._buried()


class Nursery:
    """See the module's text."""

    def __enter__(self) -> Self:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)

    def process_queue(self, spool: str, port: int, **settings: Any) -> Victim:
        """A process that will call ``ssmtp_do_processqueue``."""
        return self._bear({"spool": spool, "port": port, "settings": settings})

    def queue(self, spool: str) -> Victim:
        """A process that will call ``ssmtp_do_queue``."""
        return self._bear({"spool": spool, "port": 0, "settings": {}})

    def _bear(self, order: dict[str, Any]) -> Victim:
        return Victim(self._ask(json.dumps(order)), lambda: self._ask("wait"))

    def _ask(self, line: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _work(handle: int, spool: str, port: int) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)  # or only root may attach, where Yama restricts it
    os.kill(os.getpid(), signal.SIGSTOP)
    if port:
        return ssmtp.ssmtp_do_processqueue(handle, spool)
    ssmtp.ssmtp_do_queue(handle, spool)
    return ssmtp.ssmtp_get_last_error_code(handle)


def _prepare(port: int, settings: dict[str, Any]) -> int:
    handle = ssmtp.ssmtp_open()
    values = {"From": "alice@example.test", "SendTo": "bob@example.test", "MessageText": "Hello\r\n"}
    values |= {"MailServer": "127.0.0.1", "MailPort": port} if port else {}
    for name, value in values.items():
        assert ssmtp.ssmtp_set(handle, PropertyID[name], value) == 0, ssmtp.ssmtp_get_last_error(handle)
    for name, value in settings.items():
        ssmtp.ssmtp_do_config(handle, f"{name}={value}")
    return handle


def _serve() -> None:
    # Loaded at the first use otherwise, by every child.
    for name in ("encodings.ascii", "encodings.idna", "ssmtp_compat.operations.queueing"):
        importlib.import_module(name)

    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            code = _work(_prepare(order["port"], order["settings"]), order["spool"], order["port"])
            os._exit(bool(code))
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
        print(pid, flush=True)
        assert sys.stdin.readline() == "wait\n"
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    _serve()
