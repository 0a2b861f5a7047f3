"""The measure of the machine's own lag: it sees what kept every thread from running, and only where that was."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from wire.lag import Lag

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def selfish() -> Iterator[None]:
    """A thread that computes keeps all others from running."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(10)
    yield
    sys.setswitchinterval(before)


def test_a_standstill_is_seen_where_it_was(selfish: None):
    with Lag() as lag:
        time.sleep(0.05)
        start = time.monotonic()
        while time.monotonic() - start < 0.4:
            pass
        end = time.monotonic()
        time.sleep(0.05)
    assert 0.3 < lag.within(start, end) <= end - start
    assert lag.within(end - 0.1, end) <= 0.1
    assert lag.within(start - 1, start) == 0
    assert lag.within(end, end + 1) < 0.3


def test_a_wait_is_no_lag():
    with Lag() as lag:
        start = time.monotonic()
        time.sleep(0.4)
    assert lag.within(start, time.monotonic()) < 0.3
