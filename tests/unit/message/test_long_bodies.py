"""A long body, of which no copy is made, goes out as a short one would. Here all are long from their first octet on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.message import body
from ssmtp_compat.message.ascii_text import AsciiText
from ssmtp_compat.message.body import LineBlocks
from ssmtp_compat.message.canonical import encode_text, has_ascii_line_ends, has_long_line, to_crlf
from ssmtp_compat.message.compose import Composed, MessageSpec, compose, raw_message
from ssmtp_compat.settings.code_pages import codec_of
from ssmtp_compat.smtp.chunking import message_chunks
from ssmtp_compat.smtp.transparency import content_pieces

CODE_PAGES = (65001, 65000, 20127, 28591, 28605, 1250, 1251, 1252, 20866, 10000)
EAST_ASIAN_CODE_PAGES = (932, 936, 949, 950, 1361, 50220, 51932, 51949, 54936)

TEXTS = st.lists(
    st.sampled_from(
        ["\r\n", "\n", "\r", ".", "a", "+", "~", "\\", "From ", "ü", "日本", "カ", "한", "= \r\n", "x" * 990, "\0"]
    ),
    max_size=20,
).map("".join)


@pytest.fixture(autouse=True, scope="module")
def bodies_are_long() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(body, "LONG", 0)
        patched.setattr(body, "_BLOCK", 5)
        yield


def facts(made: Composed) -> object:
    content, start = made.content, made.body_start
    return (
        made.header,
        made.body,
        made.eight_bit,
        made.needs_smtputf8,
        [(bytes(part), sent) for part, sent in content_pieces(b"A: b\r\n\r\n", content, 80, start)],
        [
            (chunk.octets, chunk.last, [(bytes(part), sent) for part, sent in chunk.pieces])
            for chunk in message_chunks(b"A: b\r\n\r\n", content, 300, 100, start)
        ],
    )


@given(TEXTS, st.sampled_from(["", "Content-Transfer-Encoding: 8bit\r\n"]), st.booleans())
@example("ü" * 1000, "", True)
@example("x" * 1000, "", False)
def test_it_is_composed_and_cut_as_its_octets_are(text, headers, eight_bit):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(body, "LONG", 1 << 20)
        expected = outcome(text.encode(), headers, eight_bit)
    assert outcome(LineBlocks(text, "utf-8"), headers, eight_bit) == expected
    assert outcome(text.encode(), headers, eight_bit) == expected
    if text.isascii():
        assert outcome(AsciiText(text), headers, eight_bit) == expected


def outcome(octets: body.Octets, headers: str, eight_bit: bool) -> object:
    try:
        return facts(compose(MessageSpec(body=octets, other_headers=headers), eight_bit=eight_bit))
    except SSMTPError as error:
        return repr(error)


@given(
    st.sampled_from(["", "Subject: x\r\n", "Subject: ü\nBcc: b@c\n\td@e\n", "\n", "a"]),
    st.sampled_from(["", "\n", "\r\n"]),
    TEXTS,
)
def test_a_raw_message_is_the_same_too(header, between, text):
    data = (header + between + text).encode()
    outcomes = []
    for long in (0, 1 << 20):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(body, "LONG", long)
            try:
                outcomes.append(facts(raw_message(data)))
            except SSMTPError as error:
                outcomes.append(repr(error))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("code_page", CODE_PAGES + EAST_ASIAN_CODE_PAGES)
def test_line_by_line_every_code_page_gives_the_same_octets(code_page):
    codec = codec_of(code_page)
    assert has_ascii_line_ends(codec)
    sample = "a日本ü+\n~カ{\\}한\r\nяж+-\nü日\nカ~\n\n한a"
    text = sample.encode(codec, "ignore").decode(codec)
    blocks = LineBlocks(text, codec)
    assert bytes(blocks) == to_crlf(text.encode(codec))
    assert len(list(blocks.blocks())) > 3


@given(TEXTS, st.data())
def test_what_is_read_of_it_is_read_of_its_octets(text, data):
    blocks, octets = LineBlocks(text, "utf-8"), to_crlf(text.encode())
    ends = st.integers(0, len(octets) + 3)
    start, end = data.draw(ends), data.draw(ends)
    part = data.draw(st.sampled_from([b"\r\n", b"\r\n.", b"x", b"From ", b"\0", b"a\r\n"]))
    assert (len(blocks), bytes(blocks), blocks[start:end]) == (len(octets), octets, octets[start:end])
    assert blocks.find(part, start, end) == octets.find(part, start, end)
    assert blocks.find(part) == octets.find(part)
    assert blocks.rfind(part, start, end) == octets.rfind(part, start, end)
    assert blocks.startswith(part, start) == octets.startswith(part, start)
    assert blocks.endswith(part, start) == octets.endswith(part, start)
    assert (part in blocks) == (part in octets)
    assert blocks.isascii() == octets.isascii()
    assert blocks.has_long_line == has_long_line(octets)
    if start < len(octets):
        assert blocks[start] == octets[start]


def test_what_is_looked_for_is_found_across_the_windows_that_are_searched():
    blocks = LineBlocks(b"x" * 65534 + b"\r\n\r\n")
    assert blocks.find(b"\r\n\r\n") == 65534


def test_a_character_that_the_code_page_lacks_is_told_by_its_place_in_the_whole_text():
    text = "a line\r\n" * 5 + "ab€"
    with pytest.raises(SSMTPError) as told:
        LineBlocks(text, "iso8859-1")
    with pytest.raises(SSMTPError) as expected:
        encode_text(text, "iso8859-1")
    assert str(told.value) == str(expected.value)
    assert "position 43" in str(told.value)
