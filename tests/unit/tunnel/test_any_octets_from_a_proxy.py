"""Whatever a proxy answers, however it is cut: a tunnel, an answer, or an error of ours, and nothing left open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmtp_compat.errors import SSMTPError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.web_request import WebRequest
from ssmtp_compat.tls.http_fetch import ask_over
from ssmtp_compat.tunnel.http_forward import forward
from ssmtp_compat.tunnel.open import open_tunnel
from ssmtp_compat.tunnel.options import ProxyKind, TunnelOptions

T = TypeVar("T")
GREETING = b"220 mail.example.test\r\n"
MOST = 100

HEADS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 407 Who\r\n",
        b"HTTP/1.1 502 Bad\x1b[2J\r\n",
        b'Proxy-Authenticate: Basic realm="x"\r\n',
        b'Proxy-Authenticate: Digest realm="x", nonce="n", qop="auth"\r\n',
        b'Proxy-Authenticate: Digest nonce="\\"\\\\", qop=auth, realm=\xff\r\n',
        b"Content-Length: 5\r\n",
        b"Content-Length: 999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
        b"\5\0",
        b"\5\2\1\0",
        b"\5\0\0\1\1\2\3\4\0\x19",
        b"\5\0\0\3",
        b"\0\x5a\0\0\0\0\0\0",
        b"\0\x5b",
        GREETING,
    ]
)
ANSWERS = st.lists(HEADS | st.binary(max_size=8), max_size=12).map(b"".join)


class Peer:
    """A connection on which ``answer`` comes in pieces of ``cut`` octets, and then the end."""

    local_address = peer_address = ""

    def __init__(self, answer: bytes, cut: int) -> None:
        self.answer = answer
        self.cut = cut
        self.closed = False

    def read(self, limit: int, deadline: Deadline) -> bytes:
        piece = self.answer[: min(limit, self.cut)]
        self.answer = self.answer[len(piece) :]
        return piece

    def readable_within(self, seconds: float, deadline: Deadline) -> bool:
        return True

    def write(self, data: bytes | memoryview, deadline: Deadline) -> None:
        assert not self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def dialling(answer: bytes, cut: int) -> tuple[Callable[[Deadline], Peer], list[Peer]]:
    peers: list[Peer] = []

    def dial(_: Deadline) -> Peer:
        peers.append(Peer(answer, cut))
        assert len(peers) < 10, "dials without an end"
        return peers[-1]

    return dial, peers


def told(call: Callable[[], T]) -> tuple[str, T | None]:
    """The text of the error, or the result."""
    try:
        return "", call()
    except SSMTPError as error:
        return error.message, None


def options(kind: ProxyKind) -> TunnelOptions:
    return TunnelOptions(kind=kind, host="proxy", port=1, user="ann", password="secret", resolve_remotely=True)


@pytest.mark.parametrize("kind", ProxyKind)
@settings(max_examples=200, deadline=None)
@given(answer=ANSWERS, cut=st.sampled_from([1, 3, 65536]))
def test_a_tunnel_or_an_error(kind: ProxyKind, answer: bytes, cut: int):
    dial, peers = dialling(answer, cut)
    said, stream = told(lambda: open_tunnel(dial, options(kind), "mail.example.test", 25, Deadline(5)))
    if stream is None:
        assert said.isprintable()
        assert "secret" not in said
        assert all(peer.closed for peer in peers)
        return
    assert [peer.closed for peer in peers] == [True] * (len(peers) - 1) + [False]
    rest = b""
    while piece := stream.read(65536, Deadline(5)):
        rest += piece
    assert answer.endswith(rest)


@settings(max_examples=300, deadline=None)
@given(answer=ANSWERS, cut=st.sampled_from([1, 3, 65536]))
def test_a_file_or_an_error(answer: bytes, cut: int):
    request = WebRequest.parse("http://web.example.test/ca.crl", b"", "", MOST)
    dial, peers = dialling(answer, cut)
    for ask in (
        lambda: forward(dial, options(ProxyKind.HTTP), request, Deadline(5)),
        lambda: ask_over(dial(Deadline(5)), request, Deadline(5)),
    ):
        said, found = told(ask)
        assert said.isprintable()
        if found is not None:
            status, body = found
            assert 200 <= status < 1000
            assert len(body) <= MOST
        assert all(peer.closed for peer in peers)
