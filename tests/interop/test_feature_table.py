"""The table of docs/servers.md: every feature with every real server, as it is today."""

from __future__ import annotations

import pytest

from interop import aiosmtpd_server
from interop.aiosmtpd_server import Aiosmtpd
from interop.authority import Authority
from interop.dovecot import TOKEN, Dovecot
from interop.dovecot import USERS as DOVECOT_USERS
from interop.exim import PASSWORD as EXIM_PASSWORD
from interop.exim import Exim
from interop.features import FEATURES, Target
from interop.pages import SERVERS, assert_table
from interop.postfix import USERS, Postfix
from interop.smtp_sink import SmtpSink

pytestmark = pytest.mark.interop


@pytest.fixture
def targets(
    postfix: Postfix, exim: Exim, dovecot: Dovecot, aiosmtpd: Aiosmtpd, discarding_sink: SmtpSink, ca: Authority
) -> dict[str, Target]:
    every = (
        Target("Postfix", postfix.plain_port, ca, postfix.tls_port, "alice@example.test", USERS["alice"]),
        Target("Exim", exim.plain_port, ca, exim.tls_port, "alice", EXIM_PASSWORD),
        Target(
            "Dovecot",
            dovecot.port,
            ca,
            user="alice@example.test",
            password=DOVECOT_USERS["alice"],
            token=TOKEN,
            login_first=True,
        ),
        Target(
            "aiosmtpd",
            aiosmtpd.plain_port,
            ca,
            aiosmtpd.tls_port,
            aiosmtpd_server.USER,
            aiosmtpd_server.PASSWORD,
        ),
        Target("smtp-sink", discarding_sink.port, ca),
    )
    return {target.name: target for target in every}


def test_the_table_in_the_documentation_is_what_the_servers_do(
    targets: dict[str, Target], request: pytest.FixtureRequest
):
    rows = {name: [feature(target) for target in targets.values()] for name, feature in FEATURES.items()}
    assert_table(SERVERS, 0, list(targets), rows, write=request.config.getoption("--write-table"))
