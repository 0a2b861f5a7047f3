"""CHUNKING (RFC 3030) to a real Postfix and a real Exim: what arrives is what DATA delivers."""

from __future__ import annotations

from typing import Any

import pytest

from interop.exim import Exim
from interop.postfix import Postfix
from wire.mailer import Mailer

pytestmark = pytest.mark.interop

DOTS = ".\r\n..\r\n.one\r\n...two\r\n\r\n.\r\nQUIT\r\n.\r\n"
LONG = "".join(f".{number:07d} {'x' * 60}.\r\n" for number in range(42_000))  # 3 MB
TEXTS = {
    "dots": DOTS,
    "utf-8": "Grüße\r\n.漢字\r\n",
    "no line end": DOTS + ".",
    "several chunks": LONG,
    "empty": "",
}


@pytest.fixture(params=["postfix", "exim"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def deliver(server: Postfix | Exim, chunking: bool, **properties: Any) -> tuple[bytes, list[str]]:
    """The message in bob's mailbox, from its own first field on, and what this side said."""
    with Mailer(server.plain_port, **properties) as mailer:
        mailer.config(UseChunking=chunking)
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        said = [p["message"] for _, p in mailer.events if p["direction"] == 0]
    stored = server.message("bob")
    return stored[stored.index(b"\nFrom: alice") :], said


@pytest.mark.parametrize("text", list(TEXTS.values()), ids=list(TEXTS))
def test_bdat_delivers_the_octets_that_data_delivers(server: Postfix | Exim, text: str):
    chunked, said = deliver(server, True, MessageText=text)
    by_data, _ = deliver(server, False, MessageText=text)
    assert chunked == by_data
    assert "DATA" not in said
    chunks = [line for line in said if line.startswith("BDAT")]
    assert len(chunks) == (3 if text is LONG else 1)
    assert chunks[-1].endswith(" LAST")
    expected = text if text.endswith("\r\n") or not text else text + "\r\n"
    assert chunked.partition(b"\n\n")[2] == expected.replace("\r\n", "\n").encode()  # files there have LF


@pytest.mark.parametrize("text", [DOTS, LONG], ids=["short", "long"])
def test_a_refused_recipient_leaves_a_session_that_can_be_used(server: Postfix | Exim, text: str):
    with Mailer(server.plain_port, SendTo="nobody@example.test", MessageText=text) as mailer:
        mailer.config(UseChunking=True)
        assert mailer.connect() == 0, mailer.error
        assert mailer.send() == 161
        assert mailer.error[1].startswith("550")
        assert mailer.get("Connected") is True
        mailer.set(SendTo="bob@example.test")
        assert mailer.send() == 0, mailer.error
        assert mailer.get("Connected") is True
    assert server.message("bob")


def test_a_refused_recipient_among_others_is_left_out(server: Postfix | Exim):
    with Mailer(server.plain_port, SendTo="nobody@example.test, bob@example.test, alice@example.test") as mailer:
        mailer.config(UseChunking=True, StopOnToErrors=False)
        mailer.record("Error")
        assert mailer.send() == 0, mailer.error
        assert len(mailer.events) == 1
    assert server.message("bob")
    assert server.message("alice")
