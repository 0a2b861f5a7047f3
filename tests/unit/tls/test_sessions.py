"""Which session is tried again, and for how long."""

import datetime

from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.sessions import SessionCache
from ssmtp_compat.tls.verify import ServerCertificate
from wire.tls_certificates import DAY, NOW, issue

CERTIFICATE = ServerCertificate(b"", b"", "", "", b"", "OK", trusted=True)


class Ended:
    """A connection that has a session, or none."""

    def __init__(self, session, context="context"):
        self._session = session
        self._context = context

    def get_context(self):
        return self._context

    def get_session(self):
        return self._session


def options(name):
    return TlsOptions(server_name=name)


def test_a_session_is_tried_once_with_the_same_server_and_options():
    cache = SessionCache()
    cache.keep(options("a"), 465, Ended("session"), CERTIFICATE, (), ask_again=False)
    assert cache.take(options("a"), 587, "context") is None
    assert cache.take(options("b"), 465, "context") is None
    assert cache.take(options("a"), 465, "context").session == "session"
    assert cache.take(options("a"), 465, "context") is None


def test_a_connection_without_a_session_leaves_nothing():
    cache = SessionCache()
    cache.keep(options("a"), 465, Ended(None), CERTIFICATE, (), ask_again=False)
    assert cache.take(options("a"), 465, "context") is None


def test_a_session_of_yesterday_is_not_tried():
    now = 0.0
    cache = SessionCache(clock=lambda: now)
    cache.keep(options("a"), 465, Ended("session"), CERTIFICATE, (), ask_again=False)
    now = 36000.0
    assert cache.take(options("a"), 465, "context") is None


def test_the_oldest_of_many_is_forgotten():
    cache = SessionCache()
    for port in range(9):
        cache.keep(options("a"), port, Ended(port), CERTIFICATE, (), ask_again=False)
    assert cache.take(options("a"), 0, "context") is None
    assert cache.take(options("a"), 1, "context").session == 1


def test_a_session_made_under_other_trust_anchors_is_not_tried():
    cache = SessionCache()
    cache.keep(options("a"), 465, Ended("session"), CERTIFICATE, (), ask_again=False)
    assert cache.take(options("a"), 465, "a context made anew") is None


def test_a_session_ends_with_the_first_of_its_certificates():
    today = NOW
    cache = SessionCache(today=lambda: today)
    path = tuple(issue(not_after=NOW + end).certificate for end in (2 * DAY, DAY, -DAY / 2))
    for day, kept in ((DAY - datetime.timedelta(seconds=1), True), (DAY, False)):
        today = NOW
        cache.keep(options("a"), 465, Ended("session"), CERTIFICATE, path, ask_again=False)
        today = NOW + day
        assert (cache.take(options("a"), 465, "context") is not None) is kept
