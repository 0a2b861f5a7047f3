"""Each option is on the socket when the connection stands."""

import os
import socket
import struct

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, InvalidValueError
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions, connect


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def connected(listener):
    streams = []

    def make(**options):
        stream = connect(TcpOptions("127.0.0.1", listener.getsockname()[1], **options), Deadline(5))
        streams.append(stream)
        return stream

    yield make
    for stream in streams:
        stream.close()


def get(stream, name, level=socket.IPPROTO_TCP):
    return stream.socket.getsockopt(level, getattr(socket, name))


def linger(stream):
    return struct.unpack("ii", stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))


def test_defaults_switch_nagle_off_and_leave_the_rest(connected):
    stream = connected()
    assert get(stream, "TCP_NODELAY") == 1
    assert get(stream, "SO_KEEPALIVE", socket.SOL_SOCKET) == 0
    assert linger(stream)[0] == 0
    assert stream.socket.gettimeout() == 0


def test_nagle_stays_on_when_asked_for(connected):
    assert get(connected(no_delay=False), "TCP_NODELAY") == 0


def test_keep_alive_alone(connected):
    assert get(connected(keep_alive=True), "SO_KEEPALIVE", socket.SOL_SOCKET) == 1


def test_keep_alive_time_implies_keep_alive_and_is_rounded_up(connected):
    stream = connected(keep_alive_time_ms=4001)
    assert get(stream, "SO_KEEPALIVE", socket.SOL_SOCKET) == 1
    assert get(stream, "TCP_KEEPIDLE") == 5


def test_keep_alive_interval_implies_keep_alive_and_is_rounded_up(connected):
    stream = connected(keep_alive_interval_ms=1)
    assert get(stream, "SO_KEEPALIVE", socket.SOL_SOCKET) == 1
    assert get(stream, "TCP_KEEPINTVL") == 1


def test_without_linger_closing_resets(connected, listener):
    stream = connected(linger=False)
    assert linger(stream) == (1, 0)
    accepted, _ = listener.accept()
    with accepted:
        stream.close()
        with pytest.raises(ConnectionResetError):
            accepted.recv(1)


def test_linger_time(connected):
    assert linger(connected(linger_time=3)) == (1, 3)


def test_buffer_sizes(connected):
    stream = connected(receive_buffer=30000, send_buffer=20000)
    # Linux answers with twice the value that was set.
    assert get(stream, "SO_RCVBUF", socket.SOL_SOCKET) in (30000, 60000)
    assert get(stream, "SO_SNDBUF", socket.SOL_SOCKET) in (20000, 40000)


def test_a_value_that_the_system_refuses_is_named(connected):
    with pytest.raises(InvalidValueError, match=r"40000 for the socket option TCP_KEEPIDLE") as caught:
        connected(keep_alive_time_ms=40_000_000)
    assert caught.value.code is ErrorCode.INVALID_VALUE


def test_a_value_too_large_for_c_is_refused(connected):
    with pytest.raises(InvalidValueError, match="SO_SNDBUF"):
        connected(send_buffer=2**40)
    with pytest.raises(InvalidValueError, match="SO_LINGER"):
        connected(linger_time=2**40)


def test_local_host_and_port(connected):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    stream = connected(local_host="127.0.0.2", local_port=free)
    assert (stream.local_address, stream.local_port) == ("127.0.0.2", free)
    assert stream.socket.getsockname() == ("127.0.0.2", free)


def test_a_local_host_may_be_a_name(connected):
    assert connected(local_host="localhost").local_address == "127.0.0.1"


def test_a_local_port_in_use_is_named(connected, listener):
    taken = listener.getsockname()[1]
    with pytest.raises(ConnectionFailedError) as caught:
        connected(local_host="127.0.0.1", local_port=taken)
    assert caught.value.code is ErrorCode.WSAEADDRINUSE
    assert caught.value.message.endswith(f"While binding to local host 127.0.0.1 port {taken}.")


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows binds to such a port without being asked to")
def test_a_local_port_can_be_used_again_at_once(connected, listener, free_port):
    """Whoever closes first keeps the port in TIME_WAIT, for a minute and more."""
    stream = connected(local_port=free_port)
    accepted, _ = listener.accept()
    stream.close()
    assert accepted.recv(1) == b""
    accepted.close()
    with socket.create_server(("127.0.0.1", 0)) as other:
        again = connect(TcpOptions("127.0.0.1", other.getsockname()[1], local_port=free_port), Deadline(5))
        assert again.local_port == free_port
        again.close()


def test_a_local_port_that_holds_a_connection_to_the_same_server_is_named(connected, free_port):
    connected(local_port=free_port)
    with pytest.raises(ConnectionFailedError, match=f"from local port {free_port}|to local host .* port {free_port}"):
        connected(local_port=free_port)


def test_a_local_host_of_another_machine_is_named(connected):
    with pytest.raises(ConnectionFailedError) as caught:
        connected(local_host="192.0.2.1")
    assert caught.value.code is ErrorCode.WSAEADDRNOTAVAIL
    assert "local host 192.0.2.1 port 0" in caught.value.message
