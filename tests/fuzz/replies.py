"""The reply parser: any octets, however they are cut."""

from __future__ import annotations

from fuzz.error_text import check_error
from ssmtp_compat.errors import ProtocolError
from ssmtp_compat.smtp.replies import Reply, ReplyParser

MAX_LINE = 256


def fuzz(data: bytes) -> None:
    whole = parse([data])
    assert parse([data[at : at + 1] for at in range(len(data))]) == whole
    assert parse([data[: len(data) // 2], data[len(data) // 2 :]]) == whole


def parse(pieces: list[bytes], max_line: int = MAX_LINE) -> tuple[list[Reply], str]:
    """The replies that come out, and the text of the error that ends them, if one does."""
    parser = ReplyParser(max_line)
    replies: list[Reply] = []
    for piece in pieces:
        parser.feed(piece)
        try:
            while (reply := parser.next_reply()) is not None:
                check(reply, max_line)
                replies.append(reply)
        except ProtocolError as error:
            check_error(error)
            return replies, error.message
    assert len(replies) <= b"".join(pieces).count(b"\n")
    return replies, ""


def check(reply: Reply, max_line: int) -> None:
    assert 200 <= reply.code <= 599
    assert reply.lines
    for line in reply.lines:
        assert "\n" not in line
        assert line[:3] == str(reply.code)
        assert len(line) <= max_line
