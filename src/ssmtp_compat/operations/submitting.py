"""Putting a message into a directory, where it waits to be sent."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from ..errors import UnsupportedError
from ..message.headers import read_fields
from ..smtp.options import DeliveryOptions
from ..spool.directory import SpoolDirectory
from ..spool.writing import Submission, put_message
from .outgoing import Outgoing

__all__ = ["queue_message"]


def queue_message(path: str, outgoing: Outgoing, delivery: DeliveryOptions, created: datetime) -> str:
    """Put a message into the directory ``path`` and return the name of its file.

    Raises :class:`SSMTPError`: 302 for a directory that cannot be used, 20005 for more recipients than a file may have,
    and what :meth:`Outgoing.check` raises.
    """
    with SpoolDirectory(path) as directory:
        composed = outgoing.check(delivery)
        if composed.eight_bit:
            # Nobody knows yet what the server takes. What may not be encoded stays as it is.
            with suppress(UnsupportedError):
                composed = outgoing.compose(False)
        submission = Submission(reverse_path=outgoing.reverse_path, recipients=outgoing.recipients, dsn=outgoing.dsn)
        fields = read_fields(composed.header.decode("utf-8"))
        message_id = next((field.value for field in fields if field.name.lower() == "message-id"), "")
        return put_message(directory, submission, composed, created, message_id)
