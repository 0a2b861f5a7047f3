"""TLS over real sockets, with Python's server and with ``openssl s_server`` at the other end."""

import socket
import threading
import time

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError, TLSError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.tcp import TcpOptions, connect
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from wire.tls_certificates import DAY, NOW, authority, good, issue
from wire.tls_servers import plain_server, s_server, take_everything, tls_server


def options(name="localhost", **more):
    return TlsOptions(server_name=name, ca_pem=authority().pem.decode(), **more)


def read_all(stream, octets):
    received = bytearray()
    while len(received) < octets:
        received += stream.read(65536, Deadline(10))
    return received


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "mail.example.test"])
def test_a_good_server(tmp_path, name):
    def greet(tls, seen):
        tls.sendall(b"220 ready\r\n")
        take_everything(tls, seen)

    with tls_server(good().write(tmp_path), greet) as seen:
        stream = start_tls(seen.connect(), options(name), Deadline(10))
        assert stream.read(100, Deadline(10)) == b"220 ready\r\n"
        assert stream.peer_address == "127.0.0.1"
        assert stream.local_address == "127.0.0.1"
        stream.write(b"QUIT\r\n", Deadline(10))
        stream.close()
    assert (seen.received, seen.error) == (b"QUIT\r\n", "")


@pytest.mark.parametrize(
    ("make", "name", "status"),
    [
        (lambda: issue("localhost", issuer=authority(), not_after=NOW - DAY / 2), "localhost", "has expired"),
        (lambda: issue("localhost"), "localhost", "self-signed certificate"),
        (good, "other.example", "host name mismatch"),
        (lambda: issue(issuer=authority(), common_name="localhost"), "localhost", "names no host"),
        (
            lambda: issue("localhost", issuer=issue(common_name="Another CA", is_ca=True)),
            "localhost",
            "get local issuer",
        ),
    ],
    ids=["expired", "self-signed", "name", "common name", "unknown CA"],
)
def test_a_refused_server_gets_an_alert_and_no_data(tmp_path, make, name, status):
    with tls_server(make().write(tmp_path), take_everything) as seen:
        transport = seen.connect()
        with pytest.raises(TLSError, match=status) as caught:
            start_tls(transport, options(name), Deadline(10))
    assert caught.value.code is ErrorCode.CERTIFICATE_REJECTED
    assert transport.socket.fileno() == -1
    assert not seen.handshake_done
    assert "ALERT" in seen.error.upper()
    assert seen.received == b""


def test_an_exception_of_the_caller_leaves_nothing_open(tmp_path):
    def authenticate(_certificate):
        raise LookupError("mine")

    with tls_server(good().write(tmp_path), take_everything) as seen:
        transport = seen.connect()
        with pytest.raises(LookupError, match="mine"):
            start_tls(transport, options(), Deadline(10), authenticate=authenticate)
    assert transport.socket.fileno() == -1
    assert not seen.handshake_done
    assert seen.received == b""


def test_five_megabytes_both_ways(tmp_path):
    size = 5_000_000

    def echo(tls, seen):
        while len(seen.received) < size:
            seen.received += tls.recv(65536)
        tls.sendall(seen.received)
        take_everything(tls, seen)

    data = bytes(range(250)) * (size // 250)
    with tls_server(good().write(tmp_path), echo) as seen:
        stream = start_tls(seen.connect(), options(), Deadline(10))
        stream.write(memoryview(data), Deadline(10))
        assert read_all(stream, size) == data
        stream.close()
    assert seen.error == ""


def test_a_server_that_speaks_no_tls():
    with plain_server(lambda client, _seen: client.sendall(b"220 mail.example.test ESMTP\r\n")) as seen:
        transport = seen.connect()
        with pytest.raises(TLSError, match=r"does not speak TLS on this port: it said '220 mail\.example"):
            start_tls(transport, options(), Deadline(10))
    assert transport.socket.fileno() == -1


def test_a_server_that_hangs_up():
    with plain_server(lambda client, _seen: client.recv(65536)) as seen:
        transport = seen.connect()
        with pytest.raises(TLSError, match="closed the connection during the TLS handshake") as caught:
            start_tls(transport, options(), Deadline(10))
    assert caught.value.code is ErrorCode.HANDSHAKE


def test_a_server_that_resets():
    def reset(client, _seen):
        client.recv(65536)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with plain_server(reset) as seen:
        transport = seen.connect()
        with pytest.raises(ConnectionFailedError, match="negotiating TLS with localhost") as caught:
            start_tls(transport, options(), Deadline(10))
    assert caught.value.code is ErrorCode.WSAECONNRESET


@pytest.fixture
def silent_server():
    done = threading.Event()
    with plain_server(lambda _client, _seen: done.wait(10)) as seen:
        yield seen
        done.set()


def test_a_handshake_that_hangs_is_given_up(silent_server):
    transport = silent_server.connect()
    with pytest.raises(OperationTimeoutError, match=r"within 0\.2 s while negotiating TLS with localhost"):
        start_tls(transport, options(), Deadline(0.2))
    assert transport.socket.fileno() == -1


def test_interrupt_ends_a_handshake(silent_server):
    token = CancelToken()
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(OperationInterruptedError):
        start_tls(silent_server.connect(), options(), Deadline(0, cancel=token))
    assert time.monotonic() - started < 5
    timer.join()
    token.close()


def test_a_cut_connection_is_a_truncation(tmp_path):
    def talk(tls, _seen):
        tls.sendall(b"250-half of a rep")
        socket.socket(fileno=tls.detach()).close()  # without close_notify

    with tls_server(good().write(tmp_path), talk) as seen:
        stream = start_tls(seen.connect(), options(), Deadline(10))
        assert stream.read(100, Deadline(10)) == b"250-half of a rep"
        with pytest.raises(TLSError, match="truncated"):
            stream.read(100, Deadline(10))
        stream.close()


def test_closing_does_not_wait_for_a_peer_that_reads_nothing(tmp_path):
    done = threading.Event()
    with tls_server(good().write(tmp_path), lambda _tls, _seen: done.wait(10)) as seen:
        stream = start_tls(seen.connect(), options(), Deadline(10))
        with pytest.raises(OperationTimeoutError):
            stream.write(bytes(20_000_000), Deadline(0.2))
        started = time.monotonic()
        stream.close()
        assert time.monotonic() - started < 1
        done.set()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_openssl_s_server(tmp_path, version):
    middle = issue(common_name="Sub CA", issuer=authority(), is_ca=True)
    issued = issue("localhost", issuer=middle)
    with s_server(issued, tmp_path, f"-tls{version.replace('.', '_')}", "-rev") as (port, _):
        transport = connect(TcpOptions("127.0.0.1", port), Deadline(10))
        stream = start_tls(transport, options(), Deadline(10))
        assert stream.negotiated.version == f"TLSv{version}"
        stream.write(b"QUIT\n", Deadline(10))
        assert stream.read(100, Deadline(10)) == b"TIUQ\n"
        assert stream.server_certificate.chain_pem == issued.pem + middle.pem
        stream.close()


def test_openssl_exports_the_same_channel_binding(tmp_path):
    export = ("-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32")
    with s_server(good(), tmp_path, *export) as (port, process):
        stream = start_tls(connect(TcpOptions("127.0.0.1", port), Deadline(10)), options(), Deadline(10))
        kind, binding = stream.channel_binding
        stream.close()
        output, _ = process.communicate(timeout=10)
    assert kind == "tls-exporter"
    assert len(binding) == 32
    assert b"Keying material: " + binding.hex().upper().encode() in output


def test_openssl_s_server_sees_the_alert(tmp_path):
    with s_server(issue("localhost"), tmp_path) as (port, process):
        transport = connect(TcpOptions("127.0.0.1", port), Deadline(10))
        with pytest.raises(TLSError, match="self-signed certificate"):
            start_tls(transport, options(), Deadline(10))
        output, _ = process.communicate(timeout=10)
    assert b"alert" in output


def test_a_request_to_renegotiate_is_answered_though_nothing_is_written(tmp_path):
    with s_server(good(), tmp_path, "-tls1_2", "-msg") as (port, process):
        stream = start_tls(connect(TcpOptions("127.0.0.1", port), Deadline(10)), options(), Deadline(10))
        assert not stream.readable_within(0.1, Deadline(10))
        process.stdin.write(b"r\n")
        process.stdin.flush()
        stream.readable_within(2, Deadline(10))  # the server gives up when it has the answer
        stream.abort()
        process.terminate()
        trace = process.communicate(timeout=10)[0]
    assert b"HelloRequest" in trace
    assert b"warning no_renegotiation" in trace


def test_openssl_s_server_updates_its_keys(tmp_path):
    with s_server(good(), tmp_path, "-tls1_3") as (port, process):
        stream = start_tls(connect(TcpOptions("127.0.0.1", port), Deadline(10)), options(), Deadline(10))
        arrived = threading.Event()

        def type_in():
            # K: KeyUpdate that asks for one in return. A line that comes in one piece with it is lost, so more follow.
            process.stdin.write(b"K\n")
            process.stdin.flush()
            while not arrived.wait(0.05):
                process.stdin.write(b"after\n")
                process.stdin.flush()

        typing = threading.Thread(target=type_in)
        typing.start()
        try:
            assert stream.read(6, Deadline(10)) == b"after\n"
        finally:
            arrived.set()
            typing.join()
        stream.write(b"client data\n", Deadline(10))
        guard = threading.Timer(10, process.kill)
        guard.start()
        # Closed only then: lines that we did not read would make the system reset the connection.
        output = []
        for line in process.stdout:
            output.append(line)
            if line == b"client data\n":
                break
        guard.cancel()
        stream.close()
        assert output[-1] == b"client data\n", "the data did not arrive"
    assert b"SSL_do_handshake -> 1\n" in output
