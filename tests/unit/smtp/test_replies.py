"""The reply parser: RFC 5321 section 4.2, and the bounds that keep a bad server harmless."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.errors import ProtocolError
from ssmtp_compat.smtp.replies import MAX_REPLY_OCTETS, ReplyParser


def parse(data: bytes, max_line: int = 2048) -> list[tuple[int, tuple[str, ...]]]:
    parser = ReplyParser(max_line)
    parser.feed(data)
    replies = []
    while (reply := parser.next_reply()) is not None:
        replies.append((reply.code, reply.lines))
    return replies


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"250 ok\r\n", [(250, ("250 ok",))]),
        (b"250\r\n", [(250, ("250",))]),
        (b"250-one\r\n250-\r\n250 three\r\n", [(250, ("250-one", "250-", "250 three"))]),
        (b"250 a\r\n550 b\r\n", [(250, ("250 a",)), (550, ("550 b",))]),
        (b"250 bare line feed\n", [(250, ("250 bare line feed",))]),
        ("250 grüße\r\n".encode(), [(250, ("250 grüße",))]),
        (b"250 \xff\x00\r\n", [(250, ("250 �\x00",))]),
        (b"250-\xff\r\n250 \xc3\r\n", [(250, ("250-�", "250 �"))]),
        (b"250 unfin", []),
        (b"250-unfinished\r\n", []),
    ],
)
def test_replies_are_cut_out_of_the_stream(data, expected):
    assert parse(data) == expected


def test_reply_text_joins_all_lines_and_texts_drop_the_code():
    parser = ReplyParser()
    parser.feed(b"250-a\r\n250 b\r\n")
    reply = parser.next_reply()
    assert (reply.text, reply.texts) == ("250-a\r\n250 b", ("a", "b"))


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"150 early\r\n",
        b"650 late\r\n",
        b"250_ok\r\n",
        b"\xb2\xb5\xb0 ok\r\n",
    ],
)
def test_what_is_no_reply_is_a_protocol_error(data):
    with pytest.raises(ProtocolError, match="no SMTP reply"):
        parse(data)


def test_a_code_that_changes_within_a_reply_is_a_protocol_error():
    with pytest.raises(ProtocolError, match="from 250 to 550"):
        parse(b"250-a\r\n550 b\r\n")


def test_the_longest_line_allowed_passes_and_one_octet_more_does_not():
    assert parse(b"250 " + b"x" * 252 + b"\r\n", 256)
    with pytest.raises(ProtocolError, match="more than 256 octets"):
        parse(b"250 " + b"x" * 253 + b"\r\n", 256)


def test_a_long_line_that_comes_octet_by_octet_costs_time_in_proportion_to_its_length():
    """Searched anew from its beginning for each of them, this one took over two seconds."""
    parser = ReplyParser(20_000)
    begin = time.process_time()
    for octet in b"334 " + b"A" * 19_990:
        parser.feed(bytes([octet]))
        assert parser.next_reply() is None
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_longest_line_allowed_may_arrive_in_two_pieces(end):
    line = b"250 " + b"x" * 252 + end
    for cut in range(len(line)):
        parser = ReplyParser(256)
        parser.feed(line[:cut])
        assert parser.next_reply() is None
        parser.feed(line[cut:])
        assert parser.next_reply() is not None


def test_an_endless_line_is_refused_before_its_end_comes():
    with pytest.raises(ProtocolError, match="more than 2048 octets"):
        parse(b"250 " + b"x" * 3000)


def test_an_endless_reply_is_refused():
    parser = ReplyParser()
    line = b"250-" + b"x" * 2000 + b"\r\n"
    with pytest.raises(ProtocolError, match=f"more than {MAX_REPLY_OCTETS} octets"):
        for _ in range(MAX_REPLY_OCTETS // 2000 + 2):
            parser.feed(line)
            parser.next_reply()


@given(st.lists(st.sampled_from([b"250-a\r\n250 b\r\n", b"354 go\r\n", b"550 5.1.1 no\r\n"])), st.data())
def test_the_cuts_between_reads_do_not_matter(replies, data):
    stream = b"".join(replies)
    whole = parse(stream)
    parser = ReplyParser()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        parser.feed(stream[:size])
        stream = stream[size:]
        while (reply := parser.next_reply()) is not None:
            found.append((reply.code, reply.lines))
    assert found == whole
    assert parser.empty


@given(st.binary(max_size=4000))
def test_arbitrary_octets_give_replies_or_a_protocol_error(data):
    try:
        for code, lines in parse(data):
            assert 200 <= code <= 599
            assert lines
    except ProtocolError:
        pass


def test_the_bound_holds_for_each_reply_and_not_for_all_of_a_session():
    parser = ReplyParser()
    reply = b"250-" + b"x" * 1000 + b"\r\n"
    for _ in range(1200):  # 1.2 MiB
        parser.feed(reply + b"250 ok\r\n")
        assert parser.next_reply() is not None
