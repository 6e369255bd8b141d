"""Whatever anybody asks of a gate, in whatever order, what its pin does stays within the limits at every instant."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clocks import ManualClock
from edge.gate_drivers import PinSpec
from edge.gate_limits import DUTY_WINDOW_S, GateLimits, MoveRefused, Window
from edge.gates import GateSpec
from edge.pin_gates import PinGates
from edge.pins import open_pin_factory

LIMITS = GateLimits(min_off_ms=50, max_on_ms=1000, max_duty=0.3, late_ms=20)
EXACT = 1e-6

aheads = st.floats(-0.2, 4)
lengths = st.one_of(st.floats(0.001, 1.2), st.just(float("inf")))
actions = st.lists(
    st.one_of(
        st.tuples(st.just("move"), aheads, lengths, st.booleans()),
        st.tuples(st.just("replan"), aheads, lengths, st.integers(0, 5)),
        st.tuples(st.just("rest")),
        st.tuples(st.just("wait"), st.floats(0, 3)),
    ),
    min_size=1,
    max_size=60,
)


class Rig:
    """One gate, and what its pin really did."""

    def __init__(self):
        self.clock = ManualClock()
        self.gates = PinGates([GateSpec("g", PinSpec(17), LIMITS)], self.clock, open_pin_factory("mock"))
        self.openings: list[list[float]] = []
        self.planned = 0

    def do(self, action):
        now = self.clock.now()
        match action:
            case ("move", ahead, length, hold):
                try:
                    self.gates.move_at("g", Window(now + ahead, now + ahead + length), self.planned, hold=hold)
                    self.planned += 1
                except MoveRefused:
                    pass
            case ("replan", ahead, length, back):
                moved = {self.planned - 1 - back: Window(now + ahead, now + ahead + length)}
                moved |= {self.planned - back: Window(now + ahead + 0.5, now + ahead + 0.5 + length)}
                self.gates.replan("g", moved)
            case ("rest",):
                self.gates.rest()
        self.note()

    def serve_until(self, when):
        """Serve every deadline at its exact moment."""
        while self.gates.next_due <= when:
            self.clock.sleep_until(self.gates.next_due)
            self.gates.serve()
            self.note()
        self.clock.sleep_until(when)

    def note(self):
        for move in self.gates.poll():
            if move.kind == "opened":
                assert move.at - move.due_at <= LIMITS.late_ms / 1000 + EXACT
                self.openings.append([move.at, float("inf")])
            elif move.kind == "closed":
                self.openings[-1][1] = move.at

    def finish(self):
        self.serve_until(self.clock.now() + 10)
        self.gates.close()
        self.note()


@settings(deadline=None, max_examples=150)
@given(actions)
def test_no_caller_drives_a_gate_beyond_its_limits(asked):
    """Plans, changes of plan, rests in any order: rest, longest opening and duty hold at every instant."""
    rig = Rig()
    for action in asked:
        rig.do(action)
        if action[0] == "wait":
            rig.serve_until(rig.clock.now() + action[1])
    rig.finish()
    for opened_at, closed_at in rig.openings:
        assert closed_at - opened_at <= LIMITS.max_on_ms / 1000 + EXACT
        since = closed_at - DUTY_WINDOW_S  # open time in the last minute is largest when a gate closes
        open_s = sum(max(0.0, min(end, closed_at) - max(start, since)) for start, end in rig.openings)
        assert open_s <= LIMITS.max_duty * DUTY_WINDOW_S + EXACT
    for before, after in pairwise(rig.openings):
        assert after[0] - before[1] >= LIMITS.min_off_ms / 1000 - EXACT


@settings(deadline=None, max_examples=100)
@given(actions)
def test_a_gate_served_late_still_rests_between_openings_and_never_opens_late(asked):
    """Whoever serves may be held up for seconds: what is overdue is missed, and the rest is measured, not assumed."""
    rig = Rig()
    for action in asked:
        rig.do(action)
        if action[0] == "wait":
            rig.clock.sleep_until(rig.clock.now() + action[1])
            rig.gates.serve()
            rig.note()
    rig.finish()
    assert all(closed_at < float("inf") for _, closed_at in rig.openings)
    for before, after in pairwise(rig.openings):
        assert after[0] - before[1] >= LIMITS.min_off_ms / 1000 - EXACT
