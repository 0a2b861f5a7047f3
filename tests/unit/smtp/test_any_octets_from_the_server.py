"""Whatever a server sends, and however it arrives: replies or a ProtocolError, in time that grows with the octets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import replies, sasl, session
from ssmtp_compat.smtp.replies import ReplyParser
from steps import steps

CORPUS = Path(session.__file__).parent / "corpus"
bounded = settings(max_examples=60, deadline=None, derandomize=True)

LINE = st.builds(
    lambda code, separator, text, end: code + separator + text + end,
    st.sampled_from([b"220", b"250", b"334", b"354", b"421", b"550", b"199", b"600", b"2x0", b"\xb2\xb5\xb0", b""]),
    st.sampled_from([b" ", b"-", b"", b"\t"]),
    st.sampled_from([b"", b"ok", b"PIPELINING", b"STARTTLS", b"\r", b"\0\x1b[2J", b"x" * 251, b"x" * 252, b"x" * 253]),
    st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n", b""]),
)
FROM_SERVER = st.one_of(st.binary(max_size=600), st.lists(LINE, max_size=20).map(b"".join))
SCRIPT = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([*session.COMMANDS, *session.RAW, *"rctpl\x01\x08\xff"]), max_size=40).map(
        lambda script: "".join(script).encode("latin-1")
    ),
)


def seeds(target: str) -> list[Path]:
    return sorted((CORPUS / target).iterdir())


@pytest.mark.parametrize("seed", seeds("replies"), ids=lambda seed: seed.name)
def test_seeds_of_the_reply_parser(seed: Path):
    replies.fuzz(seed.read_bytes())


@pytest.mark.parametrize("seed", seeds("session"), ids=lambda seed: seed.name)
def test_seeds_of_the_session(seed: Path):
    session.fuzz(seed.read_bytes())


@pytest.mark.parametrize("seed", seeds("sasl"), ids=lambda seed: seed.name)
def test_seeds_of_the_mechanisms(seed: Path):
    sasl.fuzz(seed.read_bytes())


def test_the_seeds_reach_the_end_of_a_delivery():
    from_server, _, script = (CORPUS / "session" / "delivery").read_bytes().partition(b"\0")
    dialogue = session.Dialogue(from_server)
    for octet in script:
        dialogue.happen(chr(octet))
    assert dialogue.closed


@bounded
@given(FROM_SERVER)
def test_the_cuts_between_reads_change_neither_replies_nor_error(data: bytes):
    replies.fuzz(data)


@bounded
@given(FROM_SERVER, SCRIPT)
def test_a_session_pairs_every_reply_or_ends(from_server: bytes, script: bytes):
    session.play(from_server, script)


@bounded
@given(st.lists(st.sampled_from([b"220 hi\r\n", b"250 ok\r\n", b"250-x\r\n250 PIPELINING\r\n", b"354 go\r\n"])), SCRIPT)
def test_a_session_with_a_server_that_is_nearly_right(lines: list[bytes], script: bytes):
    session.play(b"220 hi\r\n250-x\r\n250 PIPELINING\r\n" + b"".join(lines), b"\x08E\x17" + script)


@bounded
@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([b"", b"=", b"YQ==", b"r=,s=,i=1"])), max_size=6))
def test_any_challenge_is_answered_or_an_error_without_the_password(challenges: list[bytes]):
    sasl.fuzz(b"\n".join(challenges))


@pytest.mark.parametrize(
    "piece",
    [b"250 ok\r\n", b"250-ok\r\n", b"250-ok\n", b"250", b"x", b"\r", b"\0\n"],
    ids=ascii,
)
@pytest.mark.parametrize("at_once", [True, False])
def test_twice_the_octets_are_at_most_twice_the_work(piece: bytes, at_once: bool):
    def work(times: int) -> int:
        pieces = [piece * times] if at_once else [piece] * times
        return steps(lambda: replies.parse(pieces, 2048))

    # What the two have in common is counted once.
    assert work(400) <= 2 * work(200)


def test_what_a_parser_holds_has_a_bound():
    parser = ReplyParser(256)
    parser.feed(b"250-" + b"x" * 250)
    assert parser.next_reply() is None
    found, error = replies.parse([b"250-\r\n" * 300_000])
    assert (found, "more than 1048576 octets" in error) == ([], True)
