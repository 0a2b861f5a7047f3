"""One AUTH command with bytes alone: what goes on the command line, what is answered, and what ends it."""

from __future__ import annotations

import base64

import pytest

from ssmtp_compat.errors import ProtocolError, ReplyError
from ssmtp_compat.smtp.auth.exchange import AuthExchange
from ssmtp_compat.smtp.auth.mechanism import Mechanism
from ssmtp_compat.smtp.replies import Reply


class Scripted(Mechanism):
    """Answers every challenge with the challenge in capitals."""

    def __init__(self, initial: bytes | None) -> None:
        self._initial = initial
        self.finished = False

    def start(self) -> bytes | None:
        return self._initial

    def step(self, challenge: bytes) -> bytes:
        return challenge.upper()

    def finish(self) -> None:
        self.finished = True


def asked(challenge: bytes) -> Reply:
    return Reply(334, (f"334 {base64.b64encode(challenge).decode()}",))


def test_an_empty_initial_response_is_an_equals_sign():
    assert AuthExchange("X", Scripted(b"")).command.line == b"AUTH X ="
    assert AuthExchange("X", Scripted(None)).command.line == b"AUTH X"


# "AUTH ", the name, a blank and CRLF; base64 of 375 octets has 500, of 378 it has 504.
@pytest.mark.parametrize(("name", "octets", "rides"), [("XXXX", 375, True), ("XXXXX", 375, False), ("X", 378, False)])
def test_an_initial_response_beyond_512_octets_waits_to_be_asked_for(name: str, octets: int, rides: bool):
    initial = b"i" * octets
    exchange = AuthExchange(name, Scripted(initial))
    assert (exchange.command.line == f"AUTH {name}".encode()) is not rides
    assert len(exchange.command.line) + 2 <= 512
    assert exchange.respond(asked(b"")) == base64.b64encode(initial)
    assert exchange.respond(asked(b"next")) == base64.b64encode(b"NEXT")


@pytest.mark.parametrize("said", ["334", "334 GSSAPI supported", "334 Okay", "334-well,\n334 \ufffd"])
def test_whatever_words_ask_for_the_initial_response_get_it(said: str):
    """Exchange says "GSSAPI supported"; nothing that a server can say here is a challenge."""
    exchange = AuthExchange("X", Scripted(b"i" * 600))
    assert exchange.respond(Reply(334, tuple(said.split("\n")))) == base64.b64encode(b"i" * 600)
    with pytest.raises(ProtocolError, match="not base64"):
        exchange.respond(Reply(334, ("334 GSSAPI supported",)))


def test_an_initial_response_that_was_sent_gets_a_challenge_in_return():
    exchange = AuthExchange("X", Scripted(b"i"))
    assert exchange.respond(asked(b"next")) == base64.b64encode(b"NEXT")


def test_only_the_first_empty_challenge_asks_for_the_initial_response():
    exchange = AuthExchange("X", Scripted(b"initial"))
    assert exchange.respond(asked(b"")) == base64.b64encode(b"initial")
    assert exchange.respond(asked(b"")) == b""
    assert AuthExchange("X", Scripted(None)).respond(asked(b"")) == b""


@pytest.mark.parametrize("lines", [("334-say it", "334 YWJj"), ("334  YWJj",), ("334 YWJj \t",)])
def test_only_the_last_line_of_a_challenge_counts_and_no_blanks_around_it(lines: tuple[str, ...]):
    reply = Reply(334, lines)
    assert AuthExchange("X", Scripted(None)).respond(reply) == base64.b64encode(b"ABC")


@pytest.mark.parametrize(
    "text", ["334 ?", "334 YWJ", "334 ünicode", "334 YWJj YWJj", "334 YWJj\u00a0", "334 =", "334 \ufffd"]
)
def test_a_challenge_that_is_not_base64_is_refused(text: str):
    with pytest.raises(ProtocolError, match="sent a X challenge that is not base64"):
        AuthExchange("X", Scripted(None)).respond(Reply(334, (text,)))


def test_sixteen_answers_are_enough():
    exchange = AuthExchange("X", Scripted(None))
    for _ in range(16):
        exchange.respond(asked(b"more"))
    with pytest.raises(ProtocolError, match="still asks after 16 answers in the X mechanism"):
        exchange.respond(asked(b"more"))


def test_how_long_a_response_may_be_is_for_the_server_to_say():
    """RFC 4954 section 4 has servers refuse what they cannot hold; the tickets of some are longer than 12288 octets."""
    assert AuthExchange("X", Scripted(None)).respond(asked(b"x" * 50000)) == base64.b64encode(b"X" * 50000)
    assert AuthExchange("X", Scripted(b"i" * 50000)).respond(asked(b"")) == base64.b64encode(b"i" * 50000)


def test_success_is_told_to_the_mechanism_and_a_refusal_is_not():
    mechanism = Scripted(None)
    exchange = AuthExchange("X", mechanism)
    with pytest.raises(ReplyError, match="535 no") as caught:
        exchange.finish(Reply(535, ("535 no",)))
    assert caught.value.reply_code == 535
    assert not mechanism.finished
    exchange.finish(Reply(235, ("235 yes",)))
    assert mechanism.finished


def test_what_a_challenge_explained_stands_behind_the_refusal():
    mechanism = Scripted(None)
    mechanism.refusal_detail = "expired"
    with pytest.raises(ReplyError, match=r"535 no \(the server explains: expired\)"):
        AuthExchange("X", mechanism).finish(Reply(535, ("535 no",)))
