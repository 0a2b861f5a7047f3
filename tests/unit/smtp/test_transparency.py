"""Transparency (RFC 5321 section 4.5.2): what arrives is what was sent, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.smtp.transparency import content_pieces, stuffed


def on_the_wire(header: bytes, body: bytes, piece: int) -> bytes:
    return b"".join(bytes(part) for part, _ in content_pieces(header, body, piece))


def received(wire: bytes) -> bytes:
    """What a server makes of it: line by line, until the lone dot."""
    assert wire.endswith(b"\r\n.\r\n")
    lines = wire.removesuffix(b"\r\n.\r\n").split(b"\r\n")
    assert b"." not in lines, "the message would end early"
    return b"\r\n".join(line.removeprefix(b".") for line in lines) + b"\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", b"H: 1\r\n\r\n.\r\n"),
        (b"a\r\n", b"H: 1\r\n\r\na\r\n.\r\n"),
        (b"a", b"H: 1\r\n\r\na\r\n.\r\n"),
        (b".", b"H: 1\r\n\r\n..\r\n.\r\n"),
        (b".\r\n", b"H: 1\r\n\r\n..\r\n.\r\n"),
        (b"a\r\n.\r\nb\r\n", b"H: 1\r\n\r\na\r\n..\r\nb\r\n.\r\n"),
        (b"..\r\n.a\r\n", b"H: 1\r\n\r\n...\r\n..a\r\n.\r\n"),
        (b"a.\r\nb\r\n", b"H: 1\r\n\r\na.\r\nb\r\n.\r\n"),
    ],
)
@pytest.mark.parametrize("piece", [2, 3, 1000])
def test_dots_at_the_beginning_of_a_line_are_doubled(body, expected, piece):
    assert on_the_wire(b"H: 1\r\n\r\n", body, piece) == expected


def test_a_text_without_such_dots_is_not_copied():
    text = b"a.b\r\nc.d\r\n" * 1000
    assert stuffed(text) is text


def test_a_short_message_is_one_piece():
    assert [sent for _, sent in content_pieces(b"H: 1\r\n\r\n", b"text\r\n", 65536)] == [6]


def test_pieces_end_with_a_line_so_that_no_character_is_cut():
    body = "zwölf Boxkämpfer 十二\r\n".encode() * 1000
    pieces = [bytes(part) for part, _ in content_pieces(b"", body, 1000)]
    assert "".join(piece.decode() for piece in pieces) == body.decode() + ".\r\n"
    assert all(piece.endswith(b"\r\n") for piece in pieces)
    assert {len(piece) for piece in pieces[:-1]} == {1000 // 27 * 27}


_lines = st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"a.", b"long " * 5]), max_size=30)


@given(_lines, st.integers(2, 40))
def test_a_server_receives_what_was_sent_whatever_the_cuts(lines, piece):
    body = b"".join(line + b"\r\n" for line in lines)
    wire = on_the_wire(b"H: 1\r\n\r\n", body, piece)
    assert received(wire) == b"H: 1\r\n\r\n" + body


@given(_lines, _lines, st.integers(2, 40))
def test_what_stands_in_front_of_the_body_is_left_out(before, lines, piece):
    front, body = (b"".join(line + b"\r\n" for line in part) for part in (before, lines))
    wire = b"".join(bytes(part) for part, _ in content_pieces(b"H: 1\r\n\r\n", front + body, piece, len(front)))
    assert wire == on_the_wire(b"H: 1\r\n\r\n", body, piece)


@given(_lines, st.integers(2, 40))
def test_the_octets_counted_are_those_of_the_body(lines, piece):
    body = b"".join(line + b"\r\n" for line in lines)
    counts = [sent for _, sent in content_pieces(b"H: 1\r\n\r\n", body, piece)]
    assert counts == sorted(counts)
    assert counts[-1] == len(body)
