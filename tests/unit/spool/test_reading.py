"""Opening queued messages that are longer than what is read at once."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssmtp_compat.smtp.transparency import content_pieces
from ssmtp_compat.spool.claim import claim_file
from ssmtp_compat.spool.directory import SpoolDirectory
from ssmtp_compat.spool.format import FormatError, read_header
from ssmtp_compat.spool.reading import OpenedMessage, open_message

HEADER = "Subject: grün\r\n\r\n".encode()
LINE = b"." + b"x" * 70 + b"\r\n"
WINDOW = 1 << 17


def write(directory: Path, message: bytes) -> None:
    block = (
        f"ssmtp_compat queue 1\nFrom: <>\nRecipient: To <bob@example.test>\nBody: 7bit\nLength: {len(message)}\n"
        f"SHA-256: {hashlib.sha256(message).hexdigest()}\n\n"
    )
    path = directory / "x.queued"
    path.write_bytes(block.encode() + message)
    path.chmod(0o600)


@contextmanager
def opened(directory: Path) -> Iterator[OpenedMessage]:
    with SpoolDirectory(str(directory)) as spool:
        (waiting,) = spool.waiting()
        claim = claim_file(spool, waiting)
        assert claim is not None
        try:
            yield open_message(claim)
        finally:
            claim.close()


@pytest.mark.parametrize("padding", range(5))
def test_a_long_message_comes_out_whole_wherever_its_lines_are_cut(tmp_path: Path, padding: int):
    # The end of what is read at once falls before, into and behind a line end.
    first = b"y" * padding + b"\r\n"
    body = first + (b"z" * 62 + b"\r\n") * (3 * WINDOW // 64)
    write(tmp_path, HEADER + body)
    with opened(tmp_path) as message:
        composed = message.composed
        pieces = content_pieces(composed.header + b"\r\n", composed.content, 65536, composed.body_start)
        assert b"".join(piece for piece, _ in pieces) == HEADER + body + b".\r\n"
        assert (composed.eight_bit, composed.needs_smtputf8) == (False, True)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (b"a\nb\r\n", "line ends other than CRLF"),
        (b"a\rb\r\n", "line ends other than CRLF"),
        (b"a\0b\r\n", "a NUL"),
        (b"a" * 999 + b"\r\n", "a line over 998 octets"),
        (b"a" * 300_000 + b"\r\n", "a line over 998 octets"),
        (b"\xfc\r\n", "octets above 127"),
        (b"a\r", "line ends other than CRLF"),
    ],
)
def test_what_is_not_fit_for_the_wire_is_found_far_behind(tmp_path: Path, fault: bytes, words: str):
    for behind in (b"", LINE * 5000):
        write(tmp_path, HEADER + LINE * (2 * WINDOW // len(LINE)) + fault + behind)
        with pytest.raises(FormatError, match=words), opened(tmp_path):
            pass
        (tmp_path / "x.sending").unlink()


def test_octets_above_127_in_the_header_alone_are_no_8bit_body(tmp_path: Path):
    write(tmp_path, HEADER + LINE)
    with opened(tmp_path) as message:
        assert not message.composed.eight_bit


def test_a_long_message_is_never_held(tmp_path: Path):
    count = 20_000_000 // len(LINE)
    write(tmp_path, HEADER + LINE * count)
    tracemalloc.start()
    try:
        with opened(tmp_path) as message:
            composed = message.composed
            sent = 0
            for piece, _ in content_pieces(b"\r\n", composed.content, 65536, composed.body_start):
                sent += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent == len(b"\r\n") + count * (len(LINE) + 1) + len(b".\r\n")
    assert peak < 1_000_000


@pytest.mark.parametrize("value", ['<"' + 'a"b"' * 250_000, "<a" * 500_000, "<a@b>" + " a" * 500_000])
def test_a_line_that_is_long_on_purpose_takes_a_few_times_its_length(value: str):
    block = f"ssmtp_compat queue 1\nRecipient: To {value}".encode()
    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            read_header(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 15 * len(block)
