"""Connecting: addresses in order, errors with names, deadlines and interruption."""

import contextlib
import errno
import socket
import threading
import time

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.tcp import TcpOptions, connect


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def silent_port():
    """A port that never answers: its queue of connections is full, so Linux drops what comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as sock:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        yield sock.getsockname()[1]
        for filler in fillers:
            filler.close()


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@pytest.fixture
def resolver(monkeypatch):
    """Makes every look-up answer the given endpoints."""

    def answer(*endpoints):
        rows = [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip, port in endpoints
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: rows)

    return answer


@pytest.fixture
def token():
    token = CancelToken()
    yield token
    token.close()


def test_connects_and_knows_both_ends(listener):
    port = listener.getsockname()[1]
    stream = connect(TcpOptions("localhost", port), Deadline(5))
    accepted, peer = listener.accept()
    assert (stream.local_address, stream.local_port) == peer
    assert stream.peer_address == "127.0.0.1"
    stream.close()
    accepted.close()
    assert stream.local_address == "127.0.0.1"


def test_a_refused_connection_names_host_port_and_address(closed_port):
    with pytest.raises(ConnectionFailedError) as caught:
        connect(TcpOptions("localhost", closed_port), Deadline(5))
    assert caught.value.code == 10061
    expected = f"[10061] Connection refused. While connecting to localhost port {closed_port} (127.0.0.1)."
    assert caught.value.message == expected


@pytest.mark.parametrize(("host", "use_ipv6"), [("0.0.0.0", 0), ("::", 1), ("::ffff:0.0.0.0", 1)])
def test_the_null_address_is_refused(host, use_ipv6):
    with pytest.raises(ConnectionFailedError) as caught:
        connect(TcpOptions(host, 25, use_ipv6=use_ipv6), Deadline(5))
    assert caught.value.code is ErrorCode.NULL_ADDRESS


def test_a_null_address_among_others_is_passed_over(listener, resolver):
    resolver(("0.0.0.0", listener.getsockname()[1]), listener.getsockname())
    stream = connect(TcpOptions("mail.example", 25), Deadline(5))
    assert stream.peer_address == "127.0.0.1"
    stream.close()


def test_the_next_address_is_tried(listener, closed_port, resolver):
    resolver(("127.0.0.1", closed_port), listener.getsockname())
    connect(TcpOptions("mail.example", 25), Deadline(5)).close()


def test_the_last_address_gives_the_error(closed_port, resolver):
    resolver(("127.0.0.1", closed_port), ("127.0.0.3", closed_port))
    with pytest.raises(ConnectionFailedError, match=r"\(127\.0\.0\.3\)"):
        connect(TcpOptions("mail.example", 25), Deadline(5))


@pytest.mark.parametrize("seconds", [0.4, 30, 0])
def test_a_silent_address_costs_a_quarter_of_a_second(listener, silent_port, resolver, seconds):
    resolver(("127.0.0.1", silent_port), listener.getsockname())
    started = time.monotonic()
    connect(TcpOptions("mail.example", 25), Deadline(seconds)).close()
    assert 0.2 < time.monotonic() - started < 2


def test_a_late_answer_is_taken_although_others_are_tried(silent_port, resolver):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as late:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(late.getsockname())
        resolver(late.getsockname(), ("127.0.0.1", silent_port))

        def make_room():
            time.sleep(0.4)
            for filler in fillers:
                filler.close()
            late.settimeout(0.2)
            for _ in fillers:
                with contextlib.suppress(TimeoutError):
                    late.accept()[0].close()

        thread = threading.Thread(target=make_room)
        thread.start()
        stream = connect(TcpOptions("mail.example", 25), Deadline(10))  # Linux knocks again after a second
        assert stream.socket.getpeername() == late.getsockname()
        stream.close()
        thread.join()


def test_who_answers_first_is_taken_and_the_others_are_let_go(listener, closed_port, silent_port, resolver):
    silent = [("127.0.0.1", silent_port)] * 2
    resolver(silent[0], ("127.0.0.1", closed_port), silent[1], listener.getsockname())
    stream = connect(TcpOptions("mail.example", 25), Deadline(10))
    assert stream.socket.getpeername() == listener.getsockname()
    stream.close()


def test_ipv6_goes_first_when_preferred(listener, resolver):
    port = listener.getsockname()[1]
    resolver(("127.0.0.1", port), ("::1", port))
    stream = connect(TcpOptions("mail.example", 25, use_ipv6=2), Deadline(5))  # nobody listens on ::1
    assert stream.peer_address == "127.0.0.1"
    stream.close()


def test_ipv6_only():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        stream = connect(TcpOptions("::1", listener.getsockname()[1], use_ipv6=1, local_host="::1"), Deadline(5))
        assert (stream.peer_address, stream.local_address) == ("::1", "::1")
        stream.close()


def test_an_ipv4_literal_is_no_ipv6_address():
    with pytest.raises(ConnectionFailedError) as caught:
        connect(TcpOptions("127.0.0.1", 25, use_ipv6=1), Deadline(5))
    assert caught.value.code is ErrorCode.WSAHOST_NOT_FOUND


def test_a_system_without_the_family_is_an_error_like_others(monkeypatch, listener):
    def refuse(*_args):
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr("ssmtp_compat.net.tcp.socket.socket", refuse)
    with pytest.raises(ConnectionFailedError) as caught:
        connect(TcpOptions("127.0.0.1", listener.getsockname()[1]), Deadline(5))
    assert caught.value.code is ErrorCode.WSAEAFNOSUPPORT


def test_a_silent_server_is_given_up(silent_port):
    started = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        connect(TcpOptions("127.0.0.1", silent_port), Deadline(0.2))
    assert 0.15 < time.monotonic() - started < 2
    assert f"no answer within 0.2 s while connecting to 127.0.0.1 port {silent_port}" in caught.value.message


def test_interrupt_ends_connecting(silent_port, token):
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(OperationInterruptedError):
        connect(TcpOptions("127.0.0.1", silent_port), Deadline(30, cancel=token))
    assert time.monotonic() - started < 5
    timer.join()


def test_the_occupation_of_the_caller_comes_back(listener):
    deadline = Deadline(5, doing="sending the message")
    connect(TcpOptions("localhost", listener.getsockname()[1]), deadline).close()
    assert deadline.doing == "sending the message"


def test_the_time_before_connecting_is_not_the_silence_of_the_server(listener):
    now = [0.0]
    deadline = Deadline(5, clock=lambda: now[0])
    now[0] = 60.0
    connect(TcpOptions("127.0.0.1", listener.getsockname()[1]), deadline).close()
