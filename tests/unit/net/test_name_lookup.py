"""Looking names up: the resolver blocks, the caller does not."""

import socket
import threading
import time

import pytest

from ssmtp_compat.errors import ConnectionFailedError, OperationInterruptedError, OperationTimeoutError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.resolver import resolve


@pytest.fixture
def hanging_resolver(monkeypatch):
    """A resolver that answers when the test is over; its threads have ended then."""
    release = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(*args, **kwargs):
        if kwargs.get("flags"):
            return real(*args, **kwargs)
        release.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    before = set(threading.enumerate())
    yield
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)


def test_an_unknown_name():
    with pytest.raises(ConnectionFailedError) as caught:
        resolve("nosuchhost.invalid", 25, 0, Deadline(10))
    assert caught.value.code == 11001
    assert caught.value.message == "[11001] Host not found. While looking up nosuchhost.invalid."


@pytest.mark.parametrize(
    ("number", "code"), [(socket.EAI_AGAIN, 11002), (socket.EAI_FAIL, 11003), (socket.EAI_NODATA, 11004)]
)
def test_resolver_errors_have_their_codes(monkeypatch, number, code):
    def getaddrinfo(*_args, **_kwargs):
        raise socket.gaierror(number, "text")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ConnectionFailedError) as caught:
        resolve("mail.example", 25, 0, Deadline(10))
    assert caught.value.code == code


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", "mail\0.example"])
def test_what_can_be_no_name(host):
    with pytest.raises(ConnectionFailedError, match="no valid host name") as caught:
        resolve(host, 25, 0, Deadline(10))
    assert caught.value.code == 11001


@pytest.mark.parametrize(("host", "use_ipv6"), [("127.0.0.1", 0), ("::1", 1), ("::1", 2)])
def test_a_literal_needs_no_thread(monkeypatch, host, use_ipv6):
    monkeypatch.setattr(threading, "Thread", None)
    (address,) = resolve(host, 2525, use_ipv6, Deadline(10))
    assert (address.ip, address.sockaddr[1]) == (host, 2525)


def test_a_resolver_that_hangs_is_given_up(hanging_resolver):
    started = time.monotonic()
    with pytest.raises(OperationTimeoutError) as caught:
        resolve("mail.example", 25, 0, Deadline(0.1))
    assert time.monotonic() - started < 5
    assert caught.value.message == "Timeout: no answer within 0.1 s while looking up mail.example."


def test_interrupt_ends_a_look_up(hanging_resolver):
    token = CancelToken()
    timer = threading.Timer(0.1, token.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(OperationInterruptedError):
        resolve("mail.example", 25, 0, Deadline(30, cancel=token))
    assert time.monotonic() - started < 5
    timer.join()
    token.close()


def test_without_a_thread_the_name_is_looked_up_all_the_same(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert resolve("localhost", 25, 0, Deadline(10))[0].ip == "127.0.0.1"


def test_ipv6_comes_first_when_both_are_wanted(monkeypatch):
    rows = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 25)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 25, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.2", 25)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: rows)
    found = resolve("mail.example", 25, 2, Deadline(10))
    assert [address.ip for address in found] == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]
