"""The stream over a socket: all is written, the end is told from a failure, and nothing waits too long."""

import socket
import threading
import time

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.tcp import TcpOptions, TcpStream, connect


@pytest.fixture
def ends():
    """A stream and the peer's socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = connect(TcpOptions("127.0.0.1", listener.getsockname()[1], send_buffer=4096), Deadline(5))
        peer, _ = listener.accept()
    peer.settimeout(10)
    yield stream, peer
    stream.close()
    peer.close()


@pytest.fixture
def token():
    token = CancelToken()
    yield token
    token.close()


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()


def receive(peer, octets):
    received = bytearray()
    while len(received) < octets:
        received += peer.recv(65536)
    return bytes(received)


def test_says_whether_there_is_something_to_read(ends):
    stream, peer = ends
    assert not stream.readable_within(0, Deadline(5))
    assert not stream.readable_within(0.01, Deadline(5))
    peer.sendall(b"421 bye\r\n")
    assert stream.readable_within(5, Deadline(5))
    assert stream.readable_within(0, Deadline(5))
    assert stream.read(100, Deadline(5)) == b"421 bye\r\n"
    assert not stream.readable_within(0, Deadline(5))
    peer.close()
    assert stream.readable_within(5, Deadline(5))
    assert stream.read(100, Deadline(5)) == b""


def test_waiting_for_something_to_read_is_interrupted_and_times_out(ends, token):
    stream, peer = ends
    with pytest.raises(OperationTimeoutError):
        stream.readable_within(5, Deadline(0.01))
    token.cancel()
    with pytest.raises(OperationInterruptedError):
        stream.readable_within(5, Deadline(5, cancel=token))
    token.reset()
    peer.sendall(b"x")
    assert stream.read(1, Deadline(5, cancel=token)) == b"x"


def test_reads_what_is_there_up_to_the_limit(ends):
    stream, peer = ends
    peer.sendall(b"220 ready\r\n")
    assert stream.read(4, Deadline(5)) == b"220 "
    assert stream.read(100, Deadline(5)) == b"ready\r\n"


def test_waits_for_what_comes_later(ends):
    stream, peer = ends
    timer = threading.Timer(0.1, peer.sendall, [b"late"])
    timer.start()
    assert stream.read(100, Deadline(5)) == b"late"
    timer.join()


def test_an_orderly_end_is_no_octets(ends):
    stream, peer = ends
    peer.close()
    assert stream.read(100, Deadline(5)) == b""


def test_a_reset_is_an_error_that_says_what_was_going_on(ends):
    stream, peer = ends
    reset(peer)
    with pytest.raises(ConnectionFailedError) as caught:
        stream.read(100, Deadline(5, doing="waiting for the greeting"))
    assert caught.value.code == 10054
    assert caught.value.message == "[10054] Connection reset by peer. While waiting for the greeting."


def test_a_reset_without_an_occupation_names_the_peer(ends):
    stream, peer = ends
    reset(peer)
    with pytest.raises(ConnectionFailedError, match=r"While reading from 127\.0\.0\.1"):
        stream.read(100, Deadline(5))


def test_writing_to_a_dead_peer_is_an_error(ends):
    stream, peer = ends
    reset(peer)
    with pytest.raises(ConnectionFailedError):
        stream.write(bytes(1_000_000), Deadline(5, doing="sending the message"))
    with pytest.raises(ConnectionFailedError, match="While sending the message"):
        stream.write(b"x", Deadline(5, doing="sending the message"))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_writes_all_through_a_small_buffer(ends, kind):
    stream, peer = ends
    data = bytes(range(256)) * 4000
    received = []
    reader = threading.Thread(target=lambda: received.append(receive(peer, len(data))))
    reader.start()
    stream.write(kind(data), Deadline(5))
    reader.join()
    assert received == [data]


def test_read_times_out(ends):
    stream, _ = ends
    started = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        stream.read(100, Deadline(0.1, doing="waiting for the reply to MAIL"))
    assert 0.09 < time.monotonic() - started < 2
    assert caught.value.message == "Timeout: no answer within 0.1 s while waiting for the reply to MAIL."


def test_write_times_out_when_the_peer_stops_reading(ends):
    stream, _ = ends
    with pytest.raises(OperationTimeoutError):
        stream.write(bytes(20_000_000), Deadline(0.2))


def test_the_time_between_two_calls_is_not_the_silence_of_the_peer(ends):
    stream, peer = ends
    now = [0.0]
    deadline = Deadline(5, clock=lambda: now[0])
    now[0] = 60.0
    peer.sendall(b"x")
    assert stream.read(1, deadline) == b"x"


def test_an_absolute_deadline_counts_the_time_between_two_calls(ends):
    stream, peer = ends
    now = [0.0]
    deadline = Deadline(5, absolute=True, clock=lambda: now[0])
    now[0] = 60.0
    peer.sendall(b"x")
    with pytest.raises(OperationTimeoutError):
        stream.read(1, deadline)


@pytest.mark.parametrize("seconds", [0, 30])
def test_interrupt_ends_a_read(ends, token, seconds):
    stream, _ = ends
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(OperationInterruptedError):
        stream.read(100, Deadline(seconds, cancel=token))
    assert time.monotonic() - started < 5
    timer.join()


def test_interrupt_ends_a_write(ends, token):
    stream, _ = ends
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    with pytest.raises(OperationInterruptedError):
        stream.write(bytes(20_000_000), Deadline(30, cancel=token))
    timer.join()


def test_interrupt_ends_a_write_that_never_has_to_wait(ends, token):
    stream, peer = ends
    token.cancel()
    peer.sendall(b"x")
    with pytest.raises(OperationInterruptedError):
        stream.write(b"x", Deadline(30, cancel=token))
    with pytest.raises(OperationInterruptedError):
        stream.read(1, Deadline(30, cancel=token))


def test_waits_with_select_where_poll_is_missing(ends, token, monkeypatch):
    monkeypatch.delattr("select.poll")
    stream, peer = ends
    with pytest.raises(OperationTimeoutError):
        stream.read(1, Deadline(0.05))
    with pytest.raises(OperationTimeoutError):
        stream.write(bytes(20_000_000), Deadline(0.1))
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    with pytest.raises(OperationInterruptedError):
        stream.read(1, Deadline(0, cancel=token))
    timer.join()
    peer.sendall(b"y")
    assert stream.read(1, Deadline(5)) == b"y"


def test_close_is_orderly_and_idempotent(ends):
    stream, peer = ends
    stream.write(b"QUIT\r\n", Deadline(5))
    stream.close()
    stream.close()
    stream.abort()
    assert receive(peer, 6) == b"QUIT\r\n"
    assert peer.recv(1) == b""


def test_abort_resets(ends):
    stream, peer = ends
    stream.abort()
    stream.abort()
    with pytest.raises(ConnectionResetError):
        peer.recv(1)


def test_a_closed_stream_says_so(ends):
    stream, _ = ends
    stream.close()
    for call in (lambda: stream.read(1, Deadline(5)), lambda: stream.write(b"x", Deadline(5))):
        with pytest.raises(ConnectionFailedError) as caught:
            call()
        assert caught.value.code is ErrorCode.NOT_CONNECTED


def test_a_socket_pair_has_no_addresses():
    one, other = socket.socketpair()
    stream = TcpStream(one)
    assert (stream.local_address, stream.peer_address, stream.local_port) == ("", "", 0)
    stream.close()
    other.close()


class SlowSocket:
    """Takes one octet a call, and does something meanwhile."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile
        self.taken = 0

    def send(self, _data, _flags):
        self.meanwhile()
        self.taken += 1
        return 1

    def getsockname(self):
        return "192.0.2.1", 25

    getpeername = getsockname

    def setblocking(self, _flag):
        pass


def test_each_octet_sent_starts_the_limit_of_inactivity_anew():
    now = [0.0]

    def pass_time():
        now[0] += 4

    slow = SlowSocket(pass_time)
    TcpStream(slow).write(b"12345", Deadline(5, clock=lambda: now[0]))
    assert slow.taken == 5
    with pytest.raises(OperationTimeoutError):
        TcpStream(slow).write(b"12345", Deadline(5, absolute=True, clock=lambda: now[0]))
    assert slow.taken == 7


def test_interrupt_ends_a_write_between_two_octets(token):
    slow = SlowSocket(token.cancel)
    with pytest.raises(OperationInterruptedError):
        TcpStream(slow).write(b"12345", Deadline(0, cancel=token))
    assert slow.taken == 1


class TestPacing:
    @pytest.fixture
    def pauses(self, monkeypatch):
        made = []
        monkeypatch.setattr("ssmtp_compat.net.tcp.pause", lambda seconds, _deadline: made.append(seconds))
        return made

    def test_writes_bursts_and_pauses_between_them(self, pauses):
        one, other = socket.socketpair()
        stream = TcpStream(one, max_transfer_rate=1000)
        stream.write(bytes(250), Deadline(5))
        assert len(pauses) == 13
        assert pauses[0] == 0
        assert pauses[5] == pytest.approx(0.1, abs=0.02)
        assert pauses[12] == pytest.approx(0.23, abs=0.02)
        assert len(other.recv(1000)) == 250
        stream.close()
        other.close()

    def test_reads_no_more_than_a_burst_and_pauses_behind_it(self, pauses):
        one, other = socket.socketpair()
        stream = TcpStream(one, max_transfer_rate=1000)
        other.sendall(bytes(300))
        assert [len(stream.read(1000, Deadline(5))) for _ in range(7)] == [20] * 7
        assert pauses[:2] == [0, 0]
        assert pauses[6] == pytest.approx(0.1, abs=0.02)
        stream.close()
        other.close()

    def test_a_pause_can_be_interrupted(self):
        one, other = socket.socketpair()
        token = CancelToken()
        stream = TcpStream(one, max_transfer_rate=1)
        timer = threading.Timer(0.1, token.cancel)
        timer.start()
        started = time.monotonic()
        with pytest.raises(OperationInterruptedError):
            stream.write(bytes(60), Deadline(0, cancel=token))
        assert time.monotonic() - started < 1
        timer.join()
        for end in (stream, other, token):
            end.close()

    def test_a_pause_longer_than_the_time_out_is_no_silence_of_the_peer(self):
        one, other = socket.socketpair()
        stream = TcpStream(one, max_transfer_rate=10)
        stream.write(bytes(3), Deadline(0.05))
        assert len(other.recv(10)) == 3
        stream.close()
        other.close()
