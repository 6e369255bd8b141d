"""A gate process that ends without last words: its gates are brought to rest in its place, or said to be in doubt."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial

import pytest

from edge import gate_left, gate_process
from edge.clocks import ManualClock
from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_left import rest_left
from edge.gate_limits import GateLimits
from edge.gate_process import GateProcess
from edge.gates import GateSpec
from edge.pins import open_pin_factory
from tests.edge.wired_pins import BusyPins

LIMITS = GateLimits(50, 2000, 0.8)
SPECS = (GateSpec("nut", PinSpec(17), LIMITS), GateSpec("coin", PinSpec(27, active_high=False), LIMITS))


@pytest.fixture
def lost(monkeypatch):
    """Start a gate process and send it a signal; return it."""
    monkeypatch.setattr(gate_process, "REPLY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(gate_left, "FREE_WITHIN_S", 0.0)
    started = []

    def lose(pins, number):
        gates = GateProcess(SPECS, pins)
        started.append(gates)
        os.kill(gates._process.pid, number)
        if number == signal.SIGKILL:
            gates._process.join(5)
        return gates

    yield lose
    for gates in started:
        gates.close()


def test_gates_of_a_killed_process_are_brought_to_rest_from_here(lost):
    """Once: every later call has the same words."""
    gates = lost(BusyPins(os.getpid()), signal.SIGKILL)
    for call in (gates.poll, gates.rest):
        with pytest.raises(GateError) as said:
            call()
        assert str(said.value) == (
            "expected the gate process to be running, found it gone; "
            "brought to rest in its place: 'nut', 'coin'; start again"
        )


def test_a_gate_that_cannot_be_brought_to_rest_may_be_energised(lost):
    """It is named with what to do; the gate after it rests all the same."""
    with pytest.raises(GateError) as said:
        lost(BusyPins(os.getpid(), (17,)), signal.SIGKILL).poll()
    assert "brought to rest in its place: 'coin'; may be energised: 'nut' (gate 'nut': expected pin 17" in str(
        said.value
    )
    assert str(said.value).endswith("cut their power; start again")


def test_a_silent_process_is_ended_before_its_gates_are_brought_to_rest(lost):
    """It may still hold the pins, or move them when it goes on."""
    gates = lost(BusyPins(os.getpid()), signal.SIGSTOP)
    with pytest.raises(GateError, match=r"found silence.*ended it; brought to rest in its place: 'nut', 'coin'"):
        gates.rest()
    assert gates._process.exitcode == -signal.SIGKILL


def test_nothing_is_said_to_rest_on_mock_pins(lost):
    """They are gone with the process that had them."""
    with pytest.raises(GateError, match=r"found it gone; its gates were on mock pins, which move nothing; start again"):
        lost("mock", signal.SIGKILL).rest()


def test_each_pin_is_driven_to_its_resting_level():
    """Whatever the killed process left it at."""
    pins, clock, driven = open_pin_factory("mock"), ManualClock(), []

    def look(pin):
        driven.append((pin.function, pin.state))

    for number, level in ((17, 1), (27, 0)):
        pins.pin(number).function = "output"
        pins.pin(number).state = level
    slow = [GateSpec(spec.name, spec.pins, LIMITS, move_s=0.1) for spec in SPECS]
    for number, at in ((17, 0.05), (27, 0.15)):
        clock.call_at(at, partial(look, pins.pin(number)))
    assert rest_left(slow, lambda: pins, clock) == "brought to rest in its place: 'nut', 'coin'"
    assert driven == [("output", 0), ("output", 1)]


def test_pins_that_do_not_open_leave_every_gate_in_doubt():
    """With an error, and with a library that does not come back."""

    def broken():
        raise GateError("no pins here")

    assert rest_left(SPECS, broken) == "may be energised: 'nut', 'coin' (no pins here); cut their power"
    hung = threading.Event()
    try:
        said = rest_left(SPECS, hung.wait, patience_s=-gate_left.FREE_WITHIN_S)
    finally:
        hung.set()
    assert said == "may be energised: 'nut', 'coin' (the pins did not answer); cut their power"
