"""Files of queued messages, written with nothing but what docs/queue-format.md says."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def write_queued(
    spool: Path, number: int, *, recipient: str = "", message: bytes | None = None, ending: str = ".queued"
) -> Path:
    """The ``number``-th oldest file, with a message whose Message-ID is ``<number@queued.test>``."""
    if message is None:
        message = f"Message-ID: <{number}@queued.test>\r\nSubject: {number}\r\n\r\nThe body of {number}\r\n".encode()
    lines = [
        "ssmtp_compat queue 1",
        "From: <alice@example.test>",
        f"Recipient: To <{recipient or f'bob{number}@example.test'}>",
        "Body: 7bit",
        f"Length: {len(message)}",
        f"SHA-256: {hashlib.sha256(message).hexdigest()}",
    ]
    path = spool / f"message-{number:05d}{ending}"
    path.write_bytes("\n".join([*lines, "", ""]).encode() + message)
    path.chmod(0o600)
    os.utime(path, ns=(number, number))
    return path
