"""The token bucket, on a clock of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmtp_compat.net.pacing import Pacer


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_is_what_passes_in_20_ms():
    assert Pacer(5000).burst == 100
    assert Pacer(3).burst == 1


def test_the_first_burst_passes_at_once():
    assert Pacer(5000, Clock()).wait(100) == 0


def test_more_has_to_wait_for_its_share_of_a_second():
    pacer = Pacer(5000, Clock())
    pacer.wait(100)
    assert pacer.wait(50) == pytest.approx(0.01)
    assert pacer.wait(0) == pytest.approx(0.01)


def test_idle_time_saves_up_no_more_than_one_burst():
    clock = Clock()
    pacer = Pacer(5000, clock)
    clock.now = 3600
    assert pacer.wait(100) == 0
    assert pacer.wait(100) == pytest.approx(0.02)


@given(rate=st.integers(10, 10_000), sizes=st.lists(st.integers(1, 500), min_size=1, max_size=50))
def test_who_waits_as_told_keeps_the_rate(rate, sizes):
    clock = Clock()
    pacer = Pacer(rate, clock)
    for size in sizes:
        clock.now += pacer.wait(size)
    assert sum(sizes) <= pacer.burst + clock.now * rate + 1e-6
    assert clock.now <= sum(sizes) / rate
