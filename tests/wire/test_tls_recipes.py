"""The recipes of docs/tls.md, each run as it stands against a server that has what the recipe is about."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import ssmtp_compat
from ssmtp_compat import PropertyID
from ssmtp_compat.catalog.errors import ErrorCode
from wire.client_hello import read_client_hello
from wire.mailer import Mailer
from wire.scripted_server import ScriptedServer
from wire.test_revocation import listing, named
from wire.tls_certificates import DAY, NOW, Issued, authority, issue
from wire.tls_servers import Seen, plain_server

pytestmark = pytest.mark.usefixtures("no_leaks")

PAGE = (Path(__file__).parents[2] / "docs" / "tls.md").read_text()
RECIPES = dict(re.findall(r"^## (.+?)\n.*?^```python\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL))
HOST = "mail.example.org"
X25519MLKEM768 = 0x11EC


def cook(recipe: str, mailer: Mailer) -> None:
    names = {name: getattr(ssmtp_compat, name) for name in ("ssmtp_set", "ssmtp_do_config")}
    exec(RECIPES[recipe], {**names, "P": PropertyID, "Path": Path, "mail": mailer.handle})


@dataclass
class Kitchen:
    """Sends a mail by a recipe to a server with a certificate."""

    redirect: Callable[[int], None]
    directory: Path

    def send(
        self,
        recipe: str,
        issued: Issued | None = None,
        *,
        times: int = 1,
        change: Callable[[ssl.SSLContext], None] = lambda _: None,
        public: bool = True,
    ) -> tuple[int, ScriptedServer, ssl.SSLContext]:
        """``public``: the tests' authority is one of those that everybody trusts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain((issued or issue(HOST, issuer=authority())).write(self.directory))
        change(context)
        roots = self.directory / "public.pem"
        roots.write_bytes((authority() if public else issue(common_name="Public", is_ca=True)).pem)
        implicit = "P.SSLStartMode, 1" in RECIPES[recipe]
        with ScriptedServer(tls=context, implicit_tls=implicit) as server, Mailer(1) as mailer:
            self.redirect(server.port)
            mailer.config(SSLCACertFilePaths=roots)
            cook(recipe, mailer)
            codes = {mailer.send() for _ in range(times)}
        (code,) = codes
        assert len(server.messages) == (times if code == 0 else 0)
        return code, server, context


@pytest.fixture
def kitchen(redirect: Callable[[int], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kitchen:
    monkeypatch.chdir(tmp_path)
    return Kitchen(redirect, tmp_path)


def test_every_recipe_is_tried():
    source = Path(__file__).read_text()
    assert len(RECIPES) == PAGE.count("```python") == 10
    assert [name for name in RECIPES if f'"{name}"' not in source] == []


@pytest.mark.parametrize(
    "recipe", ["Submission on port 587 (STARTTLS)", "Submission on port 465 (TLS from the first byte)"]
)
def test_submission(recipe: str, kitchen: Kitchen):
    code, server, _ = kitchen.send(recipe)
    assert code == 0
    assert server.connection.tls
    assert bool(server.connection.commands_in_clear) is ("587" in recipe)
    assert kitchen.send(recipe, public=False)[0] == ErrorCode.CERTIFICATE_REJECTED
    assert kitchen.send(recipe, issue("other.test", issuer=authority()))[0] == ErrorCode.CERTIFICATE_REJECTED


def test_the_company(kitchen: Kitchen):
    recipe = "An authority of one's own, inside a company"
    company = issue(common_name="Company CA", is_ca=True)
    (kitchen.directory / "company-ca.pem").write_bytes(company.pem)
    assert kitchen.send(recipe, issue(HOST, issuer=company))[0] == 0
    assert kitchen.send(recipe)[0] == ErrorCode.CERTIFICATE_REJECTED  # by a public authority


def test_the_pinned_certificate(kitchen: Kitchen):
    recipe = "One certificate, whoever signed it"
    pinned = issue("other.test", not_after=NOW - DAY / 2)
    (kitchen.directory / "pinned.pem").write_bytes(pinned.pem)
    assert kitchen.send(recipe, pinned)[0] == 0
    assert kitchen.send(recipe, issue(HOST))[0] == ErrorCode.CERTIFICATE_REJECTED


def test_the_client_certificate(kitchen: Kitchen):
    client = issue(common_name="Client", issuer=authority(), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    client.write(kitchen.directory, "client")

    def ask(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority().pem.decode())

    code, server, _ = kitchen.send("A client certificate", change=ask)
    assert code == 0
    assert server.connection.client_certificate == client.der


def test_one_fault(kitchen: Kitchen):
    recipe = "Forgiving one fault"
    assert kitchen.send(recipe, issue(HOST, issuer=authority(), not_after=NOW - DAY / 2))[0] == 0
    assert kitchen.send(recipe, issue(HOST))[0] == ErrorCode.CERTIFICATE_REJECTED


def test_revocation(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch):
    revoked = issue(HOST, issuer=authority(), extensions=(named("http://127.0.0.1/recipe.crl"),))
    published = listing(revoked.certificate.serial_number)
    monkeypatch.setattr("ssmtp_compat.tls.revocation.fetch", lambda *_, **__: published)
    assert kitchen.send("Revocation", revoked)[0] == ErrorCode.CERTIFICATE_REJECTED
    assert kitchen.send("Revocation")[0] == 0


def test_tls_1_3_only(kitchen: Kitchen):
    def only_1_2(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    code, server, _ = kitchen.send("TLS 1.3 only")
    assert (code, server.connection.tls_version) == (0, "TLSv1.3")
    assert kitchen.send("TLS 1.3 only", change=only_1_2)[0] == ErrorCode.HANDSHAKE


def test_post_quantum(redirect: Callable[[int], None]):
    def take(client, seen: Seen) -> None:
        while len(seen.received) < 5 or len(seen.received) < 5 + int.from_bytes(seen.received[3:5], "big"):
            seen.received += client.recv(65536)

    with plain_server(take) as seen, Mailer(1) as mailer:
        redirect(seen.port)
        cook("A post-quantum key exchange", mailer)
        assert mailer.send() == ErrorCode.HANDSHAKE, mailer.error
    hello = read_client_hello(bytes(seen.received))
    assert hello.groups[0] == X25519MLKEM768
    assert hello.key_shares == [X25519MLKEM768]


def test_short_connections(kitchen: Kitchen):
    _, _, context = kitchen.send("Many short connections", times=3)
    assert context.session_stats()["hits"] == 2
