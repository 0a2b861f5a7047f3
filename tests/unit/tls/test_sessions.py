"""Which session is tried again, and for how long."""

from ssmtp_compat.tls.context import TlsOptions
from ssmtp_compat.tls.sessions import SessionCache
from ssmtp_compat.tls.verify import ServerCertificate

CERTIFICATE = ServerCertificate(b"", b"", "", "", b"", "OK", trusted=True)


class Ended:
    """A connection that has a session, or none."""

    def __init__(self, session):
        self._session = session

    def get_session(self):
        return self._session


def options(name):
    return TlsOptions(server_name=name)


def test_a_session_is_tried_once_with_the_same_server_and_options():
    cache = SessionCache()
    cache.keep(options("a"), 465, Ended("session"), CERTIFICATE)
    assert cache.take(options("a"), 587) is None
    assert cache.take(options("b"), 465) is None
    assert cache.take(options("a"), 465).session == "session"
    assert cache.take(options("a"), 465) is None


def test_a_connection_without_a_session_leaves_nothing():
    cache = SessionCache()
    cache.keep(options("a"), 465, Ended(None), CERTIFICATE)
    assert cache.take(options("a"), 465) is None


def test_a_session_of_yesterday_is_not_tried():
    now = 0.0
    cache = SessionCache(clock=lambda: now)
    cache.keep(options("a"), 465, Ended("session"), CERTIFICATE)
    now = 36000.0
    assert cache.take(options("a"), 465) is None


def test_the_oldest_of_many_is_forgotten():
    cache = SessionCache()
    for port in range(9):
        cache.keep(options("a"), port, Ended(port), CERTIFICATE)
    assert cache.take(options("a"), 0) is None
    assert cache.take(options("a"), 1).session == 1
