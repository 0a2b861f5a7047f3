"""Postfix, which offers PIPELINING, behind something that chokes on it: every message arrives, and once."""

from __future__ import annotations

import time

import pytest

from interop.choking_relay import ChokingRelay
from interop.postfix import Postfix
from ssmtp_compat import ssmtp_do_processqueue
from wire.mailer import Mailer
from wire.queue_runs import endings, queue

pytestmark = pytest.mark.interop


def subjects(postfix: Postfix, user: str) -> list[bytes]:
    found = [line for message in postfix.all_messages(user) for line in message.splitlines()]
    return sorted(line for line in found if line.startswith(b"Subject: "))


def test_a_relay_that_closes_costs_a_second_session(postfix: Postfix):
    with ChokingRelay(postfix.plain_port, closes=True).serve() as relay, Mailer(relay.port) as mailer:
        mailer.set(Subject="first", BCc="alice@example.test", MessageText="0123456789\r\n" * 6000)
        assert mailer.send() == 0, mailer.error
        assert (relay.connections, relay.choked) == (2, 1)
        mailer.set(Subject="second", BCc="alice@example.test")
        assert mailer.send() == 0, mailer.error
        assert (relay.connections, relay.choked) == (3, 1)
    for user in ("alice", "bob"):
        assert subjects(postfix, user) == [b"Subject: first", b"Subject: second"]


def test_a_relay_that_drops_the_rest_costs_one_failure(postfix: Postfix):
    with ChokingRelay(postfix.plain_port, closes=False).serve() as relay, Mailer(relay.port, Timeout=1) as mailer:
        began = time.monotonic()
        assert mailer.send() == 301
        assert time.monotonic() - began < 2
        for subject in ("first", "second"):
            mailer.set(Subject=subject)
            assert mailer.send() == 0, mailer.error
        assert (relay.connections, relay.choked) == (3, 1)
    assert subjects(postfix, "bob") == [b"Subject: first", b"Subject: second"]


def test_a_queue_is_sent_with_the_second_run(postfix: Postfix, spool):
    for number in range(3):
        queue(spool, SendTo="bob@example.test", Subject=f"number {number}")
    with ChokingRelay(postfix.plain_port, closes=True).serve() as relay, Mailer(relay.port) as mailer:
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 1120
        assert endings(spool) == [".queued"] * 3
        assert ssmtp_do_processqueue(mailer.handle, str(spool)) == 0, mailer.error
        assert (relay.connections, relay.choked) == (2, 1)
    assert subjects(postfix, "bob") == [b"Subject: number %d" % number for number in range(3)]
