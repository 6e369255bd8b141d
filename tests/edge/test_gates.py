"""The contract of Gates, run on every implementation: on the manual clock, and in a process of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge.clocks import Clock, ManualClock, MonotonicClock
from edge.errors import GateError
from edge.estop import EstopSpec
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, MoveRefused, Window
from edge.gate_process import GateProcess
from edge.gates import MOST_MOVES, GateMove, Gates, GateSpec
from edge.parts import Reason
from edge.pin_gates import LocalGates, PinGates
from edge.pins import open_pin_factory
from edge.wired_pins import wired_pin
from firmware_bridge.board import Board
from firmware_bridge.host_board import HostBoard
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.open_board import open_link
from tests.edge.wired_pins import WiredPins

ROOT = Path(__file__).resolve().parents[2]
LIMITS = GateLimits(min_off_ms=5, max_on_ms=500, max_duty=0.9)
SPECS = (GateSpec("nut", PinSpec(17), LIMITS), GateSpec("coin", PinSpec(27), LIMITS))
SERVOS = tuple(
    GateSpec(spec.name, PinSpec(spec.pins.pin, "servo", rest_us=1000, away_us=1800), LIMITS, move_s=0.01)
    for spec in SPECS
)


@pytest.fixture(
    params=["manual", "manual servo", "process", pytest.param("process servo", marks=pytest.mark.slow), "board"]
)
def rig(request):
    """Gates with the clock they follow: each place they live in, each kind of driver."""
    specs = SERVOS if "servo" in request.param else SPECS
    if request.param == "board":
        clock = ManualClock(100.0)
        board = HostBoard(clock, program=request.getfixturevalue("core"), ppm=50.0)
        gates = McuGates(specs, Board(lambda within_s: open_link(board, clock, within_s)), clock)
    elif "manual" in request.param:
        clock = ManualClock(100.0)
        gates = LocalGates(specs, clock, open_pin_factory("mock"))
    else:
        clock = MonotonicClock()
        gates = GateProcess(specs, "mock")
    yield gates, clock
    gates.close()


def soon(clock):
    """Return a moment to plan from: far enough ahead that a busy computer has told the process before it."""
    return clock.now() + (0.4 if isinstance(clock, MonotonicClock) else 0.02)


def moves_until(gates, clock, when):
    """Let time pass and collect what the gates report; the process gets a moment to tell."""
    clock.sleep_until(when)
    moves = list(gates.poll())
    if isinstance(clock, MonotonicClock) or isinstance(gates, McuGates):
        clock.sleep_until(clock.now() + 0.05)
        moves += gates.poll()
    return moves


def test_a_gate_opens_and_closes_at_the_moments_planned(rig):
    """Both edges are made, in order, not before they are due, and reported with their part."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("coin", Window(now + 0.02, now + 0.05), part=7, hold=True)
    moves = moves_until(gates, clock, now + 0.06)
    assert [(move.gate, move.kind, move.part) for move in moves] == [("coin", "opened", 7), ("coin", "closed", 7)]
    assert [move.due_at for move in moves] == [now + 0.02, now + 0.05]
    early_s = gates.clock_error_s(now) if isinstance(gates, McuGates) else 0.0
    assert all(move.at >= move.due_at - early_s for move in moves)


def test_gates_move_independently(rig):
    """Overlapping openings of two gates do not disturb each other."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.02, now + 0.06), part=1, hold=True)
    gates.move_at("coin", Window(now + 0.03, now + 0.05), part=2, hold=True)
    moves = moves_until(gates, clock, now + 0.07)
    assert [(move.gate, move.kind) for move in moves] == [
        ("nut", "opened"),
        ("coin", "opened"),
        ("coin", "closed"),
        ("nut", "closed"),
    ]


def test_a_late_opening_is_refused_and_no_pin_moves(rig):
    """The past cannot be planned."""
    gates, clock = rig
    now = clock.now()
    with pytest.raises(MoveRefused) as refused:
        gates.move_at("nut", Window(now - 0.001, now + 0.02), part=1, hold=True)
    assert refused.value.reason is Reason.LATE
    assert moves_until(gates, clock, now + 0.03) == []


def test_rest_closes_an_open_gate_and_forgets_its_plan(rig):
    """After rest() every pin is at rest, the next poll says which that closed, and what was planned does not happen."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.01, now + 0.4), part=1, hold=True)
    gates.move_at("coin", Window(now + 0.2, now + 0.3), part=2, hold=True)
    assert [move.kind for move in moves_until(gates, clock, now + 0.02)] == ["opened"]
    gates.rest()
    assert [(move.gate, move.kind, move.due_at) for move in gates.poll()] == [("nut", "closed", None)]
    assert moves_until(gates, clock, now + 0.45) == []


def test_closing_twice_does_no_harm(rig):
    """close() may be called again."""
    gates, _ = rig
    gates.close()
    gates.close()


def test_a_merged_opening_has_one_pair_of_edges(rig):
    """Two parts of one bin in a row: the gate stays open between them."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.02, now + 0.04), part=1, hold=True)
    gates.move_at("nut", Window(now + 0.042, now + 0.06), part=2, hold=True)
    moves = moves_until(gates, clock, now + 0.07)
    assert [(move.kind, move.due_at) for move in moves] == [("opened", now + 0.02), ("closed", now + 0.06)]


def test_the_same_opening_planned_twice_is_made_once(rig):
    """Two parts with one window: the gate does not open again, late, after it has closed."""
    gates, clock = rig
    now = soon(clock)
    for part in (1, 2):
        gates.move_at("nut", Window(now + 0.02, now + 0.04), part=part, hold=True)
    moves = moves_until(gates, clock, now + 0.06)
    assert [(move.kind, move.due_at) for move in moves] == [("opened", now + 0.02), ("closed", now + 0.04)]


def test_a_gate_can_be_planned_anew_after_a_rest(rig):
    """What rest() forgot does not come back with the next opening."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.1, now + 0.14), part=1, hold=True)
    gates.rest()
    gates.move_at("nut", Window(now + 0.12, now + 0.15), part=2, hold=True)
    moves = moves_until(gates, clock, now + 0.16)
    assert [(move.kind, move.due_at, move.part) for move in moves] == [
        ("opened", now + 0.12, 2),
        ("closed", now + 0.15, 2),
    ]


def test_a_window_moved_later_is_made_later(rig):
    """replan() moves what has not begun; the old moments do not happen."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.05, now + 0.08), part=1, hold=True)
    assert gates.replan("nut", {1: Window(now + 0.1, now + 0.14)}) == {}
    moves = moves_until(gates, clock, now + 0.15)
    assert [(move.kind, move.due_at) for move in moves] == [("opened", now + 0.1), ("closed", now + 0.14)]


def test_an_opening_under_way_only_ends_at_another_moment(rig):
    """replan() neither slams a gate that is away nor opens it twice."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.02, now + 0.2), part=1, hold=True)
    assert [move.kind for move in moves_until(gates, clock, now + 0.04)] == ["opened"]
    assert gates.replan("nut", {1: Window(now + 0.1, now + 0.3)}) == {}
    moves = moves_until(gates, clock, now + 0.31)
    assert [(move.kind, move.due_at) for move in moves] == [("closed", now + 0.3)]


def test_an_opening_under_way_is_cut_where_its_limit_is(rig):
    """replan() cannot hold a gate away longer than max_on_ms."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.02, now + 0.2), part=1, hold=True)
    moves_until(gates, clock, now + 0.04)
    assert gates.replan("nut", {1: Window(now + 0.02, float("inf"))}) == {}
    moves = moves_until(gates, clock, now + 0.55)
    assert [(move.kind, move.due_at) for move in moves] == [("closed", pytest.approx(now + 0.52))]


def test_a_window_moved_into_the_past_is_refused_and_not_made(rig):
    """replan() names the parts that no gate will serve any more; the others stay planned."""
    gates, clock = rig
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.1, now + 0.12), part=1, hold=True)
    gates.move_at("nut", Window(now + 0.2, now + 0.22), part=2, hold=True)
    refused = gates.replan("nut", {1: Window(now - 0.9, now - 0.8), 2: Window(now + 0.1, now + 0.12)})
    assert refused == {1: Reason.LATE}
    moves = moves_until(gates, clock, now + 0.25)
    assert [(move.kind, move.part, move.due_at) for move in moves] == [
        ("opened", 2, now + 0.1),
        ("closed", 2, now + 0.12),
    ]


@dataclass
class Stoppable:
    """Gates with an e-stop on pin 4, and the hand on its button."""

    gates: Gates
    clock: Clock
    wire: Callable[[bool], object]
    seen: list[GateMove] = field(default_factory=list)

    def press(self, pressed):
        """Open or close the e-stop's circuit; the process gets a moment to tell of it."""
        self.wire(pressed)
        self.heard(pressed)

    def heard(self, stopped):
        until = time.monotonic() + 5
        while isinstance(self.clock, MonotonicClock) and stopped and time.monotonic() < until:
            self.poll()
            if self.gates.stopped:
                return
            time.sleep(0.001)

    def poll(self):
        self.seen += self.gates.poll()


@pytest.fixture(params=["manual", "process"])
def stoppable(request, tmp_path):
    if request.param == "manual":
        clock, factory = ManualClock(100.0), open_pin_factory("mock")
        pin = wired_pin(factory, 4, high=False)
        gates = LocalGates(SPECS, clock, factory, EstopSpec(4))
        yield Stoppable(gates, clock, lambda pressed: (pin.drive_high if pressed else pin.drive_low)())
        gates.close()
        return
    fifo = tmp_path / "wire"
    os.mkfifo(fifo)
    clock = MonotonicClock()
    gates = GateProcess(SPECS, WiredPins(fifo, 4), estop=EstopSpec(4))
    with fifo.open("w", buffering=1) as wire:

        def drive(pressed):
            wire.write("1" if pressed else "0")
            wire.flush()

        yield Stoppable(gates, clock, drive)
    gates.close()


def test_the_e_stop_brings_open_gates_to_rest_by_itself_and_forgets_the_plan(stoppable):
    """Nobody calls the gates: the open one closes at once, what was planned does not happen."""
    gates, clock = stoppable.gates, stoppable.clock
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.01, now + 0.45), part=1, hold=True)
    gates.move_at("coin", Window(now + 0.3, now + 0.45), part=2, hold=True)
    clock.sleep_until(now + 0.05)
    pressed_at = clock.now()
    assert not gates.stopped
    stoppable.wire(True)
    clock.sleep_until(now + 0.5)
    stoppable.poll()
    moves = [(move.gate, move.kind, move.due_at) for move in stoppable.seen]
    assert moves == [("nut", "opened", now + 0.01), ("nut", "closed", None)]
    assert gates.stopped
    late_s = stoppable.seen[1].at - pressed_at
    assert late_s == 0 if isinstance(clock, ManualClock) else late_s < 0.2


def test_an_e_stop_that_was_pressed_refuses_every_move_until_it_is_rearmed(stoppable):
    """Releasing it is not enough; while it is pressed it cannot be rearmed."""
    gates, clock = stoppable.gates, stoppable.clock
    stoppable.press(True)
    assert not gates.rearm()
    stoppable.press(False)
    for _ in range(2):
        now = soon(clock)
        with pytest.raises(MoveRefused) as refused:
            gates.move_at("nut", Window(now + 0.02, now + 0.04), part=1, hold=True)
        assert refused.value.reason is Reason.NOT_ARMED
    armed_by = time.monotonic() + 5
    while not gates.rearm() and time.monotonic() < armed_by:  # the wire may be slow
        time.sleep(0.01)
    assert not gates.stopped
    now = soon(clock)
    gates.move_at("nut", Window(now + 0.02, now + 0.04), part=1, hold=True)
    assert [move.kind for move in moves_until(gates, clock, now + 0.06)] == ["opened", "closed"]
    stoppable.press(True)
    gates.poll()
    assert gates.stopped


def test_an_e_stop_whose_wire_is_open_at_the_start_lets_no_gate_move():
    """Nothing connected is the same as pressed, wired to ground or to 3.3 V."""
    for closed_high in (False, True):
        gates = LocalGates(SPECS, ManualClock(), open_pin_factory("mock"), EstopSpec(4, closed_high=closed_high))
        assert gates.stopped
        assert not gates.rearm()
        gates.close()
    process = GateProcess(SPECS[:1], "mock", estop=EstopSpec(4))
    with pytest.raises(MoveRefused, match="e-stop"):
        process.move_at("nut", Window(time.monotonic() + 0.5, time.monotonic() + 0.6), part=1, hold=True)
    assert process.stopped
    process.close()


def test_an_e_stop_pressed_for_a_moment_only_is_not_missed():
    """The edge counts, not the level at the next look."""
    clock, factory = ManualClock(), open_pin_factory("mock")
    wired_pin(factory, 4, high=False)
    gates = PinGates(SPECS, clock, factory, EstopSpec(4))
    gates.move_at("nut", Window(1.0, 1.4), part=1, hold=True)
    clock.sleep_until(1.0)
    gates.serve()
    factory.pin(4).drive_high()
    factory.pin(4).drive_low()
    assert factory.pin(17).state
    gates.serve()
    assert not factory.pin(17).state
    assert gates.stopped
    gates.close()


def test_a_gate_that_is_told_too_late_does_not_open(rig_of_pins):
    """An opening that comes due while the process is held up is missed, not made late: it would hit the next part."""
    gates, clock = rig_of_pins
    gates.move_at("nut", Window(1.0, 1.4), part=1, hold=True)
    gates.move_at("nut", Window(1.402, 1.5), part=2, hold=True)
    clock.sleep_until(1.3)
    gates.serve()
    assert [(move.kind, move.part, move.due_at) for move in gates.poll()] == [("missed", 1, 1.0), ("missed", 2, 1.402)]
    assert gates.next_due == float("inf")


def test_a_closing_a_little_late_delays_the_next_opening_and_does_not_lose_it(rig_of_pins):
    """Planned exactly min_off apart: the rest is kept by what was done, and the second part still has its gate."""
    gates, clock = rig_of_pins
    gates.move_at("nut", Window(1.0, 1.1), part=1, hold=False)
    gates.move_at("nut", Window(1.105, 1.2), part=2, hold=False)
    for when in (1.0, 1.102, 1.105):
        clock.sleep_until(when)
        gates.serve()
    assert gates.next_due == pytest.approx(1.107)
    clock.sleep_until(1.107)
    gates.serve()
    assert [(move.kind, move.at) for move in gates.poll()] == [("opened", 1.0), ("closed", 1.102), ("opened", 1.107)]


def test_moves_nobody_fetches_are_bounded_and_counted(monkeypatch):
    """A sorter that does not ask loses the oldest moves, and is told how many."""
    assert MOST_MOVES <= 4096
    monkeypatch.setattr("edge.pin_gates.MOST_MOVES", 100)
    clock = ManualClock()
    gates = PinGates(SPECS, clock, open_pin_factory("mock"))
    for number in range(100):
        start = 1.0 + number * 0.1
        gates.move_at("nut", Window(start, start + 0.01), part=number, hold=True)
        clock.sleep_until(start)
        gates.serve()
        clock.sleep_until(start + 0.01)
        gates.serve()
    assert len(gates.poll()) == 100 == gates.moves_lost
    gates.close()


@pytest.fixture
def rig_of_pins():
    """Gates that only move when told to serve."""
    clock = ManualClock()
    gates = PinGates(SPECS, clock, open_pin_factory("mock"))
    yield gates, clock
    gates.close()


def test_a_servo_goes_between_its_two_pulses_and_is_not_let_go_before_it_is_there():
    """Its pin carries 5 % and 9 % of 20 ms; closing waits until it has had the time to get back."""
    clock, factory = ManualClock(), open_pin_factory("mock")
    gates = LocalGates(SERVOS, clock, factory)
    pin = factory.pin(17)
    assert (pin.frequency, pin.state) == (50, pytest.approx(0.05, abs=1e-5))
    gates.move_at("nut", Window(1.0, 1.4), part=1, hold=True)
    clock.sleep_until(1.1)
    assert pin.state == pytest.approx(0.09, abs=1e-5)
    gates.close()
    assert clock.now() == pytest.approx(1.11)
    assert pin.frequency is None


def test_a_pin_that_cannot_pulse_is_said():
    """A servo on gpiozero's plain pins is an error with a remedy, not a gate that never moves."""
    with pytest.raises(GateError, match=r"set gpio\.pin_factory to lgpio"):
        LocalGates(SERVOS, ManualClock(), MockFactory())


def test_one_pin_for_two_gates_is_an_error_that_leaves_no_pin_taken():
    """A pin belongs to one gate; the one opened before is let go again."""
    factory = MockFactory()
    twice = (SPECS[0], GateSpec("other", PinSpec(17), LIMITS))
    with pytest.raises(GateError, match="pin 17"):
        LocalGates(twice, ManualClock(), factory)
    LocalGates(SPECS, ManualClock(), factory).close()


def test_an_active_low_gate_rests_at_the_high_level():
    """The resting level is the unpowered one, whichever that is."""
    factory = MockFactory()
    gates = LocalGates([GateSpec("nut", PinSpec(17, active_high=False), LIMITS)], ManualClock(), factory)
    assert factory.pin(17).state
    gates.close()


def test_closed_gates_leave_their_pins_at_rest():
    """After close() a pin that was open is low or an input."""
    factory, clock = MockFactory(), ManualClock()
    gates = LocalGates(SPECS, clock, factory)
    gates.move_at("nut", Window(1.0, 1.4), part=1, hold=True)
    clock.sleep_until(1.1)
    pin = factory.pin(17)
    assert pin.state
    gates.close()
    assert pin.function == "input" or not pin.state


@pytest.mark.parametrize("name", ["rpigpio", "lgpio"])
def test_a_pin_factory_that_is_missing_is_named(name):
    """No fallback to another factory: the error names the one asked for."""
    module = {"rpigpio": "RPi.GPIO", "lgpio": "lgpio"}[name]
    try:
        __import__(module)
    except ImportError:
        with pytest.raises(GateError, match=f"expected '{name}'"):
            open_pin_factory(name)
    else:
        pytest.skip(f"{module} is installed here")
