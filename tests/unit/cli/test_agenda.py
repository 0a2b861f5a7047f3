"""Which file is sent when: turns, waits that double, and a server that is out of reach."""

from __future__ import annotations

import math

import pytest

from ssmtp_compat.cli.drain.agenda import FIRST_WAIT, HELD_WAIT, LONGEST_WAIT, Agenda
from ssmtp_compat.operations.queueing import Outcome
from ssmtp_compat.spool.directory import Waiting


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def agenda(clock: Clock | None = None, *, again: bool = True, highest: bool = False) -> Agenda:
    return Agenda(again=again, clock=clock or Clock(), uniform=lambda low, high: high if highest else low)


def files(*stems: str, ending: str = ".queued") -> list[Waiting]:
    return [Waiting(stem + ending, number) for number, stem in enumerate(stems)]


def taken(turns: Agenda) -> list[str]:
    return [waiting.stem for waiting in turns.take(100)]


def test_each_file_has_one_turn_in_order():
    turns = agenda(again=False)
    turns.found(files("a", "b", "c"))
    assert turns.left == 3
    assert taken(turns) == ["a", "b", "c"]
    assert (turns.left, turns.take()) == (0, [])


def test_a_file_that_somebody_has_is_not_given_out_again_whatever_its_ending_is_now():
    turns = agenda()
    turns.found(files("a", "b"))
    turns.take()
    turns.found([*files("a", ending=".sending"), *files("b")])
    assert taken(turns) == ["b"]


@pytest.mark.parametrize("older", [".queued", ".sending"])
def test_a_queued_file_has_its_turn_behind_one_on_its_way_of_the_same_name(older: str):
    turns = agenda(again=False)
    newer = {".queued": ".sending", ".sending": ".queued"}[older]
    turns.found([*files("a", ending=older), *files("a", ending=newer), *files("b")])
    assert [waiting.name for waiting in turns.take(100)] == ["a.sending", "b.queued"]
    turns.settled("a", Outcome.SENT)
    assert turns.left == 1
    assert [waiting.name for waiting in turns.take(100)] == ["a.queued"]


def test_the_waits_of_a_file_double_from_a_minute_to_hours_with_jitter():
    for highest in (False, True):
        clock = Clock()
        turns = agenda(clock, highest=highest)
        waits = []
        for _ in range(12):
            turns.found(files("a"))
            assert taken(turns) == ["a"]
            wait = turns.settled("a", Outcome.PUT_BACK)
            assert wait is not None
            waits.append(wait)
            clock.now += wait - 1
            turns.found(files("a"))
            assert taken(turns) == []
            clock.now += 1
        minutes = [round(wait / 60) for wait in waits]
        doubled = [1, 2, 4, 8, 16, 32, 64, 120, 120, 120, 120, 120]
        assert minutes == [factor * (1 + highest) for factor in doubled]
        assert (min(waits) >= FIRST_WAIT, max(waits) <= LONGEST_WAIT) == (True, True)


def test_a_new_file_does_not_wait_for_one_that_was_put_back():
    turns = agenda()
    turns.found(files("a"))
    taken(turns)
    turns.settled("a", Outcome.PUT_BACK)
    turns.found(files("a", "b"))
    assert taken(turns) == ["b"]


def test_what_was_tried_more_often_comes_later():
    clock = Clock()
    turns = agenda(clock)
    for _ in range(2):
        turns.found(files("a"))
        taken(turns)
        turns.settled("a", Outcome.PUT_BACK)
        clock.now += LONGEST_WAIT
    turns.found(files("a", "b"))
    assert taken(turns) == ["b", "a"]


def test_a_turn_may_come_behind_all_that_wait():
    turns = agenda(again=False)
    turns.found(files("a", "b", "c"))
    (a,) = turns.take()
    turns.later(a)
    assert taken(turns) == ["b", "c", "a"]


def test_without_again_there_is_no_next_turn_to_speak_of():
    turns = agenda(again=False)
    turns.found(files("a"))
    taken(turns)
    assert turns.settled("a", Outcome.PUT_BACK) is None


def test_a_file_that_has_gone_is_forgotten():
    clock = Clock()
    turns = agenda(clock)
    for _ in range(3):
        turns.found(files("a"))
        taken(turns)
        turns.settled("a", Outcome.PUT_BACK)
        clock.now += LONGEST_WAIT
    turns.found([])
    turns.found(files("a"))
    taken(turns)
    assert turns.settled("a", Outcome.PUT_BACK) == FIRST_WAIT


def test_what_was_sent_and_cannot_be_taken_away_is_never_sent_again():
    clock = Clock()
    turns = agenda(clock)
    turns.found(files("a"))
    taken(turns)
    assert turns.settled("a", Outcome.SENT, gone=False) is None
    clock.now = math.inf
    turns.found(files("a", ending=".sending"))
    clock.now = 1e12
    turns.found(files("a", ending=".sending"))
    assert taken(turns) == []


def test_what_was_refused_or_cannot_be_set_aside_has_turns_far_apart():
    for outcome in (Outcome.REFUSED, Outcome.FAILED):
        clock = Clock()
        turns = agenda(clock)
        turns.found(files("a"))
        taken(turns)
        turns.settled("a", outcome)
        turns.found(files("a"))
        assert taken(turns) == []
        clock.now += FIRST_WAIT
        turns.found(files("a"))
        assert taken(turns) == ["a"]


def test_what_was_not_tried_is_next_and_what_somebody_else_has_is_looked_at_again_soon():
    clock = Clock()
    turns = agenda(clock)
    turns.found(files("a", "b", "c", "d"))
    a, b = turns.take(2)
    turns.not_tried([a, b])
    assert turns.take(2) == [a, b]
    turns.not_found([a])
    turns.found(files("a", "b", "c", "d"))
    assert taken(turns) == ["c", "d"]
    clock.now += HELD_WAIT - 1
    turns.found(files("a"))
    assert taken(turns) == []
    clock.now += 1
    turns.found(files("a"))
    assert taken(turns) == ["a"]


# -- the server -------------------------------------------------------------------------------------------------------


def test_after_a_run_was_ended_no_session_begins_for_a_while_and_then_one_alone():
    clock = Clock()
    turns = agenda(clock)
    assert turns.open(3)
    assert turns.stopped() == (True, 60)
    assert not turns.open(0)
    clock.now += 60
    assert turns.open(0)
    assert not turns.open(1)


def test_workers_that_fail_together_count_as_one_and_the_waits_double():
    clock = Clock()
    turns = agenda(clock)
    waits = []
    for _ in range(9):
        first, wait = turns.stopped()
        assert first
        assert wait is not None
        clock.now += 1
        assert turns.stopped() == (False, wait - 1)
        waits.append(round(wait / 60))
        clock.now += wait - 1
    assert waits == [1, 2, 4, 8, 16, 32, 64, 120, 120]


def test_a_message_that_gets_through_opens_the_way_for_all():
    clock = Clock()
    turns = agenda(clock)
    turns.stopped()
    clock.now += 60
    turns.found(files("a"))
    taken(turns)
    turns.settled("a", Outcome.SENT)
    assert turns.open(1)
    assert turns.stopped() == (True, 60)


def test_without_again_a_run_that_was_ended_is_the_last():
    clock = Clock()
    turns = agenda(clock, again=False)
    assert turns.stopped() == (True, None)
    assert turns.stopped() == (False, None)
    clock.now = 1e12
    assert not turns.open(0)
