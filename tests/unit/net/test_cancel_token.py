"""The cancel token: a switch that a selector can see."""

import select

from ssmtp_compat.net.deadline import CancelToken


def readable(token):
    return bool(select.select([token.fileno()], [], [], 0)[0])


def test_is_off_at_first():
    token = CancelToken()
    assert not token.cancelled
    assert not readable(token)
    token.close()


def test_is_readable_once_cancelled():
    token = CancelToken()
    token.fileno()
    token.cancel()
    assert token.cancelled
    assert readable(token)
    token.close()


def test_is_readable_when_cancelled_before_anybody_waited():
    token = CancelToken()
    token.cancel()
    assert readable(token)
    token.close()


def test_reset_makes_it_good_for_the_next_method():
    token = CancelToken()
    for _ in range(3):
        token.cancel()
        token.cancel()
        assert readable(token)
        token.reset()
        assert not token.cancelled
        assert not readable(token)
    token.close()


def test_needs_no_descriptor_until_somebody_waits(monkeypatch):
    monkeypatch.setattr("socket.socketpair", lambda: (_ for _ in ()).throw(AssertionError("made a socket pair")))
    token = CancelToken()
    token.cancel()
    token.reset()
    token.close()


def test_works_on_after_close():
    token = CancelToken()
    token.fileno()
    token.close()
    token.cancel()
    assert token.cancelled
    assert readable(token)
    token.close()
    token.close()
