"""What looks like a server that chokes on PIPELINING, and what does not. Bytes only."""

from __future__ import annotations

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import (
    ConnectionFailedError,
    OperationInterruptedError,
    OperationTimeoutError,
    ProtocolError,
    ReplyError,
    SSMTPError,
    TLSError,
)
from ssmtp_compat.operations.choking import chokes
from ssmtp_compat.smtp import commands
from ssmtp_compat.smtp.session import Session

GROUP = (commands.mail("alice@example.test"), commands.rcpt("bob@example.test"), commands.DATA)
CHUNK = commands.bdat(1, b"x", last=True)


def group(
    replies: bytes, *, offer: bytes = b"250-x\r\n250 PIPELINING\r\n", last: commands.Command = GROUP[2]
) -> Session:
    """A session that has sent a group and got ``replies`` to it."""
    session = Session()
    session.receive(b"220 x\r\n")
    session.next_answer()
    session.send(commands.ehlo("client.example.test"))
    session.receive(offer)
    session.next_answer()
    for command in (*GROUP[:2], last) if session.pipelines else GROUP[:1]:
        session.send(command)
    session.data_to_send()
    session.receive(replies)
    while session.next_answer():
        pass
    return session


DROPPED = ConnectionFailedError(ErrorCode.CONNECTION_DROPPED, "")
RESET = ConnectionFailedError(ErrorCode.WSAECONNRESET, "")
TIMEOUT = OperationTimeoutError("")


@pytest.mark.parametrize(
    ("replies", "error", "expected"),
    [
        (b"", DROPPED, True),
        (b"", RESET, True),
        (b"250 ok\r\n", TIMEOUT, True),
        (b"250 ok\r\n250 ok\r\n", DROPPED, True),
        (b"250 ok\r\n250 ok\r\n354 go\r\n", DROPPED, False),
        (b"250 ok\r\n250 ok\r\n354 go\r\n", TIMEOUT, False),
        (b"250 ok\r\n503 no\r\n", ReplyError("503 no", 503), True),
        (b"250 ok\r\n250 ok\r\n500 no\r\n", ReplyError("500 no", 500), True),
        (b"250 ok\r\n550 no\r\n", ReplyError("550 no", 550), False),
        (b"250 ok\r\n450 no\r\n", ReplyError("450 no", 450), False),
        (b"503 no\r\n", ReplyError("503 no", 503), False),
        (b"250 ok\r\n421 no\r\n", ReplyError("421 no", 421), False),
        (b"", ConnectionFailedError(ErrorCode.WSAENETUNREACH, ""), False),
        (b"", OperationInterruptedError(), False),
        (b"", ProtocolError("odd"), False),
        (b"", TLSError(ErrorCode.TLS_DECRYPT, ""), False),
    ],
    ids=str,
)
def test_a_close_silence_and_a_contradiction(replies: bytes, error: SSMTPError, expected: bool):
    assert chokes(group(replies), error) is expected


@pytest.mark.parametrize("error", [DROPPED, TIMEOUT, ReplyError("503 no", 503)], ids=str)
def test_nothing_where_commands_go_out_one_by_one(error: SSMTPError):
    assert not chokes(group(b"", offer=b"250 x\r\n"), error)


def test_pipelining_can_be_given_up_in_the_middle_of_a_group():
    session = group(b"250 ok\r\n503 no\r\n")
    session.stop_pipelining()
    session.receive(b"503 no\r\n")
    assert session.next_answer()
    assert not session.in_flight
    session.send(commands.RSET)
    assert not session.may_send(GROUP[0])


def test_a_chunk_and_a_message_are_content_until_they_are_answered():
    session = group(b"250 ok\r\n", last=CHUNK)
    assert session.sends_content
    session.receive(b"250 ok\r\n250 ok\r\n")
    while session.next_answer():
        pass
    assert not session.sends_content
    session = group(b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert not session.sends_content
    session.content_sent()
    assert session.sends_content
