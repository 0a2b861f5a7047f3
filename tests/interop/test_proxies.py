"""Through real proxies to a real mail server: every kind and form of the name, with STARTTLS and without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest

from interop.authority import Authority
from interop.packages import DANTED_PLUGINS
from interop.postfix import USERS, Postfix
from interop.processes import require, server_directory
from interop.proxies import PASSWORD, USER, Danted, DantedLogin, Microsocks, Squid, Ssh, Tinyproxy
from ssmtp_compat import FirewallTypes, SSLStartModes
from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.net.deadline import Deadline
from ssmtp_compat.net.tcp import TcpOptions
from ssmtp_compat.net.web_request import WebRequest
from ssmtp_compat.operations.web import Web
from ssmtp_compat.tunnel.options import ProxyKind, TunnelOptions
from wire.mailer import Mailer
from wire.web_server import WebHandler, serving

pytestmark = pytest.mark.interop

HTTP, SOCKS4 = FirewallTypes.fwTunnel, FirewallTypes.fwSOCKS4
SOCKS5, SOCKS4A = FirewallTypes.fwSOCKS5, FirewallTypes.fwSOCKS4A
ADDRESS, NAME, NAME_FOR_PROXY = "127.0.0.1", "localhost", "*localhost"

Daemon = TypeVar("Daemon", Danted, DantedLogin, Microsocks, Ssh, Squid, Tinyproxy)


def running(kind: type[Daemon], name: str) -> Iterator[Daemon]:
    with server_directory(name) as directory:
        proxy = kind(directory)
        try:
            yield proxy
        finally:
            proxy.stop()


@pytest.fixture(scope="module")
def danted() -> Iterator[Danted]:
    require("danted", root=True)
    yield from running(Danted, "danted")


@pytest.fixture(scope="module")
def danted_login() -> Iterator[DantedLogin]:
    require("danted", "openssl", plugins=DANTED_PLUGINS, root=True)
    yield from running(DantedLogin, "danted-login")


@pytest.fixture(scope="module")
def microsocks() -> Iterator[Microsocks]:
    require("microsocks")
    yield from running(Microsocks, "microsocks")


@pytest.fixture(scope="module")
def ssh() -> Iterator[Ssh]:
    require("ssh", "sshd", "ssh-keygen", root=True)
    yield from running(Ssh, "ssh")


@pytest.fixture(scope="module")
def tinyproxy() -> Iterator[Tinyproxy]:
    require("tinyproxy")
    yield from running(Tinyproxy, "tinyproxy")


@pytest.fixture(scope="module")
def squid() -> Iterator[Squid]:
    require("squid", "openssl", root=True)
    yield from running(Squid, "squid")


def through(
    proxy: Danted | DantedLogin | Microsocks | Ssh | Squid | Tinyproxy,
    kind: FirewallTypes,
    mail_port: int,
    **properties: Any,
) -> Mailer:
    reach = {"FirewallType": kind, "FirewallHost": "127.0.0.1", "FirewallPort": proxy.port}
    password = getattr(proxy, "password", PASSWORD)
    login = {"FirewallUser": USER, "FirewallPassword": password} if kind is HTTP else {}
    return Mailer(mail_port, **{**reach, **login, "Timeout": 10, **properties})


MATRIX = [
    *(("danted", SOCKS4, name) for name in (ADDRESS, NAME)),
    *(("danted", SOCKS5, name) for name in (ADDRESS, NAME, NAME_FOR_PROXY)),
    *(("microsocks", SOCKS5, name) for name in (ADDRESS, NAME, NAME_FOR_PROXY)),
    *(("ssh", SOCKS4, name) for name in (ADDRESS, NAME, NAME_FOR_PROXY)),
    *(("ssh", SOCKS4A, name) for name in (ADDRESS, NAME)),
    *(("ssh", SOCKS5, name) for name in (ADDRESS, NAME, NAME_FOR_PROXY)),
    *(("tinyproxy", HTTP, name) for name in (ADDRESS, NAME)),
    *(("squid", HTTP, name) for name in (ADDRESS, NAME)),
]


@pytest.mark.parametrize(("name", "kind", "mail_server"), MATRIX)
@pytest.mark.parametrize("mode", [SSLStartModes.sslNone, SSLStartModes.sslExplicit])
def test_a_message_arrives(
    name: str,
    kind: FirewallTypes,
    mail_server: str,
    mode: SSLStartModes,
    request: pytest.FixtureRequest,
    postfix: Postfix,
    ca: Authority,
):
    proxy = request.getfixturevalue(name)
    with through(proxy, kind, postfix.plain_port, MailServer=mail_server, SSLStartMode=mode) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        mailer.record("ConnectionStatus")
        assert mailer.send() == 0, mailer.error
        told = mailer.recorded("ConnectionStatus", "connectionevent")
    assert told[0] == "Firewall connection complete"
    assert ("TLS handshake complete" in told) == (mode is SSLStartModes.sslExplicit)
    assert b"Hello Bob" in postfix.message("bob")


@pytest.mark.parametrize("port", ["port", "digest_port", "ntlm_port"])
def test_squid_takes_every_way_to_log_in(port: str, squid: Squid, postfix: Postfix):
    if port == "ntlm_port":
        pytest.importorskip("spnego")
    with through(squid, HTTP, postfix.plain_port, FirewallPort=getattr(squid, port)) as mailer:
        assert mailer.send() == 0, mailer.error
    assert postfix.message("bob")


LOGINS = [("danted_login", SOCKS5, "port"), ("microsocks", SOCKS5, "login_port"), ("tinyproxy", HTTP, "port")]
LOGINS += [("squid", HTTP, port) for port in ("port", "digest_port")]


@pytest.mark.parametrize(("name", "kind", "port"), LOGINS)
def test_the_wrong_password_of_the_proxy_is_told_from_that_of_the_mail_server(
    name: str, kind: FirewallTypes, port: str, request: pytest.FixtureRequest, postfix: Postfix, ca: Authority
):
    proxy = request.getfixturevalue(name)
    login = {"FirewallUser": USER, "FirewallPassword": "wrong password", "FirewallPort": getattr(proxy, port)}
    mail_login = {"MailServer": "localhost", "User": "alice@example.test", "Password": USERS["alice"]}
    tls = {"SSLStartMode": SSLStartModes.sslExplicit}
    with through(proxy, kind, postfix.submission_port, **login, **mail_login, **tls) as mailer:
        mailer.config(SSLCACertFilePaths=ca.certificate)
        assert mailer.send() == ErrorCode.FIREWALL
        assert "refuses FirewallUser and FirewallPassword" in mailer.error[1]
        mailer.set(FirewallPassword=getattr(proxy, "password", PASSWORD), Password="wrong")
        assert mailer.send() == ErrorCode.SMTP_PROTOCOL
        assert mailer.error[1].startswith("535")
        mailer.set(Password=USERS["alice"])
        assert mailer.send() == 0, mailer.error
    assert postfix.message("bob")


@pytest.mark.parametrize(("name", "kind", "port"), LOGINS)
def test_a_proxy_that_wants_a_user_says_so(
    name: str, kind: FirewallTypes, port: str, request: pytest.FixtureRequest, postfix: Postfix
):
    proxy = request.getfixturevalue(name)
    nobody = {"FirewallUser": "", "FirewallPassword": "", "FirewallPort": getattr(proxy, port)}
    with through(proxy, kind, postfix.plain_port, **nobody) as mailer:
        assert mailer.send() == ErrorCode.FIREWALL
        assert ("wants FirewallUser" if kind is HTTP else "nobody without a user") in mailer.error[1]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("danted", SOCKS4, "failed to connect"),
        ("danted", SOCKS5, "connection refused"),
        ("microsocks", SOCKS5, "connection refused"),
        ("ssh", SOCKS5, "closed the connection"),
        ("tinyproxy", HTTP, "answered: 500"),
        ("squid", HTTP, "answered: 503 Service Unavailable"),
    ],
)
def test_a_mail_server_that_is_not_there_is_the_proxys_refusal(
    name: str, kind: FirewallTypes, words: str, request: pytest.FixtureRequest, closed_port: int
):
    with through(request.getfixturevalue(name), kind, closed_port) as mailer:
        assert mailer.send() == ErrorCode.FIREWALL
        assert words in mailer.error[1]


@pytest.fixture(scope="module")
def web_server() -> Iterator[str]:
    """Answers GET with its path, and POST with what it gets; yields the beginning of its URLs."""

    class Handler(WebHandler):
        def do_GET(self) -> None:
            self.give(self.take() or self.path.encode())

        do_POST = do_GET

    with serving(Handler) as port:
        yield f"http://localhost:{port}"


@pytest.mark.parametrize("body", [b"", b"a request"])
@pytest.mark.parametrize(
    ("name", "kind", "port"),
    [
        ("danted", ProxyKind.SOCKS4, "port"),
        ("danted_login", ProxyKind.SOCKS5, "port"),
        ("microsocks", ProxyKind.SOCKS5, "login_port"),
        ("ssh", ProxyKind.SOCKS4A, "port"),
        ("tinyproxy", ProxyKind.HTTP, "port"),
        ("squid", ProxyKind.HTTP, "port"),
        ("squid", ProxyKind.HTTP, "digest_port"),
        ("squid", ProxyKind.HTTP, "ntlm_port"),
    ],
)
def test_what_revocation_needs_comes_through(
    name: str, kind: ProxyKind, port: str, body: bytes, request: pytest.FixtureRequest, web_server: str
):
    if port == "ntlm_port":
        pytest.importorskip("spnego")
    proxy = request.getfixturevalue(name)
    password = getattr(proxy, "password", PASSWORD)
    options = TunnelOptions(kind=kind, host="127.0.0.1", port=getattr(proxy, port), user=USER, password=password)
    web = Web(TcpOptions("", 0), lambda _: options, lambda _: None)
    asked = WebRequest.parse(f"{web_server}/ca.crl", body, "application/ocsp-request", 1000)
    assert web.ask(asked, Deadline(10)) == (200, body or b"/ca.crl")
