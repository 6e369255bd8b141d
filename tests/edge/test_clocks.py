"""Time is an argument: real, or moved by hand with the same meaning."""

from __future__ import annotations

import pytest

from edge.clocks import ManualClock, MonotonicClock


@pytest.fixture(params=[ManualClock, MonotonicClock])
def clock(request):
    return request.param()


def test_sleeping_ends_at_the_moment_asked_for_or_later(clock):
    """Contract of every clock: after sleep_until(when), now() is at least `when`."""
    when = clock.now() + 0.002
    clock.sleep_until(when)
    assert clock.now() >= when


def test_a_moment_that_has_passed_does_not_turn_time_back(clock):
    """Contract of every clock: sleeping until the past returns at once and time never goes back."""
    before = clock.now()
    clock.sleep_until(before - 10)
    assert clock.now() >= before


def test_actions_run_in_order_each_at_its_own_moment():
    """On the manual clock an action sees exactly the time it was planned for."""
    clock = ManualClock()
    seen = []
    for when in (3.0, 1.0, 2.0):
        clock.call_at(when, lambda when=when: seen.append((when, clock.now())))
    clock.sleep_until(2.5)
    assert seen == [(1.0, 1.0), (2.0, 2.0)]
    assert clock.now() == 2.5


def test_an_action_planned_by_an_action_runs_in_the_same_move():
    """What falls due during a move is done during it."""
    clock = ManualClock()
    seen = []
    clock.call_at(1.0, lambda: clock.call_at(1.5, lambda: seen.append(clock.now())))
    clock.sleep_until(2.0)
    assert seen == [1.5]
