"""Logging in at an HTTP proxy by Digest and NTLM, over one connection and over several."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from wire.mailer import Mailer
from wire.proxies import Proxy, Talk, authorization
from wire.scripted_server import ScriptedServer

pytestmark = pytest.mark.usefixtures("no_leaks", "no_proxy_variables")

PASSWORD = "correct horse battery"


def through(proxy: Proxy, password: str = PASSWORD, user: str = "ann") -> Mailer:
    properties = {"FirewallHost": "127.0.0.1", "FirewallUser": user, "FirewallPassword": password}
    return Mailer(25, **{"FirewallType": 1, "FirewallPort": proxy.port, **properties})


class DigestJudge:
    """RFC 7616 from the other side; the first nonce that is used is too old where ``stale`` says so."""

    def __init__(self, algorithm: str, *, stale: bool = False) -> None:
        self.algorithm = algorithm
        self.stale = stale
        self.nonces = 0

    def __call__(self, talk: Talk, head: bytes) -> Sequence[str] | None:
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', authorization(head)))
        if fields and not (self.stale and self.nonces == 1):
            assert fields["nonce"] == f"n{self.nonces}"

            def h(text: str) -> str:
                return hashlib.new(self.algorithm.replace("-", "").lower(), text.encode()).hexdigest()

            method, target, _ = head.decode().split(" ", 2)
            a1, a2 = h(f"ann:corp:{PASSWORD}"), h(f"{method}:{fields['uri']}")
            right = h(f"{a1}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:auth:{a2}")
            if fields["response"] == right and fields["uri"] == target:
                return None
        self.nonces += 1
        stale = ", stale=true" if fields and self.stale else ""
        offer = f'realm="corp", nonce="n{self.nonces}", qop="auth", algorithm={self.algorithm}{stale}'
        return [f"Digest {offer}", 'Basic realm="corp"']


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("stale", [False, True])
def test_digest(algorithm: str, keep: bool, stale: bool):
    judge = DigestJudge(algorithm, stale=stale)
    with (
        ScriptedServer() as server,
        Proxy(server.port, judge=judge, keep=keep).serve() as proxy,
        through(proxy) as mailer,
    ):
        assert mailer.send() == 0, mailer.error
    assert proxy.connections == (1 if keep else 2 + stale)
    assert not any(PASSWORD.encode() in request or b"Basic" in request for request in proxy.requests)


def test_a_wrong_password_is_not_tried_twice_with_digest():
    with (
        ScriptedServer() as server,
        Proxy(server.port, judge=DigestJudge("SHA-256")).serve() as proxy,
        through(proxy, "wrong") as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert "refuses FirewallUser and FirewallPassword (407" in mailer.error[1]
    assert len(proxy.requests) == 2


class TokenJudge:
    """NTLM or Negotiate by pyspnego from the other side: the connection is what is logged in."""

    def __init__(self, title: str, *, endless: bool = False) -> None:
        self.title = title
        self.endless = endless

    def __call__(self, talk: Talk, head: bytes) -> Sequence[str] | None:
        import spnego

        scheme, _, token = authorization(head).partition(" ")
        if scheme != self.title:
            return [self.title]
        if talk.state is None:
            talk.state = spnego.server(protocol=self.title.lower())
        try:
            reply = talk.state.step(base64.b64decode(token))
        except spnego.exceptions.SpnegoError:
            return [self.title]
        if talk.state.complete and not self.endless:
            return None
        return [f"{self.title} {base64.b64encode(reply or b'x').decode()}"]


@pytest.fixture
def ntlm_users(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts of pyspnego's own NTLM server."""
    pytest.importorskip("spnego")
    path = tmp_path / "users"
    path.write_text(f"CORP:ann:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(path))


@pytest.mark.usefixtures("ntlm_users")
@pytest.mark.parametrize("title", ["NTLM", "Negotiate"])
@pytest.mark.parametrize("password", [PASSWORD, "wrong password"])
def test_ntlm_and_negotiate_log_one_connection_in(title: str, password: str):
    right = password == PASSWORD
    with (
        ScriptedServer() as server,
        Proxy(server.port, judge=TokenJudge(title)).serve() as proxy,
        through(proxy, password, "CORP\\ann") as mailer,
    ):
        assert mailer.send() == (0 if right else ErrorCode.FIREWALL), mailer.error
        assert right or "refuses FirewallUser" in mailer.error[1]
    assert proxy.connections == 1
    assert len(server.messages) == right


@pytest.mark.usefixtures("ntlm_users")
def test_a_proxy_that_closes_in_the_middle_of_ntlm_is_given_up():
    with (
        ScriptedServer() as server,
        Proxy(server.port, judge=TokenJudge("NTLM"), keep=False).serve() as proxy,
        through(proxy, user="CORP\\ann") as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
        assert "middle of the login" in mailer.error[1]
    assert proxy.connections == 2


@pytest.mark.usefixtures("ntlm_users")
def test_an_exchange_of_tokens_ends():
    with (
        ScriptedServer() as server,
        Proxy(server.port, judge=TokenJudge("NTLM", endless=True)).serve() as proxy,
        through(proxy, user="CORP\\ann") as mailer,
    ):
        assert mailer.send() == ErrorCode.FIREWALL
    assert len(proxy.requests) <= 6
