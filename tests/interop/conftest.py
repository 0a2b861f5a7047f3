"""Real servers and real S/MIME readers. Each is started once for the whole run and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from interop.aiosmtpd_server import Aiosmtpd
from interop.authority import Authority, Identity
from interop.dovecot import Dovecot
from interop.exim import Exim
from interop.judges.bouncy_castle import BouncyCastle
from interop.judges.certtool import Certtool
from interop.judges.gpgsm import Gpgsm
from interop.judges.judge import Judge
from interop.judges.nss import Nss
from interop.judges.openssl import OpenSSL
from interop.judges.people import issue_people
from interop.judges.php import Php, start_php
from interop.judges.pyca import Pyca
from interop.packages import DOVECOT_PLUGINS, EXIM_LIBRARIES, JAVA_LIBRARIES, PLUGINS
from interop.postfix import Postfix
from interop.processes import require, server_directory
from interop.smtp_sink import SmtpSink


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-table",
        action="store_true",
        help="write the tables of docs/servers.md and docs/smime-readers.md as they are now",
    )


@pytest.fixture(scope="session")
def ca() -> Iterator[Authority]:
    """An authority with a server's certificate and with alice's and bob's."""
    require("openssl")
    with server_directory("ca") as directory:
        yield Authority(directory)


@pytest.fixture(scope="session")
def running_postfix(ca: Authority) -> Iterator[Postfix]:
    require("postfix", "saslpasswd2", plugins=PLUGINS, root=True)
    with server_directory("postfix") as directory:
        server = Postfix(directory, ca)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def postfix(running_postfix: Postfix) -> Iterator[Postfix]:
    """Postfix with empty mailboxes."""
    yield running_postfix
    running_postfix.clear()


@pytest.fixture(scope="session")
def running_exim(ca: Authority) -> Iterator[Exim]:
    require("exim4", plugins=EXIM_LIBRARIES, root=True)
    with server_directory("exim") as directory:
        server = Exim(directory, ca)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def exim(running_exim: Exim) -> Iterator[Exim]:
    """Exim with empty mailboxes."""
    yield running_exim
    running_exim.clear()


@pytest.fixture(scope="session")
def dovecot(ca: Authority, running_postfix: Postfix) -> Iterator[Dovecot]:
    """Dovecot's submission service, which hands mail on to Postfix."""
    require("dovecot", plugins=DOVECOT_PLUGINS, root=True)
    with server_directory("dovecot") as directory:
        server = Dovecot(directory, ca, running_postfix.plain_port)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def aiosmtpd(ca: Authority) -> Iterator[Aiosmtpd]:
    server = Aiosmtpd(ca)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """A receiver that keeps every message."""
    require("smtp-sink")
    with server_directory("sink", mode=0o777) as directory:
        sink = SmtpSink(directory, keep=True)
        yield sink
        sink.stop()


@pytest.fixture
def discarding_sink() -> Iterator[SmtpSink]:
    """A receiver that throws every message away, for big or many ones."""
    require("smtp-sink")
    with server_directory("sink") as directory:
        sink = SmtpSink(directory, keep=False)
        yield sink
        sink.stop()


@pytest.fixture(scope="session")
def people(ca: Authority) -> Iterator[dict[str, Identity]]:
    """Somebody with each kind of key."""
    with server_directory("people") as directory:
        yield issue_people(directory, ca)


@pytest.fixture(scope="session")
def openssl_cms(ca: Authority) -> Iterator[OpenSSL]:
    with server_directory("openssl") as directory:
        yield OpenSSL(directory, ca)


@pytest.fixture(scope="session")
def gpgsm(ca: Authority, people: dict[str, Identity]) -> Iterator[Gpgsm]:
    require("gpgsm", "gpg-agent", "gpgconf")
    with server_directory("gpgsm") as home:
        judge = Gpgsm(home, ca, (ca.alice, ca.bob, people["RSA"]))
        try:
            yield judge
        finally:
            judge.stop()


@pytest.fixture(scope="session")
def nss(ca: Authority, people: dict[str, Identity]) -> Iterator[Nss]:
    require("cmsutil", "certutil", "pk12util")
    with server_directory("nss") as directory:
        yield Nss(directory, ca, [people[kind] for kind in ("RSA", "P-256", "P-384", "P-521")])


@pytest.fixture(scope="session")
def certtool(ca: Authority) -> Iterator[Certtool]:
    require("certtool")
    with server_directory("certtool") as directory:
        yield Certtool(directory, ca)


@pytest.fixture(scope="session")
def php(ca: Authority) -> Iterator[tuple[Php, Php]]:
    """Its two families of functions."""
    require("php")
    with server_directory("php") as directory:
        program = start_php(directory)
        try:
            yield Php(program, ca, "cms"), Php(program, ca, "pkcs7")
        finally:
            program.stop()


@pytest.fixture(scope="session")
def bouncy_castle(ca: Authority) -> Iterator[BouncyCastle]:
    require("java", plugins=JAVA_LIBRARIES)
    with server_directory("java") as directory:
        judge = BouncyCastle(directory, ca)
        try:
            yield judge
        finally:
            judge.stop()


@pytest.fixture(scope="session")
def judges(
    openssl_cms: OpenSSL, gpgsm: Gpgsm, nss: Nss, certtool: Certtool, php: tuple[Php, Php], bouncy_castle: BouncyCastle
) -> dict[str, Judge]:
    """Every foreign reader and writer of S/MIME, by its name."""
    return {judge.name: judge for judge in (openssl_cms, gpgsm, nss, certtool, *php, bouncy_castle, Pyca())}
