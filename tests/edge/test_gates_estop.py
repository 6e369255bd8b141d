"""The contract of an e-stop, on the manual clock and in a process of its own: it acts by itself, and stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from edge.clocks import Clock, ManualClock, MonotonicClock
from edge.estop import EstopSpec
from edge.gate_limits import MoveRefused, Window
from edge.gate_process import GateProcess
from edge.gates import GateMove, Gates
from edge.parts import Reason
from edge.pin_gates import LocalGates, PinGates
from edge.pins import open_pin_factory
from edge.wired_pins import wired_pin
from tests.edge.planned_gates import SPECS, moves_until, soon
from tests.edge.wired_pins import WiredPins


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
