"""No caller can drive a gate beyond its limits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.gate_limits import DUTY_WINDOW_S, GateLimits, MoveRefused, Window, WindowPlan
from edge.parts import Reason

LIMITS = GateLimits(min_off_ms=50, max_on_ms=1000, max_duty=0.5)


def test_an_opening_that_is_due_now_is_admitted():
    """Now is not late."""
    assert WindowPlan(LIMITS).admit(Window(5.0, 5.2), now=5.0, hold=True) == Window(5.0, 5.2)


@pytest.mark.parametrize("opens_at", [4.999999, 0.0, float("nan")])
def test_an_opening_in_the_past_is_late(opens_at):
    """A moment that has passed is refused, never made good later: it would hit the next part."""
    with pytest.raises(MoveRefused) as refused:
        WindowPlan(LIMITS).admit(Window(opens_at, 6.0), now=5.0, hold=True)
    assert refused.value.reason is Reason.LATE


def test_an_opening_longer_than_the_limit_is_refused():
    """max_on_ms holds for one opening."""
    with pytest.raises(MoveRefused, match="longer than 1000 ms"):
        WindowPlan(LIMITS).admit(Window(1.0, 2.1), now=0.0, hold=True)


@given(opens_at=st.floats(0.0, 1e6))
def test_what_is_exactly_at_the_limits_is_within_them_whatever_the_clock_says(opens_at):
    """Moments are sums, and the clock of a computer that has run for days leaves little room behind the point."""
    plan = WindowPlan(LIMITS)
    first = Window(opens_at, opens_at + 1.0)
    second = Window(first.closes_at + 0.05, first.closes_at + 1.05)
    assert plan.admit(first, now=0.0, hold=False) == first
    assert plan.admit(second, now=0.0, hold=False) == second


def test_two_openings_close_together_become_one():
    """A gate does not slam between two of its own parts."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.2), now=0.0, hold=True)
    assert plan.admit(Window(1.24, 1.4), now=0.0, hold=True) == Window(1.0, 1.4)


def test_a_gate_is_not_held_open_over_another_part():
    """Two openings close together with another part between them: the second is refused."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.2), now=0.0, hold=False)
    with pytest.raises(MoveRefused) as refused:
        plan.admit(Window(1.24, 1.4), now=0.0, hold=False)
    assert refused.value.reason is Reason.GATE_RESTING


def test_openings_joined_beyond_the_limit_are_refused():
    """Holding open for the next part must not exceed max_on_ms either."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.6), now=0.0, hold=True)
    with pytest.raises(MoveRefused) as refused:
        plan.admit(Window(1.62, 2.2), now=0.0, hold=True)
    assert refused.value.reason is Reason.GATE_RESTING


def test_rest_forgets_what_was_planned_and_keeps_what_was_done():
    """After a rest the gate may be opened again, but not within min_off_ms of the moment it fell."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.6), now=0.0, hold=True)
    plan.admit(Window(2.0, 2.6), now=0.0, hold=True)
    plan.rest(1.2)
    with pytest.raises(MoveRefused, match="rests 50 ms"):
        plan.admit(Window(1.24, 1.4), now=1.21, hold=True)
    assert plan.admit(Window(1.9, 2.1), now=1.3, hold=True) == Window(1.9, 2.1)


def test_a_refused_opening_changes_nothing():
    """What was planned before stays as it was."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.6), now=0.0, hold=True)
    with pytest.raises(MoveRefused):
        plan.admit(Window(1.62, 2.2), now=0.0, hold=True)
    assert plan.admit(Window(1.62, 1.9), now=0.0, hold=True) == Window(1.0, 1.9)


def test_an_opening_too_soon_after_the_gate_fell_is_refused():
    """Once the gate is back at rest it stays there for min_off_ms."""
    plan = WindowPlan(LIMITS)
    plan.admit(Window(1.0, 1.2), now=0.0, hold=True)
    with pytest.raises(MoveRefused, match="rests 50 ms"):
        plan.admit(Window(1.24, 1.4), now=1.22, hold=True)


windows = st.lists(st.tuples(st.floats(0, 3), st.floats(0.001, 1.5), st.floats(0, 2)), min_size=1, max_size=60)


@given(windows)
def test_whatever_is_asked_the_openings_keep_every_limit(requests):
    """Over any sequence of requests: apart by min_off, no longer than max_on, never begun in the past, within duty."""
    plan = WindowPlan(LIMITS)
    now = 0.0
    made: list[Window] = []
    for ahead_s, length_s, step_s in requests:
        now += step_s
        window = Window(now + ahead_s - 0.2, now + ahead_s - 0.2 + length_s)
        try:
            admitted = plan.admit(window, now, hold=True)
        except MoveRefused:
            continue
        if made and admitted.opens_at == made[-1].opens_at:
            assert now < made[-1].closes_at
            made[-1] = admitted
        else:
            assert admitted.opens_at >= now
            made.append(admitted)
    for before, after in pairwise(made):
        assert after.opens_at - before.closes_at >= LIMITS.min_off_ms / 1000
    for window in made:
        assert window.closes_at - window.opens_at <= LIMITS.max_on_ms / 1000 + 1e-9
        since = window.closes_at - DUTY_WINDOW_S
        open_s = sum(max(0.0, w.closes_at - max(w.opens_at, since)) for w in made if w.closes_at <= window.closes_at)
        assert open_s <= LIMITS.max_duty * DUTY_WINDOW_S + 1e-6
