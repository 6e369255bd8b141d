"""What a page may ask of a line obeys the table of states and the rules, as buttons do."""

from __future__ import annotations

from contextlib import closing

import pytest

from edge.belt import FixedSpeedBelt
from edge.clocks import ManualClock
from edge.coloured_parts import colour_model
from edge.control import Control
from edge.emulated_world import emulated_machine
from edge.estop import EstopSpec
from edge.incidents import Incident, IncidentKind, Incidents
from edge.line import build_schedule, gate_specs
from edge.line_asked import CommandAsked
from edge.panel import Panel
from edge.pin_gates import LocalGates
from edge.pins import open_pin_factory
from edge.states import Command, State
from edge.watcher import Surroundings, Watcher
from edge.wired_pins import wired_pin

ESTOP_PIN = 2


class Looker:
    """Asks what a test puts in, and keeps what comes back."""

    def __init__(self):
        self.asks, self.answers, self.conditions = [], [], []

    def commands(self):
        asks, self.asks = self.asks, []
        return [CommandAsked(ask=number, at=0.0, command=one, by="the page (ada)") for number, one in enumerate(asks)]

    def answer(self, asked, problem):
        self.answers.append(problem)

    def look(self, condition):
        self.conditions.append(condition)

    def record(self, journal):
        pass


class Rig:
    def __init__(self):
        self.clock, self.incidents, self.looker = ManualClock(), Incidents(), Looker()
        self.pins = open_pin_factory("mock")
        machine = emulated_machine(colour_model().labels, speed_mm_s=150.0, tiles=False)
        self.estop = wired_pin(self.pins, ESTOP_PIN, high=False)
        self.gates = LocalGates(gate_specs(machine), self.clock, self.pins, EstopSpec(ESTOP_PIN, closed_high=False))
        self.watcher = Watcher(machine, self.incidents, Surroundings(), 0.0)
        self.control = Control(
            rules=machine.rules,
            panel=Panel(),
            schedule=build_schedule(machine, self.gates, FixedSpeedBelt(150.0), self.clock, self.incidents),
            watcher=self.watcher,
            incidents=self.incidents,
            clock=self.clock,
            onlooker=self.looker,
        )

    def ask(self, *commands):
        self.looker.asks += commands
        self.control.follow()
        return self.control.state


@pytest.fixture
def rig():
    made = Rig()
    with closing(made.gates):
        made.control.begin()
        yield made


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        ([], State.EXECUTE),
        ([Command.HOLD], State.HELD),
        ([Command.HOLD, Command.START], State.EXECUTE),
        ([Command.STOP], State.IDLE),
        ([Command.STOP, Command.START], State.EXECUTE),
        ([Command.HOLD, Command.STOP], State.IDLE),
        ([Command.RESET], State.EXECUTE),
        ([Command.STOP, Command.HOLD], State.IDLE),
    ],
)
def test_the_page_leads_where_the_table_leads(rig, commands, state):
    """A line without a start button can be started again from the page."""
    assert rig.ask(*commands) is state


def test_what_leads_nowhere_is_answered_with_why(rig):
    """And what leads somewhere without a problem."""
    rig.ask(Command.HOLD, Command.HOLD)
    assert rig.looker.answers[0] is None
    assert rig.looker.answers[1].startswith("hold is refused: the line is Held")


def test_a_start_is_refused_while_something_stands_whose_rule_is_hold(rig):
    """As for a button: it names what stands."""
    rig.ask(Command.STOP)
    rig.watcher.conditions.update("jam", Incident(IncidentKind.JAM, "the eye is blocked", "clear it", 0.0))
    assert rig.ask(Command.START) is State.IDLE
    assert "jam" in rig.looker.answers[-1]
    rig.watcher.conditions.update("jam", None)
    assert rig.ask(Command.START) is State.EXECUTE


def test_nothing_of_the_page_gets_past_the_e_stop(rig):
    """While it is pressed neither start nor reset leads out; released, a reset and then a start do."""
    rig.estop.drive_high()
    rig.control.follow()
    assert rig.control.state is State.ABORTED
    assert rig.ask(Command.START, Command.RESET, Command.HOLD, Command.STOP, Command.START) is State.ABORTED
    assert all(rig.looker.answers)
    rig.estop.drive_low()
    assert rig.ask(Command.START) is State.ABORTED
    assert rig.ask(Command.RESET, Command.START) is State.EXECUTE


def test_the_page_is_told_what_stands_and_what_may_be_asked(rig):
    """With cause, remedy and since when."""
    rig.watcher.conditions.update("jam", Incident(IncidentKind.JAM, "the eye is blocked", "clear it", 0.0))
    rig.ask(Command.HOLD)
    told = rig.looker.conditions[-1]
    assert told.state is State.HELD
    assert set(told.can) == {Command.START, Command.STOP, Command.ABORT}
    (standing,) = told.standing
    assert (standing.kind, standing.cause, standing.remedy, standing.since) == (
        "jam",
        "the eye is blocked",
        "clear it",
        0.0,
    )


def test_who_asked_stands_in_the_record(rig):
    """As the cause of the change of state."""
    rig.ask(Command.HOLD)
    written = []

    class Book:
        def state_changed(self, change):
            written.append(change.cause)

    rig.control.record(Book())
    assert written[-1] == "the page (ada)"
