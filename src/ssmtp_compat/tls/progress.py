"""What OpenSSL's state machine does during a handshake, as short lines for a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from OpenSSL import SSL

__all__ = ["Journal", "Watch", "report_staple", "report_state"]

# RFC 8446 6 and RFC 5246 7.2.
_ALERTS: Final = {
    0: "close notify",
    10: "unexpected message",
    20: "bad record MAC",
    22: "record overflow",
    40: "handshake failure",
    42: "bad certificate",
    43: "unsupported certificate",
    44: "certificate revoked",
    45: "certificate expired",
    46: "certificate unknown",
    47: "illegal parameter",
    48: "unknown CA",
    49: "access denied",
    50: "decode error",
    51: "decrypt error",
    70: "protocol version",
    71: "insufficient security",
    80: "internal error",
    86: "inappropriate fallback",
    90: "user canceled",
    100: "no renegotiation",
    109: "missing extension",
    110: "unsupported extension",
    112: "unrecognized name",
    113: "bad certificate status response",
    116: "certificate required",
    120: "no application protocol",
}


class Journal:
    """Collects the lines of one handshake, for OpenSSL's callback is no place to run anybody's code."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._last = ""

    def note(self, line: str) -> None:
        """Keep ``line`` unless it only repeats the one before."""
        if line != self._last:
            self._last = line
            self._lines.append(line)

    def take(self) -> list[str]:
        """Return the lines since the last call."""
        lines, self._lines = self._lines, []
        return lines


@dataclass(frozen=True, slots=True)
class Watch:
    """The application data of a connection: where the callbacks go that OpenSSL has for a whole context only."""

    stapled: Callable[[bytes], bool]
    """Gets the OCSP response of the server, or nothing, and says whether to go on. Must not raise."""
    journal: Journal = field(default_factory=Journal)


def report_staple(connection: SSL.Connection, response: bytes, _data: object) -> bool:
    """OpenSSL's status callback, at the end of the server's part of the handshake, with or without a response."""
    watch = connection.get_app_data()
    return isinstance(watch, Watch) and watch.stapled(response)


def report_state(connection: SSL.Connection, where: int, value: int) -> None:
    """OpenSSL's info callback: note the step in the journal that is the connection's application data, if any is."""
    watch = connection.get_app_data()
    if not isinstance(watch, Watch):
        return
    journal = watch.journal
    if where & SSL.SSL_CB_ALERT:
        direction = "received" if where & SSL.SSL_CB_READ else "sent"
        number = value & 0xFF
        journal.note(f"Alert {direction}: {_ALERTS.get(number, 'number')} ({number})")
    elif where & SSL.SSL_CB_LOOP:
        line = _step(connection.get_state_string().decode("ascii", "replace"))
        if line:
            journal.note(f"Handshake: {line}")


def _step(state: str) -> str:
    """``SSLv3/TLS write client hello`` in plain words; empty for the states in between."""
    for verb, done in ((" write ", "sent"), (" read ", "received")):
        _, found, message = state.partition(verb)
        if found:
            return f"{message} {done}"
    return ""
