"""Log-ins that are bound to the TLS connection around them. GnuTLS tells the server to what, and a judge decides.

The scripted server only carries what they say. Each way to log in is a cell of the table in docs/servers.md.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import pytest

from interop.authority import Authority
from interop.gnutls import GnuTls
from ssmtp_compat import SSLStartModes
from wire import server_auth
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.server_auth import Exchange, Users
from wire.tls_servers import tls_server

USER, PASSWORD = "alice", "pässword-1"
PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
REFUSED = "refused"
BINDINGS = {"TLS 1.2": "tls-unique", "TLS 1.3": "tls-exporter"}
VERSIONS = {"TLS 1.2": ssl.TLSVersion.TLSv1_2, "TLS 1.3": ssl.TLSVersion.TLSv1_3}


class SaslServer(Protocol):
    """A foreign server's half of SASL."""

    name: str
    refusals: list[str]
    """What it said of each log-in that it refused."""

    def exchange(self, mechanism: str, users: Users, binding: Callable[[str], bytes | None]) -> Exchange:
        """``binding`` gives the data of a channel binding by its name, or None where there is none."""
        ...


@dataclass(frozen=True)
class Target:
    """A judge behind a version of TLS."""

    judge: SaslServer
    version: str
    ca: Authority

    @contextmanager
    def serve(
        self, offered: Sequence[str] = (PLUS, PLAIN), *, bound: bool = True, priorities: str = ""
    ) -> Iterator[tuple[ScriptedServer, GnuTls]]:
        """A server that begins with TLS. ``priorities`` are more of GnuTLS's words; one that is not ``bound`` knows
        nothing of its TLS."""
        tls = GnuTls(self.ca.server, f"NORMAL:-VERS-ALL:+VERS-{self.version.replace(' ', '')}{priorities}")

        def exchange(users: Users, mechanism: str) -> Exchange:
            return self.judge.exchange(mechanism, users, tls.sessions[-1].binding if bound else lambda _: None)

        with pytest.MonkeyPatch.context() as patch:
            for name in offered:
                patch.setitem(server_auth.MECHANISMS, name, partial(exchange, mechanism=name))
            users = {USER: PASSWORD}
            with ScriptedServer(users=users, mechanisms=offered, tls=tls, implicit_tls=True) as server:
                yield server, tls

    def mailer(self, port: int, password: str = PASSWORD) -> Mailer:
        reach = {"MailServer": "localhost", "SSLStartMode": SSLStartModes.sslImplicit}
        mailer = Mailer(port, User=USER, Password=password, **reach)
        mailer.config(SSLCACertFilePaths=self.ca.certificate)
        return mailer


@contextmanager
def in_the_middle(
    ca: Authority, port: int, version: str, change: Callable[[bytes], bytes] = lambda said: said
) -> Iterator[int]:
    """Somebody with a certificate that the client trusts, who ends its TLS and hands everything on to the real server
    inside TLS of his own, what the server says after a ``change``. Yields his port; he serves one client."""
    front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.load_cert_chain(ca.server.certificate, ca.server.key)
    front.minimum_version = front.maximum_version = VERSIONS[version]
    back = ssl.create_default_context(cafile=str(ca.certificate))

    def hand_on(client: ssl.SSLSocket, _seen: object) -> None:
        with (
            socket.create_connection(("127.0.0.1", port), 10) as connection,
            back.wrap_socket(connection, server_hostname="localhost") as server,
        ):
            others = {client: server, server: client}
            while True:
                # A recv takes a whole record, so nothing is left where select does not see it.
                for source in select.select(list(others), [], [], 10)[0]:
                    said = source.recv(65536)
                    if not said:
                        return
                    others[source].sendall(change(said) if source is server else said)

    with tls_server(front, hand_on) as seen:
        yield seen.port


def log_in(target: Target, mechanism: str) -> str:
    """With the right password. The cell is what the judge was bound to."""
    with target.serve([mechanism, mechanism.removesuffix("-PLUS")]) as (server, _):
        with target.mailer(server.port) as mailer:
            mailer.record("PITrail")
            assert mailer.send() == 0, (mailer.error, target.judge.refusals)
            assert f"AUTH {mechanism} ****" in mailer.recorded("PITrail", "message")
        assert server.connection.user == USER
    return BINDINGS[target.version]


def log_in_with_a_wrong_password(target: Target) -> str:
    with target.serve() as (server, _):
        return _refused(target, server, server.port, "wrong")


def handed_on(target: Target, change: Callable[[bytes], bytes] = lambda said: said) -> str:
    """The right password, by one in the middle who uses either version of TLS with the client."""
    for version in VERSIONS:
        with target.serve() as (server, _), in_the_middle(target.ca, server.port, version, change) as port:
            _refused(target, server, port)
    return REFUSED


def handed_on_without_plus(target: Target) -> str:
    return handed_on(target, lambda said: said.replace(f" {PLUS}".encode(), b""))


def handed_on_with_another_plus(target: Target) -> str:
    return handed_on(target, lambda said: said.replace(PLUS.encode(), b"SCRAM-SHA-512-PLUS"))


def _refused(target: Target, server: ScriptedServer, port: int, password: str = PASSWORD) -> str:
    """The judge has to have said no, and no part of the way to it."""
    before = len(target.judge.refusals)
    with target.mailer(port, password) as mailer:
        assert mailer.send() == 161, mailer.error
        assert mailer.error[1].startswith("535"), mailer.error
    assert server.connection.user is None
    assert len(target.judge.refusals) == before + 1
    return REFUSED


WAYS: dict[str, Callable[[Target], str]] = {
    "SCRAM-SHA-256-PLUS": partial(log_in, mechanism="SCRAM-SHA-256-PLUS"),
    "SCRAM-SHA-1-PLUS": partial(log_in, mechanism="SCRAM-SHA-1-PLUS"),
    "with a wrong password": log_in_with_a_wrong_password,
    "handed on by one in the middle": handed_on,
    "who takes PLUS out of the offer": handed_on_without_plus,
    "who puts a PLUS there that is not known": handed_on_with_another_plus,
}
