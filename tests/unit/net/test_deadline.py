"""Deadlines count inactivity or the whole method, and say what was being waited for. No test sleeps."""

import pytest

from ssmtp_compat.catalog.errors import ErrorCode
from ssmtp_compat.errors import OperationInterruptedError, OperationTimeoutError
from ssmtp_compat.net.deadline import CancelToken, Deadline
from ssmtp_compat.net.timeouts import Timeouts


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_counts_down_from_its_making(clock):
    deadline = Deadline(5, clock=clock)
    clock.now += 2
    assert deadline.remaining() == 3


def test_zero_seconds_wait_for_ever(clock):
    deadline = Deadline(0, clock=clock)
    clock.now += 1e9
    assert deadline.remaining() is None
    deadline.check()


def test_progress_starts_a_limit_of_inactivity_anew(clock):
    deadline = Deadline(5, clock=clock)
    clock.now += 4
    deadline.progress()
    clock.now += 4
    assert deadline.remaining() == 1


def test_progress_does_not_move_an_absolute_limit(clock):
    deadline = Deadline(5, absolute=True, clock=clock)
    clock.now += 4
    deadline.progress()
    clock.now += 2
    with pytest.raises(OperationTimeoutError):
        deadline.remaining()


def test_time_out_says_how_long_and_what_for(clock):
    deadline = Deadline(5, doing="waiting for the reply to MAIL", clock=clock)
    clock.now += 5
    with pytest.raises(OperationTimeoutError) as caught:
        deadline.check()
    assert caught.value.message == "Timeout: no answer within 5 s while waiting for the reply to MAIL."
    assert caught.value.code is ErrorCode.INTERRUPTED_OR_TIMEOUT
    assert isinstance(caught.value, TimeoutError)


def test_absolute_time_out_has_a_text_of_its_own(clock):
    deadline = Deadline(1.5, absolute=True, clock=clock)
    deadline.doing = "sending the message"
    clock.now += 2
    with pytest.raises(OperationTimeoutError) as caught:
        deadline.check()
    assert caught.value.message == "Timeout: not finished within 1.5 s while sending the message."


def test_time_out_without_an_occupation(clock):
    deadline = Deadline(5, clock=clock)
    clock.now += 6
    with pytest.raises(OperationTimeoutError) as caught:
        deadline.check()
    assert caught.value.message == "Timeout: no answer within 5 s."


def test_cancelled_goes_before_time_out(clock):
    token = CancelToken()
    deadline = Deadline(5, cancel=token, clock=clock)
    clock.now += 6
    token.cancel()
    with pytest.raises(OperationInterruptedError) as caught:
        deadline.check()
    assert caught.value.message == "Operation interrupted."


def test_cancel_ends_a_wait_without_limit(clock):
    token = CancelToken()
    token.cancel()
    with pytest.raises(OperationInterruptedError):
        Deadline(0, cancel=token, clock=clock).remaining()


def test_occupation_of_a_block_ends_with_it(clock):
    deadline = Deadline(5, doing="sending", clock=clock)
    with pytest.raises(OperationTimeoutError) as caught, deadline.during("looking up a.example"):
        clock.now += 6
        deadline.check()
    assert caught.value.message.endswith("while looking up a.example.")
    assert deadline.doing == "sending"


@pytest.mark.parametrize(
    ("inactivity", "connecting", "absolute", "seconds"),
    [
        (1, 0, False, 1),
        (1, 5, False, 5),
        (5, 1, False, 1),
        (1, 5, True, 1),  # the whole method has no more than that
        (5, 1, True, 1),
        (0, 5, True, 5),
    ],
)
def test_connecting_has_its_own_limit_within_an_absolute_one(inactivity, connecting, absolute, seconds):
    timeouts = Timeouts(inactivity=inactivity, connecting=connecting, absolute=absolute)
    cancel = CancelToken()
    left = timeouts.connect_deadline(timeouts.deadline(cancel), cancel).remaining()
    assert left is not None
    assert seconds - 0.5 < left <= seconds
