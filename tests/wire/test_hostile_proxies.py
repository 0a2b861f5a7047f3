"""Proxies and values that mean ill: answers are bounded, every wait ends, nothing leaks, errors tell no secret."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ssmtp_compat import PropertyID, ssmtp_do_interrupt, ssmtp_set
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.net import resolver
from wire.mailer import Mailer
from wire.proxies import Proxy
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks", "no_proxy_variables")

HTTP, SOCKS4, SOCKS5, SOCKS4A = 1, 2, 3, 10
KINDS = (HTTP, SOCKS4, SOCKS5, SOCKS4A)
REQUESTS = {HTTP: 1, SOCKS4: 1, SOCKS5: 2, SOCKS4A: 1}


def through(port: int, kind: int, **properties: Any) -> Mailer:
    return Mailer(25, **{"FirewallType": kind, "FirewallHost": "127.0.0.1", "FirewallPort": port, **properties})


@contextlib.contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A listener that lets ``talk`` have its one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    client.settimeout(10)
                    talk(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            assert not thread.is_alive()


def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mail.example.test have two."""
    found = [(socket.AF_INET, 0, 0, "", (address, 25)) for address in ("192.0.2.1", "192.0.2.2")]
    lookup = socket.getaddrinfo
    monkeypatch.setattr(
        resolver.socket,
        "getaddrinfo",
        lambda host, *rest, **options: found if host == "mail.example.test" else lookup(host, *rest, **options),
    )


# -- what is asked for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["a..b", ".b", f"{'a' * 64}.test", "a b", "a@b", "a/b", "a:25", "mail:x", "ü" * 64, "a%b", "*", "\udc80.test"],
    ids=ascii,
)
def test_what_is_no_host_name_is_refused_before_the_proxy_hears_of_it(kind: int, name: str):
    with ScriptedServer() as server, Proxy(server.port).serve() as proxy, through(proxy.port, kind) as mailer:
        # A surrogate is refused at once.
        refused = ssmtp_set(mailer.handle, PropertyID.MailServer, f"*{name}") == ErrorCode.INVALID_VALUE
        assert refused or mailer.send() == ErrorCode.INVALID_VALUE, mailer.error
    assert proxy.asked == []
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("kind", "name", "asked"),
    [
        (HTTP, "fe80::1%lo", "[fe80::1]"),
        (HTTP, "[::1]", "[::1]"),
        (HTTP, "mail.example.test.", "mail.example.test."),
        (HTTP, "MAIL_1.example.test", "MAIL_1.example.test"),
        (SOCKS5, "*[fe80::1%lo]", "fe80::1"),
        (SOCKS5, "*müller.example", "xn--mller-kva.example"),
        (SOCKS4, "*müller.example", "xn--mller-kva.example"),
        (SOCKS4A, "müller.example", "xn--mller-kva.example"),
        (SOCKS4A, "::1", "::1"),
    ],
)
def test_names_and_addresses_are_asked_for_as_the_proxy_can_read_them(kind: int, name: str, asked: str):
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy.port, kind, MailServer=name) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert proxy.asked == [(asked, 25)]


@pytest.mark.parametrize("kind", [SOCKS4, SOCKS4A])
@pytest.mark.parametrize("address", ["0.0.0.0", "0.0.0.5"])
def test_an_address_that_means_a_name_in_socks4a_is_never_sent(kind: int, address: str):
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy.port, kind, MailServer=address) as mailer,
    ):
        assert mailer.send() == ErrorCode.NULL_ADDRESS
        assert address in mailer.error[1]
    assert proxy.connections == 0


def test_an_ipv6_address_is_not_for_socks4():
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy.port, SOCKS4, MailServer="::1") as mailer,
    ):
        assert mailer.send() == ErrorCode.INVALID_VALUE
        assert "IPv6" in mailer.error[1]
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("kind", "refusal"), [(SOCKS5, bytes((5, code))) for code in (1, 3, 4, 5, 6, 8)] + [(SOCKS4, b"\0\x5b")]
)
def test_the_next_address_of_the_mail_server_is_tried(kind: int, refusal: bytes, monkeypatch: pytest.MonkeyPatch):
    two_addresses(monkeypatch)
    with (
        ScriptedServer() as server,
        Proxy(server.port, answers={REQUESTS[kind]: refusal}, lies=1).serve() as proxy,
        through(proxy.port, kind, MailServer="mail.example.test") as mailer,
    ):
        assert mailer.send() == 0, mailer.error
        proxy.lies = proxy.connections + 2
        assert mailer.send() == ErrorCode.FIREWALL
        proxy.answers, proxy.lies = {REQUESTS[kind]: b"\5\2" if kind == SOCKS5 else b"\0\x5c"}, proxy.connections + 1
        assert mailer.send() == ErrorCode.FIREWALL  # no other address would be allowed either
    assert [address for address, _ in proxy.asked] == ["192.0.2.1", "192.0.2.2"] * 2 + ["192.0.2.1"]


@pytest.mark.parametrize(
    ("kind", "settings"), [(SOCKS4, {"ConnectionTimeout": 1}), (SOCKS5, {"AbsoluteTimeout": True})]
)
def test_an_address_that_hangs_leaves_time_for_the_next(
    kind: int, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    two_addresses(monkeypatch)
    with (
        ScriptedServer() as server,
        Proxy(server.port, silent=1).serve() as proxy,
        through(proxy.port, kind, MailServer="mail.example.test", Timeout=1) as mailer,
    ):
        mailer.config(**settings)
        assert mailer.send() == 0, mailer.error
        proxy.silent = 10
        began = time.monotonic()
        assert mailer.send() == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert 0.9 < time.monotonic() - began < 1.5
        assert "proxy" in mailer.error[1]
    assert [address for address, _ in proxy.asked] == ["192.0.2.1", "192.0.2.2"] * 2


# -- what is answered -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [5, 2])
def test_a_refusal_of_two_octets_is_understood(code: int):
    words = {5: "connection refused", 2: "its rules"}[code]
    with (
        ScriptedServer() as server,
        Proxy(server.port, answers={2: bytes((5, code))}).serve() as proxy,
        through(proxy.port, SOCKS5) as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert words in mailer.error[1]


def test_a_refusal_of_two_octets_is_understood_with_socks4():
    with (
        ScriptedServer() as server,
        Proxy(server.port, answers={1: b"\0\x5c"}).serve() as proxy,
        through(proxy.port, SOCKS4) as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert "identd" in mailer.error[1]


def test_interim_answers_are_bounded():
    def talk(client: socket.socket) -> None:
        client.recv(4096)
        while True:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)
            time.sleep(0.001)

    with speaking(talk) as port, through(port, HTTP) as mailer:
        assert mailer.send() == ErrorCode.FIREWALL
        assert "interim" in mailer.error[1]


def test_some_interim_answers_are_passed_over():
    with (
        ScriptedServer() as server,
        Proxy(server.port, before=b"HTTP/1.1 102 Processing\r\n\r\n" * 3).serve() as proxy,
        through(proxy.port, HTTP) as mailer,
    ):
        assert mailer.send() == 0, mailer.error


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_length_fields_of_an_answer_that_opens_the_tunnel_mean_nothing(framing: str):
    # RFC 9110 9.3.6: "A client MUST ignore any Content-Length or Transfer-Encoding".
    answer = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode()
    with (
        ScriptedServer() as server,
        Proxy(server.port, grant=answer).serve() as proxy,
        through(proxy.port, HTTP) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


def test_a_page_that_never_ends_behind_a_407_does_not_hold_the_login_up():
    page = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nConnection: close\r\n\r\nwho"
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="x", page=page).serve() as proxy,
        through(proxy.port, HTTP, FirewallUser="ann", FirewallPassword="x", Timeout=2) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert proxy.connections == 2


def test_a_page_without_bounds_behind_a_407_is_not_read_to_its_end():
    page = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 9999999999\r\n\r\n"
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="x", page=page + b"x" * 200_000).serve() as proxy,
        through(proxy.port, HTTP, FirewallUser="ann", FirewallPassword="x", Timeout=2) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert proxy.connections == 2


def test_a_line_that_is_no_http_is_told_wherever_it_is_cut():
    def talk(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.recv(4096)
        for octet in b"HELP me\r\n":
            client.sendall(bytes((octet,)))
            time.sleep(0.002)
        client.recv(1)

    with speaking(talk) as port, through(port, HTTP, Timeout=3) as mailer:
        assert mailer.send() == ErrorCode.FIREWALL
        assert "does not answer in HTTP" in mailer.error[1]


# -- every wait ends --------------------------------------------------------------------------------------------------


STAGES: list[tuple[int, bytes]] = [
    *((kind, b"") for kind in KINDS),
    (SOCKS4, b"\0"),
    (SOCKS5, b"\5\0"),
    (SOCKS5, b"\5\2"),
    (HTTP, b"HTTP/1.1 2"),
    (SOCKS5, b"\5\0\5\0\0\3\xff"),
    (HTTP, b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 9\r\n\r\nwho"),
]


@contextlib.contextmanager
def stalling(said: bytes) -> Iterator[tuple[int, threading.Event]]:
    """A proxy that says so much and no more; the event is set when it has."""
    reached = threading.Event()

    def talk(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(said)
        reached.set()
        while client.recv(4096):
            pass

    with speaking(talk) as port:
        yield port, reached


@pytest.mark.parametrize(("kind", "said"), STAGES, ids=str)
def test_every_wait_for_a_proxy_can_be_interrupted(kind: int, said: bytes):
    with (
        stalling(said) as (port, reached),
        through(port, kind, FirewallUser="ann", FirewallPassword="x", Timeout=60) as mailer,
    ):
        interrupter = threading.Thread(target=lambda: reached.wait(5) and ssmtp_do_interrupt(mailer.handle))
        interrupter.start()
        began = time.monotonic()
        assert mailer.send() == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert time.monotonic() - began < 2
        interrupter.join(5)


@pytest.mark.parametrize(("kind", "said"), STAGES[-3:], ids=str)
def test_a_proxy_that_stops_in_the_middle_ends_with_the_timeout(kind: int, said: bytes):
    with (
        stalling(said) as (port, _),
        through(port, kind, FirewallUser="ann", FirewallPassword="x", Timeout=1) as mailer,
    ):
        assert mailer.send() == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert "proxy" in mailer.error[1]


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_drops_of_an_answer_do_not_outlive_the_time_for_connecting(kind: int):
    def talk(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.recv(4096)
        for octet in b"HTTP/1.1 200 " + b"x" * 999 if kind == HTTP else b"\5\0\5\0\0\3\xff" + b"x" * 255:
            client.sendall(bytes((octet,)))
            time.sleep(0.05)
        with contextlib.suppress(OSError):
            client.recv(1)

    with speaking(talk) as port, through(port, kind, Timeout=60) as mailer:
        mailer.config(ConnectionTimeout=1)
        began = time.monotonic()
        assert mailer.send() == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", ["ConnectionStatus", "PITrail"])
def test_a_callback_that_raises_leaves_no_connection_behind(kind: int, event: str):
    def fail(_: dict[str, Any]) -> None:
        raise ZeroDivisionError

    with ScriptedServer() as server, Proxy(server.port).serve() as proxy, through(proxy.port, kind) as mailer:
        mailer.on(event, fail)
        with pytest.raises(ZeroDivisionError):
            mailer.send()
        assert mailer.get("Connected") is False
        mailer.on(event, None)
        assert mailer.send() == 0, mailer.error


# -- secrets ----------------------------------------------------------------------------------------------------------

SECRET = "0123456789abcdefXYZ"


@pytest.mark.parametrize(
    "answer",
    [
        "{head}",
        "HTTP/1.1 403 {token}\r\n\r\n",
        "HTTP/1.1 {token}\r\n\r\n",
        "HTTP/1.1 407 {secret}\r\n\r\n",
        "HTTP/1.1 200 OK\r\n{token}\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX {secret}: y\r\n\r\n",
    ],
)
@pytest.mark.parametrize("field", ["FirewallData", "FirewallPassword"])
def test_a_proxy_that_repeats_a_secret_does_not_get_it_into_the_error(answer: str, field: str):
    def talk(client: socket.socket) -> None:
        if field == "FirewallPassword":
            client.recv(4096)
            client.sendall(b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
        head = client.recv(4096).decode()
        token = head.rstrip().rpartition(" ")[2]
        client.sendall(answer.format(head=head, token=token, secret=SECRET).encode())
        client.shutdown(socket.SHUT_WR)
        client.recv(4096)

    with speaking(talk) as port, through(port, HTTP) as mailer:
        if field == "FirewallPassword":
            mailer.set(FirewallUser="ann", FirewallPassword=SECRET)
        else:
            mailer.config(FirewallData=f"X-Token: {SECRET}")
        assert mailer.send() == ErrorCode.FIREWALL
        told = mailer.error[1]
    assert SECRET not in told
    assert "YW5uOjAxMjM0" not in told


# -- FirewallData, FirewallUser and FirewallPassword ------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", ["Content-Length: 5", "transfer-encoding: chunked", "Host: other.test", "X: ü", "Trailer: x", "Upgrade: x"]
)
def test_firewalldata_cannot_change_what_the_request_is(data: str):
    with ScriptedServer() as server, Proxy(server.port).serve() as proxy, through(proxy.port, HTTP) as mailer:
        mailer.config(FirewallData=data)
        code = mailer.send()
        if data == "X: ü":
            assert code == 0, mailer.error
            assert b"\r\nX: \xfc\r\n" in proxy.requests[0]
        else:
            assert code == ErrorCode.INVALID_VALUE
            assert "FirewallData" in mailer.error[1]
            assert proxy.connections == 0


def test_a_login_in_firewalldata_is_the_only_one():
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="x").serve() as proxy,
        through(proxy.port, HTTP, FirewallUser="ann", FirewallPassword="x") as mailer,
    ):
        mailer.config(FirewallData="proxy-authorization: Bearer abc")
        assert mailer.send() == ErrorCode.FIREWALL
        assert "FirewallData" in mailer.error[1]
    assert [request.lower().count(b"proxy-authorization") for request in proxy.requests] == [1]


@pytest.mark.parametrize(
    ("user", "password"),
    [("ann", ""), ("", "token"), ("ünn", "pässwörd"), ("a:b", "x"), ("a" * 256, "x"), ("ann", "x" * 256)],
)
@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_users_and_passwords_at_the_edge(kind: int, user: str, password: str):
    # RFC 7617 2: no colon in the user. RFC 1929 2: one octet for each length.
    refused = user == "a:b" if kind == HTTP else max(len(user), len(password)) > 255
    with (
        ScriptedServer() as server,
        Proxy(server.port, user=user, password=password).serve() as proxy,
        through(proxy.port, kind, FirewallUser=user, FirewallPassword=password) as mailer,
    ):
        code = mailer.send()
        assert code == (ErrorCode.INVALID_VALUE if refused else 0), mailer.error
    assert len(server.messages) == (not refused)


@pytest.mark.parametrize("scheme", ["http", "socks4a", "socks5h"])
@pytest.mark.parametrize("login", ["a%0Ab:x", "a:x%0D%0AX:y", "a%00:x"])
def test_control_characters_in_a_url_reach_no_proxy(scheme: str, login: str, monkeypatch: pytest.MonkeyPatch):
    with ScriptedServer() as server, Proxy(server.port, user="a", password="x").serve() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{login}@127.0.0.1:{proxy.port}")
        with Mailer(25, FirewallAutoDetect=True) as mailer:
            assert mailer.send() == ErrorCode.INVALID_VALUE
            assert "control character" in mailer.error[1]
            assert mailer.error[1].isprintable()
    assert not any(b"Authorization" in request or b"a\n" in request for request in proxy.requests)


def test_socks4_sets_no_bound_to_a_user():
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="a" * 300).serve() as proxy,
        through(proxy.port, SOCKS4, FirewallUser="a" * 300) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
