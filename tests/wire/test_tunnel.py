"""Through a proxy to the mail server: every kind, every answer, and not one octet of the greeting lost."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest

from loopback_identity import LoopbackIdentity
from ssmtp_compat.catalog.errors import ErrorCode
from wire.mailer import CONTENT, Mailer
from wire.proxies import Proxy
from wire.scripted_server import Close, ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks", "no_proxy_variables")

HTTP, SOCKS4, SOCKS5, SOCKS4A = 1, 2, 3, 10
KINDS = (HTTP, SOCKS4, SOCKS5, SOCKS4A)
IMPLICIT, EXPLICIT, NONE = 1, 2, 3


def through(proxy: Proxy, kind: int, **properties: Any) -> Mailer:
    return Mailer(25, **{"FirewallType": kind, "FirewallHost": "127.0.0.1", "FirewallPort": proxy.port, **properties})


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_goes_through(kind: int):
    with ScriptedServer() as server, Proxy(server.port).serve() as proxy, through(proxy, kind) as mailer:
        assert mailer.send() == 0, mailer.error
    assert [message.content for message in server.messages] == [CONTENT]
    assert proxy.asked == [("127.0.0.1", 25)]
    assert proxy.connections == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 3])
def test_answer_and_greeting_may_come_in_any_pieces(kind: int, cut: int):
    with ScriptedServer() as server, Proxy(server.port, cut=cut).serve() as proxy, through(proxy, kind) as mailer:
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


@pytest.mark.parametrize("bound", [b"\1" + bytes(4), b"\4" + bytes(16), b"\3\0", b"\3\xff" + b"x" * 255])
def test_the_greeting_is_told_from_any_address_that_socks5_answers_with(bound: bytes):
    with ScriptedServer() as server, Proxy(server.port, bound=bound).serve() as proxy, through(proxy, SOCKS5) as mailer:
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("kind", "server_name", "asked"),
    [
        (HTTP, "mail.example.test", "mail.example.test"),
        (HTTP, "*mail.example.test", "mail.example.test"),
        (HTTP, "müller.example", "xn--mller-kva.example"),
        (HTTP, "::1", "[::1]"),
        (SOCKS4, "*mail.example.test", "mail.example.test"),
        (SOCKS4, "localhost", "127.0.0.1"),
        (SOCKS4A, "mail.example.test", "mail.example.test"),
        (SOCKS4A, "127.0.0.1", "127.0.0.1"),
        (SOCKS5, "*mail.example.test", "mail.example.test"),
        (SOCKS5, "*::1", "::1"),
        (SOCKS5, "localhost", "127.0.0.1"),
    ],
)
def test_who_looks_the_name_up(kind: int, server_name: str, asked: str):
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, kind, MailServer=server_name) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert proxy.asked == [(asked, 25)]


def test_a_name_for_the_proxy_needs_a_proxy():
    with ScriptedServer() as server, Mailer(server.port, MailServer="*localhost") as mailer:
        assert mailer.send() == ErrorCode.INVALID_VALUE
        assert "no proxy" in mailer.error[1]
    assert server.connections == []


# -- logging in at the proxy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("kind", [HTTP, SOCKS5, SOCKS4])
def test_firewalluser_and_firewallpassword_are_told_to_a_proxy_that_asks(kind: int, keep: bool):
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="s e c: ret", keep=keep).serve() as proxy,
        through(proxy, kind, FirewallUser="ann", FirewallPassword="s e c: ret") as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
    assert proxy.connections == (1 if keep or kind != HTTP else 2)


@pytest.mark.parametrize("keep", [True, False])
def test_pitrail_tells_of_each_connection_to_the_proxy(keep: bool):
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="secret", keep=keep).serve() as proxy,
        through(proxy, HTTP, FirewallUser="ann", FirewallPassword="secret") as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        told = [event["message"] for _, event in mailer.events if event["direction"] == 2]
    assert told == [f"Connecting through the HTTP proxy 127.0.0.1 port {proxy.port}."] * (1 if keep else 2)


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_a_proxy_that_does_not_ask_does_not_hear_them(kind: int):
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, kind, FirewallUser="ann", FirewallPassword="secret") as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert not any(b"ann" in request or b"Authorization" in request for request in proxy.requests)


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
@pytest.mark.parametrize(
    ("user", "word"), [("ann", "refuses FirewallUser and FirewallPassword"), ("", "without a user")]
)
def test_a_wrong_proxy_password_is_told_apart_from_a_wrong_mail_password(kind: int, user: str, word: str):
    with (
        ScriptedServer() as server,
        Proxy(server.port, user="ann", password="right").serve() as proxy,
        through(proxy, kind, FirewallUser=user, FirewallPassword="wrong" if user else "") as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert (word if kind == SOCKS5 or user else "wants FirewallUser") in mailer.error[1]
        assert "wrong" not in mailer.error[1]
    assert server.connections == []


def test_firewalldata_is_in_the_request():
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, HTTP) as mailer,
    ):
        mailer.config(FirewallData="X-One: 1\nX-Two:  a b ")
        assert mailer.send() == 0, mailer.error
    (request,) = proxy.requests
    assert request == b"CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: 127.0.0.1:25\r\nX-One: 1\r\nX-Two: a b\r\n\r\n"


@pytest.mark.parametrize("data", ["no field", "X: 1\n\nY: 2", " X: 1", "X : 1", "X: a\0b", "X: ü€"])
def test_what_is_no_header_field_in_firewalldata_is_refused(data: str):
    with ScriptedServer() as server, Proxy(server.port).serve() as proxy, through(proxy, HTTP) as mailer:
        mailer.config(FirewallData=data)
        assert mailer.send() == ErrorCode.INVALID_VALUE
        assert "FirewallData" in mailer.error[1]
    assert proxy.connections == 0


# -- proxies that refuse or lie ---------------------------------------------------------------------------------------

SOCKS4_REFUSALS = {0x5B: "rejected the request", 0x5C: "no identd", 0x5D: "another user", 0x99: "code 153"}
SOCKS5_REFUSALS = {1: "general failure", 2: "its rules", 4: "host unreachable", 5: "connection refused", 9: "code 9"}
LIES: list[tuple[int, dict[int, bytes], str]] = [
    *((SOCKS4, {1: bytes((0, code)) + bytes(6)}, words) for code, words in SOCKS4_REFUSALS.items()),
    (SOCKS4, {1: b"\0"}, "closed the connection"),
    (SOCKS4, {1: b"\5\0"}, "no SOCKS4"),
    (SOCKS4, {1: b"HTTP/1.1"}, "no SOCKS4"),
    *((SOCKS5, {2: bytes((5, code, 0, 1))}, words) for code, words in SOCKS5_REFUSALS.items()),
    (SOCKS5, {1: b"\5\xff"}, "without a user"),
    (SOCKS5, {1: b"\5\1"}, "login method 1"),
    (SOCKS5, {1: b"HT"}, "version 72"),
    (SOCKS5, {2: b"\4\0\0\1"}, "version 4"),
    (SOCKS5, {2: b"\5\0\0\2"}, "address of type 2"),
    (SOCKS5, {2: b"\5\0\0\3\xff"}, "closed the connection"),
    (SOCKS5, {1: b""}, "closed the connection"),
    (HTTP, {1: b"HTTP/1.1 403 Not\x1bhere\r\nContent-Length: 0\r\n\r\n"}, "403 Not?here"),
    (HTTP, {1: b"HTTP/1.1 403 Not here\r\nContent-Length: 0\r\n\r\n"}, "answered: 403 Not here"),
    (HTTP, {1: b"HTTP/1.1 502 Bad Gateway\r\n\r\n"}, "502"),
    (HTTP, {1: b"HTTP/1.1 401 Unauthorized\r\n\r\n"}, "wants FirewallUser"),
    (HTTP, {1: b"220 mail.example.test\r\n"}, "does not answer in HTTP"),
    (HTTP, {1: b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000}, "does not answer in HTTP"),
    (HTTP, {1: b""}, "closed the connection"),
]


@pytest.mark.parametrize(("kind", "answers", "words"), LIES)
def test_the_proxys_refusal_is_told_and_the_handle_lives(kind: int, answers: dict[int, bytes], words: str):
    with (
        ScriptedServer() as server,
        Proxy(server.port, answers=answers).serve() as proxy,
        through(proxy, kind) as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert words in mailer.error[1]
        assert mailer.error[1].isprintable()
        assert mailer.get("Connected") is False
        proxy.answers.clear()
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1


def test_a_login_that_nobody_here_knows_is_named():
    answer = (
        b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Bearer\r\nProxy-Authenticate: Digest realm=x, HOBA max-age=1\r\n\r\n"
    )
    with (
        ScriptedServer() as server,
        Proxy(server.port, answers={1: answer}).serve() as proxy,
        through(proxy, HTTP, FirewallUser="ann") as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert "bearer, digest, hoba" in mailer.error[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_silent_proxy_ends_with_the_timeout(kind: int):
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,  # it takes connections and says nothing
        Mailer(25, FirewallType=kind, FirewallHost="127.0.0.1", FirewallPort=listener.getsockname()[1]) as mailer,
    ):
        mailer.config(ConnectionTimeout=1)
        assert mailer.send() == ErrorCode.INTERRUPTED_OR_TIMEOUT
        assert "proxy" in mailer.error[1]


def test_a_proxy_that_is_not_there_is_named(closed_port: int):
    with Mailer(25, FirewallType=SOCKS5, FirewallHost="127.0.0.1", FirewallPort=closed_port) as mailer:
        assert mailer.send() == ErrorCode.WSAECONNREFUSED
        assert f"127.0.0.1 port {closed_port}" in mailer.error[1]


def test_firewalltype_without_firewallhost_is_an_error():
    with ScriptedServer() as server, Mailer(server.port, FirewallType=HTTP) as mailer:
        assert mailer.send() == ErrorCode.INVALID_VALUE
        assert "FirewallHost is empty" in mailer.error[1]
    assert server.connections == []


# -- TLS and events ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize(("name", "code"), [("localhost", 0), ("other.example.test", ErrorCode.CERTIFICATE_REJECTED)])
def test_tls_verifies_the_mail_servers_name_and_not_the_proxys(
    kind: int, mode: int, name: str, code: int, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=mode == IMPLICIT) as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, kind, MailServer=f"*{name}", SSLStartMode=mode) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        assert mailer.send() == code, mailer.error
    assert len(server.messages) == (code == 0)


@pytest.mark.parametrize("mode", [NONE, IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_connectionstatus_tells_of_each_layer(
    kind: int, mode: int, server_tls: ssl.SSLContext, loopback_identity: LoopbackIdentity
):
    with (
        ScriptedServer(tls=server_tls, implicit_tls=mode == IMPLICIT) as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, kind, SSLStartMode=mode) as mailer,
    ):
        mailer.config(SSLCACertFilePaths=loopback_identity.ca_file)
        mailer.record("ConnectionStatus", "SSLServerAuthentication")
        assert mailer.send() == 0, mailer.error
        told = [event.get("connectionevent", name) for name, event in mailer.events]
        codes = mailer.recorded("ConnectionStatus", "statuscode") + mailer.recorded("ConnectionStatus", "description")
    tls = mode != NONE
    assert told == [
        "Firewall connection complete",
        "Remote host connection complete",
        *["SSLServerAuthentication", "TLS handshake complete"] * tls,
        *["TLS connection broken"] * tls,
        "Remote host disconnected",
        "Firewall host disconnected",
    ]
    assert {*codes} == {0, "OK"}


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_connectionstatus_of_a_break_tells_why_of_each_layer(kind: int):
    with (
        ScriptedServer(faults={"MAIL": Close()}) as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, kind) as mailer,
    ):
        mailer.record("ConnectionStatus")
        code = mailer.send()
        assert code
        left = [event for _, event in mailer.events if "disconnected" in event["connectionevent"]]
    assert [event["connectionevent"] for event in left] == ["Remote host disconnected", "Firewall host disconnected"]
    assert {event["statuscode"] for event in left} == {code}


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_that_refuses_connects_nobody(kind: int, closed_port: int):
    answers = {1: b"HTTP/1.1 403 No\r\n\r\n" if kind == HTTP else b"\5\xff" if kind == SOCKS5 else b"\0\x5b" + bytes(6)}
    with Proxy(closed_port, answers=answers).serve() as proxy, through(proxy, kind) as mailer:
        mailer.record("ConnectionStatus")
        assert mailer.send() == ErrorCode.FIREWALL
        assert mailer.events == []


# -- which proxy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exceptions", "direct"),
    [("127.0.0.1", True), ("mail; 127.0.0.0/8", True), ("127.*", True), ("10.0.0.0/8;localhost", False), ("", False)],
)
def test_proxyexceptionslist_leads_around_the_proxy(exceptions: str, direct: bool):
    with (
        ScriptedServer() as server,
        Proxy(server.port).serve() as proxy,
        through(proxy, SOCKS5, MailPort=server.port) as mailer,
    ):
        mailer.config(ProxyExceptionsList=exceptions)
        assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
    assert proxy.connections == (0 if direct else 1)


def test_firewallautodetect_takes_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    with ScriptedServer() as server, Proxy(server.port, user="a b", password="p@").serve() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://a%20b:p%40@127.0.0.1:{proxy.port}")
        with Mailer(25, MailServer="mail.example.test", FirewallAutoDetect=True, FirewallUser="other") as mailer:
            mailer.record("PITrail")
            assert mailer.send() == 0, mailer.error
            assert (2, f"Connecting through the SOCKS5 proxy 127.0.0.1 port {proxy.port}.") in list(
                zip(mailer.recorded("PITrail", "direction"), mailer.recorded("PITrail", "message"), strict=True)
            )
            mailer.set(MailServer="127.0.0.1", MailPort=server.port)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            assert mailer.send() == 0, mailer.error
            monkeypatch.delenv("NO_PROXY")
            mailer.config(ProxyExceptionsList="127.*")
            assert mailer.send() == 0, mailer.error
    assert proxy.asked == [("mail.example.test", 25)]
    assert len(server.messages) == 3


def test_a_proxy_of_the_environment_without_a_user_gets_that_of_the_properties(monkeypatch: pytest.MonkeyPatch):
    with ScriptedServer() as server, Proxy(server.port, user="ann", password="x").serve() as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        with Mailer(25, FirewallAutoDetect=True, FirewallUser="ann", FirewallPassword="x") as mailer:
            mailer.config(FirewallData="X-One: 1")
            assert mailer.send() == 0, mailer.error
    assert b"\r\nX-One: 1\r\n" in proxy.requests[-1]


def test_the_star_of_mailserver_holds_for_a_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    with ScriptedServer() as server, Proxy(server.port).serve() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        with Mailer(25, FirewallAutoDetect=True, MailServer="*mail.example.test") as mailer:
            assert mailer.send() == 0, mailer.error
    assert proxy.asked == [("mail.example.test", 25)]


@pytest.mark.parametrize("alias", ["FirewallHost", "FirewallPort", "FirewallType", "FirewallUser", "FirewallPassword"])
def test_each_property_is_a_setting_too(alias: str):
    with ScriptedServer() as server, Proxy(server.port, user="ann", password="x").serve() as proxy:
        values = {
            "FirewallType": SOCKS5,
            "FirewallHost": "127.0.0.1",
            "FirewallPort": proxy.port,
            "FirewallUser": "ann",
            "FirewallPassword": "x",
        }
        with Mailer(25) as mailer:
            # In this order, because FirewallType sets FirewallPort.
            for name, value in values.items():
                if name == alias:
                    mailer.config(**{name: value})
                else:
                    mailer.set(**{name: value})
            assert mailer.send() == 0, mailer.error
    assert len(server.messages) == 1
