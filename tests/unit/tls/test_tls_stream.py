"""The stream inside TLS: octets in and out, its end, its failures, and what is told on the way."""

import ssl

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError, TLSError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.stream import Stream
from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.handshake import start_tls
from wire.tls_certificates import good, issue


class Scripted:
    """A transport that answers with the given octets and then ends."""

    local_address = peer_address = ""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.closed = False

    def read(self, limit, deadline):
        return self.answers.pop(0) if self.answers else b""

    def write(self, data, deadline):
        pass

    def close(self):
        self.closed = True

    abort = close


@pytest.fixture
def server(serve):
    return serve(good())


@pytest.fixture
def stream(server, shake):
    return shake(server)


def test_is_a_stream(stream):
    as_stream: Stream = stream
    assert (as_stream.local_address, as_stream.peer_address) == ("192.0.2.1", "192.0.2.2")


def test_octets_go_both_ways(server, stream):
    server.send(b"220 ready\r\n")
    assert stream.read(4, Deadline(5)) == b"220 "
    assert stream.read(100, Deadline(5)) == b"ready\r\n"
    stream.write(b"EHLO a\r\n", Deadline(5))
    assert server.received == b"EHLO a\r\n"


def test_says_whether_there_is_something_to_read(server, stream):
    # What the handshake left, session tickets, is nothing to read, however often it is asked.
    assert not stream.readable_within(0, Deadline(5))
    server.send(b"421 bye\r\n")
    assert stream.readable_within(0, Deadline(5))
    assert stream.readable_within(0, Deadline(5))
    assert stream.read(4, Deadline(5)) == b"421 "
    assert stream.readable_within(0, Deadline(5))  # the rest is decrypted already
    assert stream.read(100, Deadline(5)) == b"bye\r\n"
    assert not stream.readable_within(0, Deadline(5))


@pytest.mark.parametrize(
    "wait", [lambda stream: stream.read(9, Deadline(5)), lambda stream: stream.readable_within(0, Deadline(5))]
)
def test_a_server_that_sends_tickets_without_an_end_is_left(serve, shake, wait):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 8000
    server = serve(good(), context=context)
    stream = shake(server)
    with pytest.raises(TLSError, match="without an end") as caught:
        wait(stream)
    assert caught.value.code is ErrorCode.TLS_DECRYPT
    with pytest.raises(ConnectionFailedError):
        stream.write(b"x", Deadline(5))


def test_many_tickets_are_no_fault_where_data_come_too(serve, shake):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 3000
    server = serve(good(), context=context)
    stream = shake(server)
    for _ in range(3):
        server.send(b"x" * 1_000_000)
        assert sum(len(stream.read(65536, Deadline(5))) for _ in range(62)) == 1_000_000
    assert not stream.readable_within(0, Deadline(5))


def test_a_cut_stream_is_readable_and_says_so_when_read(server, stream):
    server.ended = True
    assert stream.readable_within(0, Deadline(5))
    with pytest.raises(TLSError, match="truncated"):
        stream.read(100, Deadline(5))


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_much_goes_out_in_big_writes(server, stream, kind):
    data = bytes(range(256)) * 1000
    server.written.clear()
    stream.write(kind(data), Deadline(5))
    assert server.received == data
    assert len(server.written) == 4


def test_nothing_to_write_sends_nothing(server, stream):
    server.written.clear()
    stream.write(b"", Deadline(5))
    assert server.written == []


def test_much_comes_in(server, stream):
    server.send(bytes(200_000))
    received = 0
    while received < 200_000:
        received += len(stream.read(65536, Deadline(5)))
    assert received == 200_000


def test_a_transport_of_single_octets(serve, shake):
    server = serve(good(), chunk=1)
    stream = shake(server)
    server.send(b"220 ready\r\n")
    assert stream.read(100, Deadline(5)) == b"220 ready\r\n"
    with pytest.raises(TLSError, match="self-signed"):
        shake(serve(issue("localhost"), chunk=1))


def test_close_notify_is_the_end(server, stream):
    server.send(b"bye")
    server.shut_down()
    assert stream.read(100, Deadline(5)) == b"bye"
    assert stream.read(100, Deadline(5)) == b""
    assert stream.read(100, Deadline(5)) == b""


def test_an_end_without_close_notify_is_a_truncation(server, stream):
    server.send(b"half of a")
    server.ended = True
    assert stream.read(100, Deadline(5)) == b"half of a"
    with pytest.raises(TLSError, match="truncated") as caught:
        stream.read(100, Deadline(5))
    assert caught.value.code is ErrorCode.TLS_DECRYPT


def test_a_changed_record_is_an_error(server, stream):
    server.send(b"250 OK\r\n")
    server.tamper()
    with pytest.raises(TLSError, match="OpenSSL says") as caught:
        stream.read(100, Deadline(5))
    assert caught.value.code is ErrorCode.TLS_DECRYPT


def test_the_server_hears_what_was_wrong_with_its_record(server, stream):
    server.send(b"250 OK\r\n")
    server.tamper()
    with pytest.raises(TLSError):
        stream.read(100, Deadline(5))
    assert "bad record mac" in str(server.error)


def test_what_the_server_said_is_read_though_it_hears_nothing_any_more(server, stream, monkeypatch):
    def fail(_data, _deadline):
        raise ConnectionFailedError(ErrorCode.WSAECONNRESET)

    monkeypatch.setattr(server, "write", fail)
    server.send(b"421 bye\r\n")
    monkeypatch.setattr(stream._connection, "bio_read", lambda _: b"an answer", raising=False)
    assert stream.read(100, Deadline(5)) == b"421 bye\r\n"
    with pytest.raises(ConnectionFailedError):
        stream.write(b"x", Deadline(5))


def test_an_answer_that_was_cut_off_is_followed_by_nothing(server, stream, monkeypatch):
    def fail(_data, _deadline):
        raise OperationTimeoutError("after a part of the record")

    with monkeypatch.context() as cut:
        cut.setattr(server, "write", fail)
        cut.setattr(stream._connection, "bio_read", lambda _: b"an answer", raising=False)
        server.send(b"250 OK\r\n")
        with pytest.raises(OperationTimeoutError):
            stream.read(100, Deadline(5))
    server.written.clear()
    with pytest.raises(ConnectionFailedError):
        stream.write(b"x", Deadline(5))
    stream.close()
    assert server.written == []


def test_a_broken_stream_is_used_no_more(server, stream):
    server.send(b"x")
    server.tamper()
    with pytest.raises(TLSError):
        stream.read(100, Deadline(5))
    server.written.clear()
    with pytest.raises(ConnectionFailedError):
        stream.write(b"x", Deadline(5))
    stream.close()
    assert server.written == []
    assert server.closed == 1


def test_a_write_that_was_cut_off_is_followed_by_nothing(server, stream):
    token = CancelToken()
    token.cancel()
    with pytest.raises(OperationInterruptedError):
        stream.write(b"x", Deadline(0, cancel=token))
    server.written.clear()
    stream.close()
    assert server.written == []
    with pytest.raises(ConnectionFailedError):
        stream.read(1, Deadline(5))


def test_close_says_goodbye_once(server, stream):
    stream.close()
    stream.close()
    assert server.shut
    assert (server.closed, server.aborted) == (1, 0)
    for call in (lambda: stream.read(1, Deadline(5)), lambda: stream.write(b"x", Deadline(5))):
        with pytest.raises(ConnectionFailedError) as caught:
            call()
        assert caught.value.code is ErrorCode.NOT_CONNECTED


def test_close_forgives_a_transport_that_is_gone(server, stream, monkeypatch):
    def fail(_data, _deadline):
        raise ConnectionFailedError(ErrorCode.WSAECONNRESET)

    monkeypatch.setattr(server, "write", fail)
    stream.close()
    assert server.closed == 1


def test_abort_says_nothing(server, stream):
    stream.abort()
    assert not server.shut
    assert server.aborted == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b"220 mail.example.test ESMTP\r\n250 x"], "it said '220 mail.example.test ESMTP'"),
        ([b"\x00\xff"], r"it said '?\\xff'"),
        ([b"\r\n"], "it said ''"),
    ],
)
def test_a_server_without_tls_is_told_as_such(answers, said):
    transport = Scripted(*answers)
    with pytest.raises(TLSError, match="does not speak TLS on this port") as caught:
        start_tls(transport, TlsOptions(server_name="localhost"), Deadline(5))
    assert caught.value.code is ErrorCode.HANDSHAKE
    assert said in caught.value.message
    assert transport.closed


def test_an_end_during_the_handshake():
    transport = Scripted()
    with pytest.raises(TLSError, match="closed the connection during the TLS handshake") as caught:
        start_tls(transport, TlsOptions(server_name="localhost"), Deadline(5))
    assert caught.value.code is ErrorCode.HANDSHAKE
    assert transport.closed


def test_an_alert_in_answer_to_the_hello():
    transport = Scripted(b"\x15\x03\x03\x00\x02\x02\x28")
    with pytest.raises(TLSError, match="alert handshake failure") as caught:
        start_tls(transport, TlsOptions(server_name="localhost"), Deadline(5))
    assert caught.value.code is ErrorCode.HANDSHAKE


def test_garbage_in_a_handshake_record():
    transport = Scripted(b"\x16\x03\x03\x00\x04\x63\x00\x00\x00")
    with pytest.raises(TLSError, match="OpenSSL says") as caught:
        start_tls(transport, TlsOptions(server_name="localhost"), Deadline(5))
    assert caught.value.code is ErrorCode.HANDSHAKE
    assert transport.closed


def test_time_out_names_the_handshake(server, monkeypatch):
    now = [0.0]

    def silence(_limit, deadline):
        now[0] = 9.0
        deadline.check()

    monkeypatch.setattr(server, "read", silence)
    with pytest.raises(OperationTimeoutError, match="no answer within 5 s while negotiating TLS with localhost"):
        start_tls(server, TlsOptions(server_name="localhost"), Deadline(5, clock=lambda: now[0]))
    assert server.aborted == 1


@pytest.mark.parametrize(
    ("name", "sent"), [("localhost", "localhost"), ("localhost.", "localhost"), ("127.0.0.1", None)]
)
def test_the_server_is_told_a_name_but_no_address(serve, shake, name, sent):
    server = serve(good())
    shake(server, name)
    assert server.name == sent


def test_an_international_name_is_sent_in_ascii(serve, shake):
    server = serve(good())
    with pytest.raises(TLSError, match="mismatch"):
        shake(server, "müller.example")
    assert server.name == "xn--mller-kva.example"


def test_old_versions_are_refused(serve, shake):
    import ssl
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server = serve(good(), highest=ssl.TLSVersion.TLSv1_1)
    with pytest.raises(TLSError) as caught:
        shake(server)
    assert caught.value.code is ErrorCode.HANDSHAKE
    assert not server.greeted


class TestStatus:
    def test_tells_the_steps_and_the_outcome(self, server, shake):
        lines = []
        stream = shake(server, status=lines.append)
        assert lines[0] == "Handshake: client hello sent"
        assert "Handshake: server hello received" in lines
        assert "Handshake: finished sent" in lines
        assert lines[-1] == str(stream.negotiated) == "TLSv1.3, TLS_AES_256_GCM_SHA384, 256 bits"
        assert len(lines) == len(set(lines))

    def test_tells_of_the_alert_in_a_refusal(self, serve, shake):
        lines = []
        with pytest.raises(TLSError):
            shake(serve(issue("localhost")), status=lines.append)
        assert lines[-1].startswith("Alert sent: ")

    def test_is_told_in_time(self, server, shake):
        lines = []
        shake(server, status=lines.append, authenticate=lambda _certificate: bool(lines))

    def test_what_it_raises_comes_out(self, server, shake):
        def status(_line):
            raise KeyError("mine")

        with pytest.raises(KeyError):
            shake(server, status=status)
        assert server.closed

    def test_is_silent_after_the_handshake(self, server, shake):
        lines = []
        stream = shake(server, status=lines.append)
        told = len(lines)
        server.send(b"x")
        stream.read(1, Deadline(5))
        stream.close()
        assert len(lines) == told
