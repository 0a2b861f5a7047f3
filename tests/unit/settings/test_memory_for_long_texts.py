"""However long a message is, composing it and cutting it into pieces takes memory for a piece, not for a copy."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ssmtp_compat.catalog.enums import PropertyID
from ssmtp_compat.catalog.properties import PROPERTIES
from ssmtp_compat.message.compose import Composed, compose, raw_message
from ssmtp_compat.settings import views
from ssmtp_compat.settings.store import Settings
from ssmtp_compat.smtp.transparency import content_pieces

SIZE = 6_000_000
LINE = "x" * 70 + "\r\n"
UMLAUTS = "ä" * 35 + "b" * 35 + "\r\n"
TEXTS = {
    "ASCII": LINE,
    "ASCII, LF": LINE.replace("\r", ""),
    "8-bit": UMLAUTS,
    "8-bit, LF": UMLAUTS.replace("\r", ""),
    "long lines": "x" * 1200 + "\r\n",
    "long lines of 8-bit": "ä" * 600 + "\r\n",
}


def extra_memory(make: Callable[[], Composed]) -> int:
    """Octets that are taken at the most while a message is made and read once."""
    tracemalloc.start()
    try:
        composed = make()
        for _ in content_pieces(composed.header, composed.content, 65536, composed.body_start):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("eight_bit", [True, False], ids=["8BITMIME", "7-bit"])
@pytest.mark.parametrize("line", TEXTS.values(), ids=TEXTS)
def test_of_a_text_no_copy_is_made(line, eight_bit, settings: Settings):
    settings.set(PROPERTIES[PropertyID.MessageText], line * (SIZE // len(line.encode())))

    def make() -> Composed:

        spec = views.message_spec(settings, datetime.now(UTC), bytes(32))
        return compose(spec, eight_bit=eight_bit)

    assert extra_memory(make) < SIZE // 4


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_of_a_ready_message_no_copy_is_made(line_end):
    data = b"Subject: x\r\n\r\n" + (LINE.replace("\r\n", line_end) * (SIZE // len(LINE))).encode()
    assert extra_memory(lambda: raw_message(data)) < SIZE // 4
