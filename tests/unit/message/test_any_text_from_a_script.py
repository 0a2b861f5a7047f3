"""Whatever a script sets: a header and a body that every relay can take, or a documented error, in linear time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz import addresses, bodies, headers
from fuzz.error_text import check_error
from ssmtp_compat.errors import InvalidValueError
from ssmtp_compat.message.addresses import Mailbox, parse_address_list
from ssmtp_compat.message.compose import MessageSpec, compose, raw_message
from ssmtp_compat.message.encoded_words import encode_words
from steps import steps

CORPUS = Path(headers.__file__).parent / "corpus"
bounded = settings(max_examples=60, deadline=None, derandomize=True)

# Controls, line ends of Unicode, lone surrogates, and characters whose low octet is a line end.
ODD = st.sampled_from("\r\n\0\t\x1b\x7f\x85\u2028\ud800\u760d\u760a\u202e")
TEXT = st.one_of(st.text(max_size=40), st.lists(st.one_of(ODD, st.text(max_size=8)), max_size=10).map("".join))
ADDRESSES = st.one_of(
    TEXT,
    st.lists(
        st.sampled_from(
            [
                *'@<>,;:"\\()[] \t',
                "a",
                "a.b",
                "b.test",
                "192.0.2.1",
                "ü",
                "\r\n",
                "\0",
                "=?utf-8?q?a?=",
                '"x y"',
                "x" * 70,
                "bücher.test",
                "[IPv6:::1]",
                "[",
                "xn--",
            ]
        ),
        max_size=16,
    ).map("".join),
)
GOOD_FIELD = st.builds(
    lambda name, value: f"{name}: {value}",
    st.sampled_from(["X-A", "To", "Date", "Content-Type", "Content-Transfer-Encoding", "References", "Comments"]),
    st.sampled_from(["text/plain", "multipart/mixed; boundary=x", "8bit", "ü <a@b.test>", "y" * 1000, "z " * 600, ""]),
)
OTHER_HEADERS = st.one_of(TEXT, st.lists(st.one_of(GOOD_FIELD, TEXT), max_size=5).map("\r\n".join))


def seeds(target: str) -> list[Path]:
    return sorted((CORPUS / target).iterdir())


@pytest.mark.parametrize("seed", seeds("addresses"), ids=lambda seed: seed.name)
def test_seeds_of_the_address_parser(seed: Path):
    addresses.fuzz(seed.read_bytes())
    assert addresses.parse(seed.read_text("utf-8"))


@pytest.mark.parametrize("seed", seeds("headers"), ids=lambda seed: seed.name)
def test_seeds_of_the_composer(seed: Path):
    headers.fuzz(seed.read_bytes())


@pytest.mark.parametrize("seed", seeds("bodies"), ids=lambda seed: seed.name)
def test_seeds_of_long_bodies(seed: Path):
    bodies.fuzz(seed.read_bytes())


@bounded
@given(TEXT, st.sampled_from(bodies.CODECS), st.integers(1, 40), st.booleans())
def test_any_long_body_becomes_what_a_short_one_does(text: str, codec: str, block: int, eight_bit: bool):
    bodies.check(text, codec, block, eight_bit=eight_bit)


@bounded
@given(ADDRESSES)
def test_any_text_is_a_list_of_addresses_or_an_error_that_names_it(text: str):
    addresses.check(text)


@bounded
@given(
    subject=TEXT,
    names=st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20), max_size=3),
    other_headers=OTHER_HEADERS,
    body=st.one_of(st.binary(max_size=80), TEXT.map(lambda text: text.encode("utf-8", "replace"))),
    body_charset=st.sampled_from([*headers.CHARSETS[1:], "no-such-set", ""]),
    header_charset=st.sampled_from([*headers.CHARSETS, "no-such-set"]),
    line_limit=st.sampled_from(headers.LIMITS),
)
def test_any_parts_make_a_message_or_an_error(names: list[str], **parts):
    headers.check(MessageSpec(to=tuple(Mailbox(name, "a", "b.test") for name in names), **parts))


@bounded
@given(st.one_of(st.binary(max_size=200), TEXT.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_octets_are_a_raw_message_or_an_error(data: bytes):
    try:
        headers.check_message(raw_message(data))
    except InvalidValueError as error:
        check_error(error)


@pytest.mark.parametrize(
    "piece",
    ["a@b.test, ", "A <a@b.test>,", "T: a@b.test;,", "(", "(a)", '"a" ', "\\", "<", "a.", "[", "a ", ",", "ü@ü.test,"],
)
def test_a_list_twice_as_long_is_at_most_twice_the_work(piece: str):
    def work(times: int) -> int:
        def parse() -> None:
            with suppress(InvalidValueError):
                parse_address_list(piece * times, "SendTo")

        return steps(parse)

    parse_address_list("ü@ü.test", "SendTo")  # tables load at the first use
    assert work(800) <= 2 * work(400) + 50


@pytest.mark.parametrize("piece", ["a ", "ü", "ü ", "\u3053", "=?x?=", "\U0001f600"])
@pytest.mark.parametrize("charset", ["", "utf-8", "iso-2022-jp"])
def test_a_subject_twice_as_long_is_at_most_twice_the_work(piece: str, charset: str):
    def work(times: int) -> int:
        def write() -> None:
            with suppress(InvalidValueError):
                compose(MessageSpec(subject=piece * times, header_charset=charset), eight_bit=True)

        return steps(write)

    assert work(800) <= 2.1 * work(400)


@pytest.mark.parametrize("text", ["a", "ü", "\u3053", "\U0001f600", "=?", "  "])
def test_encoded_words_have_a_bound(text: str):
    words = encode_words("Subject", text * 500, "utf-8", 78)
    assert sum(map(len, words)) <= 20 * len(text.encode()) * 500
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize("piece", ["X: y\r\n", "X: y\r\n z\r\n", "X: ü\r\n", "X", " ", "\r\n"], ids=ascii)
def test_twice_the_fields_are_at_most_twice_the_work(piece: str):
    def work(times: int) -> int:
        def write() -> None:
            with suppress(InvalidValueError):
                compose(MessageSpec(other_headers=piece * times), eight_bit=True)

        return steps(write)

    assert work(800) <= 2 * work(400) + 50
