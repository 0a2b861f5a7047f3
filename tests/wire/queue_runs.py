"""What the tests of queues share: running one, and what is left and delivered."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from ssmtp_compat import ssmtp_do_processqueue, ssmtp_do_queue
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer


def queue(spool: Path, *, count: int = 1, **properties: Any) -> list[str]:
    """Queue messages, each to a recipient of its own: bob0, bob1 and so on."""
    names = []
    with Mailer(25, **{"MailServer": "", **properties}) as mailer:
        for number in range(count):
            mailer.set(**{"SendTo": f"bob{number}@example.test", **properties})
            names.append(ssmtp_do_queue(mailer.handle, str(spool)))
            assert names[-1], mailer.error
    return names


def run(port: int, spool: Path, **settings: object) -> tuple[int, str]:
    """Process the queue with a handle of its own; its last error."""
    with Mailer(port) as mailer:
        mailer.config(**settings)
        ssmtp_do_processqueue(mailer.handle, str(spool))
        return mailer.error


def endings(spool: Path) -> list[str]:
    """Of all files of the directory."""
    return sorted(path.suffix for path in spool.iterdir())


def delivered(*servers: ScriptedServer) -> Counter[int]:
    """How often each message of :func:`wire.queued_file.write_queued` arrived."""
    found = [re.search(rb"<(\d+)@queued\.test>", message.content) for one in servers for message in one.messages]
    return Counter(int(match[1]) for match in found if match)
