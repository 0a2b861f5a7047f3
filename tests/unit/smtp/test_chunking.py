"""The chunks of a message (RFC 3030): all of it, nothing else, and sizes that are exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.smtp.chunking import message_chunks
from ssmtp_compat.smtp.transparency import content_pieces

HEADER = b"H: 1\r\n\r\n"


def cut(body: bytes, chunk: int, piece: int, front: bytes = b"") -> list[tuple[int, bool, list[bytes], list[int]]]:
    """Size, whether it is the last, pieces and counts of every chunk."""
    found = []
    for each in message_chunks(HEADER, front + body, chunk, piece, len(front)):
        pieces = [(bytes(part), sent) for part, sent in each.pieces]
        assert pieces[-1][1] == each.body_sent
        found.append((each.octets, each.last, [part for part, _ in pieces], [sent for _, sent in pieces]))
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", b""),
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),  # as in front of the dot behind DATA
        (b".\r\n..\r\n.a", b".\r\n..\r\n.a\r\n"),
        (b"\r\n.\r\n", b"\r\n.\r\n"),
    ],
)
@pytest.mark.parametrize("chunk", [2, 3, 1000])
def test_the_chunks_together_are_the_message_with_its_last_line_ended(body, expected, chunk):
    chunks = cut(body, chunk, 2)
    assert b"".join(part for _, _, parts, _ in chunks for part in parts) == HEADER + expected


def test_a_short_message_is_one_chunk_of_one_piece():
    assert cut(b"text", 1 << 20, 65536) == [(len(HEADER) + 6, True, [HEADER + b"text\r\n"], [4])]


_lines = st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"long " * 5]), max_size=30)


@given(_lines, _lines, st.sampled_from([b"", b"x", b"."]), st.integers(2, 60), st.integers(2, 40))
def test_sizes_are_exact_wherever_the_cuts_are(before, lines, unended, chunk, piece):
    front, body = (b"".join(line + b"\r\n" for line in part) for part in (before, lines))
    body += unended
    chunks = cut(body, chunk, piece, front)
    assert [size for size, _, _, _ in chunks] == [sum(map(len, parts)) for _, _, parts, _ in chunks]
    assert [last for _, last, _, _ in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(0 < size <= chunk + len(HEADER) + 2 for size, _, _, _ in chunks)
    counts = [count for _, _, _, counts in chunks for count in counts]
    assert counts == sorted(counts)
    assert counts[-1] == len(body)
    # No more and no less than what DATA delivers.
    wire = b"".join(bytes(part) for part, _ in content_pieces(HEADER, front + body, 1 << 20, len(front)))
    delivered = (b"\r\n" + wire[:-3]).replace(b"\r\n.", b"\r\n")[2:]
    assert b"".join(part for _, _, parts, _ in chunks for part in parts) == delivered
