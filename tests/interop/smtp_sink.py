"""smtp-sink, the fast receiver of the Postfix package: it accepts everything, and keeps each message or none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from interop.packages import find
from interop.processes import assert_ports_free, free_ports, listens, wait_until


class SmtpSink:
    """Run in a directory that everybody may write to; with ``keep`` off the messages are thrown away."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, *, keep: bool) -> None:
        self._directory = directory
        (self.port,) = free_ports(1)
        dump = ["-d", f"{directory}/%M."] if keep else []
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        program = find("smtp-sink")
        assert program
        command = [program, *user, *dump, "-h", "sink.example.test", f"{self.host}:{self.port}", "1000"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: listens(self.port), "smtp-sink to listen")
        except BaseException:
            self.stop()
            raise

    def messages(self) -> list[bytes]:
        """The messages kept so far, oldest first: X-Mail-Args and X-Rcpt-Args tell the envelope, lines end in LF.

        A message is on disk before its final dot is answered.
        """
        files = sorted(self._directory.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in files]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert_ports_free([self.port])
