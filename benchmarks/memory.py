"""Memory that sending 50 MB takes above the message that the caller holds, each way in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

from send import BODY, handle, send
from side_by_side import extra_memory, smtp_sink

SIZE = 50_000_000
GOAL = 25
WAYS = {
    "Message, as octets": ("Message", b"From: a@client.example\r\n\r\n"),
    "MessageText, ASCII": ("MessageText", ""),
    "MessageText, 8-bit": ("MessageText", "Grüße\r\n"),
}


def sending(port: int, name: str, head: str | bytes) -> Callable[[], object]:
    send(handle(port, **{name: head or "x"}))  # everything is loaded
    body = BODY * (SIZE // len(BODY))
    value: str | bytes = head + body.encode() if isinstance(head, bytes) else head + body
    del body
    opened = handle(port, **{name: value})
    return lambda: send(opened)


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        for title, (property_name, beginning) in WAYS.items():
            extra = extra_memory(sending, sink_port, property_name, beginning)
            verdict = "met" if extra <= GOAL else "MISSED"
            print(f"50 MB as {title}: {extra:.0f} MB above the message (goal {GOAL} MB: {verdict})")
