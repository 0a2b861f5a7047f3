"""Real servers and real S/MIME readers. Each is started once for the whole run and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.aiosmtpd_server import Aiosmtpd
from interop.authority import Authority
from interop.dovecot import Dovecot
from interop.exim import Exim
from interop.gpgsm import Gpgsm
from interop.openssl_cms import OpenSSLCms
from interop.packages import DOVECOT_PLUGINS, EXIM_LIBRARIES, PLUGINS
from interop.postfix import Postfix
from interop.processes import require, server_directory
from interop.smtp_sink import SmtpSink


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-table", action="store_true", help="write the table of docs/servers.md as it is now")


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
def gpgsm(ca: Authority) -> Iterator[Gpgsm]:
    require("gpgsm", "gpg-agent", "gpgconf")
    with server_directory("gpgsm") as home:
        reader = Gpgsm(home, ca)
        yield reader
        reader.stop()


@pytest.fixture
def openssl_cms(ca: Authority, tmp_path: Path) -> OpenSSLCms:
    return OpenSSLCms(tmp_path, ca)
