"""The edge to OpenSSL's error queue."""

from __future__ import annotations

from OpenSSL import SSL

__all__ = ["reasons"]


def reasons(error: SSL.Error) -> str:
    """The words of OpenSSL for what went wrong, the first cause first."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, (list, tuple)):
        # Each entry is library, function and reason; an alert of the peer comes with a reason of its own.
        found = [entry[-1] for entry in queue if entry and entry[-1]]
        return "; ".join(dict.fromkeys(found)) or "no reason given"
    return str(error)
