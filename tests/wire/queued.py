"""Messages in a directory for the tests that send them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ssmtp_compat import ssmtp_do_queue
from wire.mailer import Mailer

__all__ = ["queue_messages", "recipient"]


def recipient(number: int) -> str:
    return f"bob{number}@example.test"


def queue_messages(directory: Path, count: int, **properties: Any) -> list[str]:
    """Queue messages, each to a recipient of its own; the names of their files, oldest first."""
    names = []
    with Mailer(25, MailServer="", **properties) as mailer:
        for number in range(count):
            mailer.set(SendTo=recipient(number))
            names.append(ssmtp_do_queue(mailer.handle, str(directory)))
            assert names[-1], mailer.error
    return names
