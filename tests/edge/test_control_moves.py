"""Whatever hands do in whatever order: a gate's pin is away from rest in Execute only, and Execute needs its start."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.belt import FixedSpeedBelt
from edge.clocks import ManualClock
from edge.control import Control
from edge.emulated_contacts import Contacts
from edge.follow import LINE_EVERY_S, followed_by_clock
from edge.gate_limits import MoveRefused
from edge.incidents import Incidents
from edge.line import build_schedule, estop_spec, gate_places, gate_specs
from edge.machine import Machine
from edge.panel import open_panel
from edge.pin_gates import LocalGates
from edge.pin_witness import PinWitness
from edge.states import State
from edge.watcher import Surroundings, Watcher
from tests.edge.conftest import machine_table

INPUTS = {
    "estop": {"pin": 2},
    "start": {"pin": 3, "active_high": False},
    "stop": {"pin": 4},
    "reset": {"pin": 5},
    "bin_full": {"red": {"pin": 6}},
}
MACHINE = Machine.model_validate({**machine_table(), "inputs": INPUTS, "rules": {"bin_full": "abort"}})
KEYS = ("estop", "start", "stop", "reset", "bin_full.red")
STEPS = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.booleans()),
    st.tuples(st.just("part"), st.sampled_from(["red", "green", "blue"])),
    st.tuples(st.just("wait"), st.floats(0.01, 0.6)),
)


class Line:
    """Everything of a line but what it sees; parts are planned as they come."""

    def __init__(self):
        self.clock = ManualClock()
        self.witness = PinWitness()
        pins = self.witness.pins(self.clock)
        self.contacts = Contacts(MACHINE, pins, self.clock)
        self.gates = LocalGates(gate_specs(MACHINE), self.clock, pins, estop_spec(MACHINE))
        belt, incidents = FixedSpeedBelt(MACHINE.belt.speed_mm_s), Incidents()
        self.belt, self.places, self.parts = belt, gate_places(MACHINE), 0
        self.schedule = build_schedule(MACHINE, self.gates, belt, self.clock, incidents)
        self.control = Control(
            rules=MACHINE.rules,
            panel=open_panel(MACHINE, lambda: pins),
            schedule=self.schedule,
            watcher=Watcher(MACHINE, incidents, Surroundings(), 0.0),
            incidents=incidents,
            clock=self.clock,
        )

    def do(self, what, value):
        if what == "wait":
            self.clock.sleep_until(self.clock.now() + value)
        elif what == "part":
            self.parts += 1
            with contextlib.suppress(MoveRefused):  # it goes to reject
                self.schedule.plan(self.parts, self.belt.travelled_mm(self.clock.now()), self.places[value], None)
        else:
            self.contacts.set(what, value)


STARTED = [("start", True), ("wait", 0.1), ("start", False), ("part", "red"), ("wait", 0.5)]


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_no_gate_is_away_from_rest_outside_execute(steps):
    """Looked at between any two steps and at every change of a pin."""
    line = Line()
    with followed_by_clock(line.control, line.clock, LINE_EVERY_S):
        for step in [*STARTED, *steps, ("wait", 3.0)]:
            line.do(*step)
            pressed = line.gates.stopped
            away = [gate for gate in line.gates.gates.values() if gate.is_away]
            assert not away or line.control.state is State.EXECUTE
            assert not (pressed and away)
    line.gates.close()
    opened = [at for gate in MACHINE.gates for at, is_away in line.witness.of_gate(gate) if is_away]
    assert all(executing_at(line, at) for at in opened)


def test_a_started_line_moves_its_gates():
    """What the test above watches does happen."""
    line = Line()
    with followed_by_clock(line.control, line.clock, LINE_EVERY_S):
        for step in [*STARTED, ("wait", 3.0)]:
            line.do(*step)
    assert [away for _, away in line.witness.of_gate(MACHINE.gates[0])] == [True, False]


def executing_at(line, at):
    """Whether the line was in Execute at a moment, by its own account of its changes."""
    state = State.IDLE
    for word in line.control._words:
        if hasattr(word, "after") and word.at <= at:
            state = word.after
    return state is State.EXECUTE
