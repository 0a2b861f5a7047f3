"""Memory that sending 50 MB takes above the message that the caller holds, each way in a process of its own."""

from __future__ import annotations

from collections.abc import Callable

from send import handle, send
from side_by_side import extra_memory, smtp_sink

SIZE = 50_000_000
GOAL = 25
FITTING, LONG = "x" * 70, "x" * 1200
WAYS = {
    "Message": ("Message", "", f"{FITTING}\r\n"),
    "Message with LF": ("Message", "", f"{FITTING}\n"),
    "MessageText, ASCII": ("MessageText", "", f"{FITTING}\r\n"),
    "MessageText, ASCII with LF": ("MessageText", "", f"{FITTING}\n"),
    "MessageText, 8-bit": ("MessageText", "Grüße\r\n", f"{FITTING}\r\n"),
    "MessageText, 8-bit with LF": ("MessageText", "Grüße\n", f"{FITTING}\n"),
    "MessageText, lines of 1,200, so quoted-printable": ("MessageText", "", f"{LONG}\r\n"),
}


def sending(port: int, name: str, head: str, line: str) -> Callable[[], object]:
    send(handle(port, **{name: line}))  # everything is loaded
    text = head + line * (SIZE // len(line))
    value: str | bytes = text
    if name == "Message":
        value = f"From: a@client.example\r\n\r\n{text}".encode()
    del text
    opened = handle(port, **{name: value})
    return lambda: send(opened)


if __name__ == "__main__":
    with smtp_sink() as sink_port:
        for title, way in WAYS.items():
            extra = extra_memory(sending, sink_port, *way)
            verdict = "met" if extra <= GOAL else "MISSED"
            print(f"50 MB as {title}: {extra:.0f} MB above the message (goal {GOAL} MB: {verdict})")
