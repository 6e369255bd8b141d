"""The contract of Gates, run on every implementation: on the manual clock, and in a process of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from edge.clocks import ManualClock, MonotonicClock
from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import MoveRefused, Window
from edge.gate_process import GateProcess
from edge.gates import MOST_MOVES, GateSpec
from edge.parts import Reason
from edge.pin_gates import LocalGates, PinGates
from edge.pins import open_pin_factory
from firmware_bridge.board import Board
from firmware_bridge.host_board import HostBoard
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.open_board import open_link
from tests.edge.planned_gates import LIMITS, SPECS, moves_until, soon

ROOT = Path(__file__).resolve().parents[2]
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
