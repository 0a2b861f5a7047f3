"""Lists and responders are reached by the mail's way, and by no other."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from wire.mailer import Mailer
from wire.proxies import Proxy, Talk
from wire.scripted_server import ScriptedServer
from wire.test_ocsp import REVOKED, Responder, answer
from wire.test_ocsp import named as responder_at
from wire.test_ocsp import responder as responder
from wire.test_proxy_login import PASSWORD, DigestJudge
from wire.test_revocation import Publisher, listing
from wire.test_revocation import named as list_at
from wire.test_revocation import publisher as publisher
from wire.tls_certificates import Issued, authority, issue

pytestmark = pytest.mark.usefixtures("no_leaks", "no_proxy_variables")

HTTP, SOCKS4, SOCKS5, SOCKS4A = 1, 2, 3, 10
EXPLICIT = 2
NAME = "mail.example.test"
# No name server knows this one, so that only the proxy gets there.
WEB = "web.example.test"


def certificate(path: str) -> Issued:
    """With a list at ``path``, which no other test has, for lists are kept."""
    return issue(NAME, issuer=authority(), extensions=(list_at(f"http://{WEB}/{path}"),))


@contextmanager
def mailer_through(
    proxy: Proxy, server: ScriptedServer, kind: int, settings: dict[str, Any], **properties: Any
) -> Iterator[Mailer]:
    proxy.target = server.port
    firewall = {"FirewallType": kind, "FirewallHost": "127.0.0.1", "FirewallPort": proxy.port}
    with Mailer(587, MailServer=f"*{NAME}", SSLStartMode=EXPLICIT, **firewall, **properties) as mailer:
        mailer.config(SSLCACerts=authority().pem.decode(), **settings)
        yield mailer


def send(
    issued: Issued, directory: Path, proxy: Proxy, kind: int, settings: dict[str, Any] | None = None, **properties: Any
) -> tuple[int, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.write(directory))
    with (
        ScriptedServer(tls=context) as server,
        proxy.serve(),
        mailer_through(proxy, server, kind, {"SSLCheckCRL": 2, **(settings or {})}, **properties) as mailer,
    ):
        mailer.send()
        return mailer.error


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("kind", [HTTP, SOCKS4, SOCKS5, SOCKS4A])
def test_a_list_comes_through_the_proxy(kind: int, revoked: bool, publisher: Publisher, tmp_path: Path):
    issued = certificate(f"{kind}{revoked}")
    publisher.content = listing(*[issued.certificate.serial_number] * revoked)
    proxy = Proxy(0, routes={80: publisher.port})
    code, text = send(issued, tmp_path, proxy, kind)
    assert code == (ErrorCode.CERTIFICATE_REJECTED if revoked else 0), text
    assert ("is revoked" in text) is revoked
    assert proxy.asked == [(NAME, 587), (WEB, 80)]
    assert publisher.requests == [f"/{kind}{revoked}"]


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_a_responder_is_asked_through_the_proxy(kind: int, responder: Responder, tmp_path: Path):
    issued = issue(NAME, issuer=authority(), extensions=(responder_at(f"http://{WEB}:8888"),))
    responder.answer = lambda _: answer(issued, REVOKED)
    proxy = Proxy(0, routes={8888: responder.port})
    assert "is revoked" in send(issued, tmp_path, proxy, kind)[1]
    assert proxy.asked == [(NAME, 587), (WEB, 8888)]
    assert len(responder.requests) == 1


def test_a_host_of_a_list_that_is_none_is_not_said_to_be_the_mail_servers(tmp_path: Path):
    issued = issue(NAME, issuer=authority(), extensions=(list_at("http://a%00b/list"),))
    _, text = send(issued, tmp_path, Proxy(0), SOCKS4A)
    assert "'a%00b' is no valid host name" in text
    assert "MailServer" not in text


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("judge", [None, DigestJudge("SHA-256")], ids=["Basic", "Digest"])
def test_the_login_is_told_for_the_list_too(
    judge: DigestJudge | None, keep: bool, publisher: Publisher, tmp_path: Path
):
    publisher.content = listing()
    proxy = Proxy(0, routes={80: publisher.port}, user="ann", password=PASSWORD, judge=judge, keep=keep)
    issued = certificate(f"login{judge is None}{keep}")
    assert send(issued, tmp_path, proxy, HTTP, FirewallUser="ann", FirewallPassword=PASSWORD) == (0, "")
    assert len(publisher.requests) == 1
    assert proxy.connections == (2 if keep else 4)


def test_the_list_gets_those_fields_of_firewalldata_that_are_for_a_proxy(publisher: Publisher, tmp_path: Path):
    publisher.content = listing()
    proxy = Proxy(0, routes={80: publisher.port})
    fields = "X-Secret: 1\nProxy-Authorization: Bearer mine"
    assert send(certificate("fields"), tmp_path, proxy, HTTP, {"FirewallData": fields}) == (0, "")
    tunnel, file = proxy.requests
    assert b"X-Secret" in tunnel
    assert file.startswith(f"GET http://{WEB}/fields HTTP/1.1\r\nHost: {WEB}\r\n".encode())
    assert b"X-Secret" not in file
    assert b"Proxy-Authorization: Bearer mine\r\n" in file


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_an_exception_leads_around_the_proxy(kind: int, publisher: Publisher, tmp_path: Path):
    publisher.content = listing()
    issued = issue(NAME, issuer=authority(), extensions=(list_at(publisher.url + f".{kind}"),))
    proxy = Proxy(0)
    assert send(issued, tmp_path, proxy, kind, {"ProxyExceptionsList": "127.0.0.0/8"}) == (0, "")
    assert proxy.asked == [(NAME, 587)]
    assert len(publisher.requests) == 1


def test_a_mail_server_that_is_an_exception_leaves_the_list_behind_the_proxy(publisher: Publisher, tmp_path: Path):
    publisher.content = listing()
    issued = issue("127.0.0.1", issuer=authority(), extensions=(list_at(f"http://{WEB}/exception"),))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.write(tmp_path))
    with (
        ScriptedServer(tls=context) as server,
        Proxy(0, routes={80: publisher.port}).serve() as proxy,
        mailer_through(proxy, server, HTTP, {"SSLCheckCRL": 2, "ProxyExceptionsList": "127.*"}) as mailer,
    ):
        mailer.set(MailServer="127.0.0.1", MailPort=server.port)
        assert mailer.send() == 0, mailer.error
    assert proxy.asked == [(WEB, 80)]


# -- proxies that do not help -----------------------------------------------------------------------------------------


def test_what_the_proxy_says_stands_in_the_error(publisher: Publisher, tmp_path: Path):
    issued = certificate("refused")

    def judge(_: Talk, head: bytes) -> Sequence[str] | None:
        return None if head.startswith(b"CONNECT ") else ["Bearer"]

    for mode, code in ((1, 0), (2, ErrorCode.CERTIFICATE_REJECTED)):
        found, text = send(issued, tmp_path, Proxy(0, judge=judge), HTTP, {"SSLCheckCRL": mode})
        assert found == code
        assert ("The HTTP proxy wants FirewallUser and FirewallPassword (407 Proxy" in text) is bool(code)
    assert publisher.requests == []


@pytest.mark.parametrize("status", [204, 301, 404, 502])
def test_an_answer_other_than_200_is_no_list(status: int, publisher: Publisher, tmp_path: Path):
    publisher.content, publisher.status = listing(), status
    proxy = Proxy(0, routes={80: publisher.port})
    assert f"the answer is {status}" in send(certificate(f"{status}"), tmp_path, proxy, HTTP)[1]


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_what_is_too_large_is_not_kept(
    kind: int, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ssmtp_compat.tls.http_fetch.MAXIMUM_SIZE", 100_000)
    publisher.content = b"x" * 100_001
    proxy = Proxy(0, routes={80: publisher.port})
    assert "more than 100000 octets" in send(certificate(f"large{kind}"), tmp_path, proxy, kind)[1]


@pytest.mark.parametrize("kind", [HTTP, SOCKS5])
def test_a_silent_proxy_holds_the_list_up_only_so_long(
    kind: int, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ssmtp_compat.tls.http_fetch._SECONDS", 0.2)

    def judge(_: Talk, head: bytes) -> None:
        if head.startswith(b"GET "):
            time.sleep(0.5)

    publisher.delay = 0.5 if kind == SOCKS5 else 0.0
    proxy = Proxy(0, judge=judge, routes={80: publisher.port})
    _, text = send(certificate(f"silent{kind}"), tmp_path, proxy, kind)
    assert "Timeout: not finished within 0.2 s" in text


def test_pitrail_tells_what_is_asked_for(publisher: Publisher, tmp_path: Path):
    publisher.content = listing()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate("told").write(tmp_path))
    with (
        ScriptedServer(tls=context) as server,
        Proxy(0, routes={80: publisher.port}).serve() as proxy,
        mailer_through(proxy, server, HTTP, {"SSLCheckCRL": 1}) as mailer,
    ):
        mailer.record("PITrail")
        assert mailer.send() == 0, mailer.error
        told = [event["message"] for _, event in mailer.events if event["direction"] == 2]
    proxy_name = f"the HTTP proxy 127.0.0.1 port {proxy.port}"
    assert told[0] == f"Connecting through {proxy_name}."
    assert f"Asking http://{WEB}/told through {proxy_name} about a certificate." in told
