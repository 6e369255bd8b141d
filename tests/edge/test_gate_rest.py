"""`edge-sort gate rest` brings gates to rest after a line that was killed, on gpiozero's mock pins."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from click.testing import CliRunner
from gpiozero import OutputDevice

from edge.cli import cli
from edge.clocks import ManualClock
from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits
from edge.gate_rest import rest_gates
from edge.gates import GateSpec
from edge.machine_command import machine_text
from edge.machine_lock import gates_of
from edge.pins import open_pin_factory

LIMITS = GateLimits(50, 2000, 0.8)
HIGH = GateSpec("valve", PinSpec(17), LIMITS)
LOW = GateSpec("relay", PinSpec(27, active_high=False), LIMITS)
SERVO = GateSpec("flap", PinSpec(22, "servo", rest_us=1000, away_us=2000), LIMITS, move_s=0.4)


@pytest.fixture
def pins():
    factory = open_pin_factory("mock")
    yield factory
    factory.close()


def rest(specs, pins, clock=None, wait_s=0.0):
    told = []
    rest_gates(specs, clock or ManualClock(), pins, wait_s=wait_s, tell=told.append)
    return told


def test_every_gate_is_driven_to_its_own_resting_level(pins):
    """Low for an active-high gate, high for an active-low one, whatever the pin was left at."""
    killed_at = {17: 1, 27: 0}
    for number, level in killed_at.items():
        pins.pin(number).function = "output"
        pins.pin(number).state = level
    clock, driven = ManualClock(), []

    def look(pin):
        driven.append((pin.function, pin.state))

    for number, at in ((17, 0.05), (27, 0.15)):  # while it is held: a pin that was let go shows its pull
        clock.call_at(at, partial(look, pins.pin(number)))
    slow = [replace(spec, move_s=0.1) for spec in (HIGH, LOW)]
    assert rest(slow, pins, clock) == ["gate 'valve' is at rest: pin 17", "gate 'relay' is at rest: pin 27"]
    assert driven == [("output", 0), ("output", 1)]


def test_a_servo_pulses_until_it_has_arrived(pins):
    """Its way takes move_s, and it moves only while its pin pulses."""
    clock, seen = ManualClock(), []
    clock.call_at(0.399, lambda: seen.append((pins.pin(22).frequency, pins.pin(22).state)))
    rest([SERVO], pins, clock)
    assert clock.now() == pytest.approx(0.4)
    ((frequency, share),) = seen
    assert (frequency, share) == (50, pytest.approx(0.05, abs=1e-3))


def test_a_pin_that_stays_busy_is_one_sentence_and_the_others_rest(pins):
    """The error names the gate and the remedy; a gate after it has been brought to rest."""
    holder = OutputDevice(17, pin_factory=pins)
    told = []
    with pytest.raises(GateError, match=r"gate 'valve': expected pin 17 to be free, found.*end the other program"):
        rest_gates([HIGH, LOW], ManualClock(), pins, wait_s=1.0, tell=told.append)
    assert told == ["gate 'relay' is at rest: pin 27"]
    holder.close()


def test_a_pin_that_is_let_go_in_time_is_waited_for(pins):
    """The gate process of a killed line needs a moment to end."""
    clock, holder = ManualClock(), OutputDevice(17, pin_factory=pins)
    clock.call_at(0.7, holder.close)
    assert rest([HIGH], pins, clock, wait_s=2.0) == ["gate 'valve' is at rest: pin 17"]
    assert 0.7 <= clock.now() <= 1.0


@pytest.fixture
def machine_file(tmp_path):
    path = tmp_path / "machine.toml"
    path.write_text(machine_text(("nut", "coin")).replace('"lgpio"', '"mock"'))
    return path


def test_the_command_says_what_it_did(machine_file):
    """A line for each gate of the machine file."""
    done = CliRunner().invoke(cli, ["gate", "rest", "--machine", str(machine_file)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[1:] == ["gate 'nut' is at rest: pin 17", "gate 'coin' is at rest: pin 27"]


def test_no_pin_is_touched_while_the_line_runs(machine_file):
    """It would take the gates away from a running line."""
    with gates_of(machine_file):
        done = CliRunner().invoke(cli, ["gate", "rest", "--machine", str(machine_file)])
    assert done.exit_code == 1
    assert "found another program at it" in done.output
    assert "at rest" not in done.output
