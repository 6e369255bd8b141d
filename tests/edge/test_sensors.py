"""The contract of sensors, run on every implementation; a wired pair of real pins is skipped where there is none."""

from __future__ import annotations

import os
import time

import pytest

from edge import sensors
from edge.errors import GateError
from edge.pins import open_pin_factory
from edge.sensors import MOST_EDGES, Edge, GpioSensor, machine_time

LOOPBACK = "EDGE_SORT_LOOPBACK"  # "OUT,IN": two BCM pins wired to each other


class MockWire:
    """A mock pin, high while something is there."""

    def __init__(self, active_high):
        self.factory = open_pin_factory("mock")
        self.high = active_high
        self.sensor = GpioSensor("eye", 4, active_high=active_high, pin_factory=self.factory)

    def drive(self, there):
        pin = self.factory.pin(4)
        (pin.drive_high if there == self.high else pin.drive_low)()

    def close(self):
        self.sensor.close()


class RealWire:
    """Two real pins wired together."""

    def __init__(self):
        from gpiozero import OutputDevice

        out, into = (int(pin) for pin in os.environ[LOOPBACK].split(","))
        self.factory = open_pin_factory("lgpio")
        self.out = OutputDevice(out, pin_factory=self.factory)
        self.sensor = GpioSensor("eye", into, active_high=True, pin_factory=self.factory)

    def drive(self, there):
        self.out.value = there
        time.sleep(0.02)

    def close(self):
        self.sensor.close()
        self.out.close()


@pytest.fixture(params=["mock, active high", "mock, active low", "lgpio"])
def wire(request):
    if request.param == "lgpio" and LOOPBACK not in os.environ:
        pytest.skip(f"needs two GPIO pins wired together, named by {LOOPBACK}=OUT,IN")
    wire = RealWire() if request.param == "lgpio" else MockWire(request.param.endswith("high"))
    yield wire
    wire.close()


def test_a_quiet_sensor_has_no_edges(wire):
    assert wire.sensor.edges() == []
    assert not wire.sensor.active
    assert wire.sensor.lost == 0


def test_every_edge_is_told_once_with_its_time(wire):
    """Oldest first, timed between the moments before and after it happened."""
    before = time.monotonic()
    for there in (True, False, True):
        wire.drive(there)
    after = time.monotonic()
    edges = wire.sensor.edges()
    assert [edge.active for edge in edges] == [True, False, True]
    assert before <= edges[0].at <= edges[1].at <= edges[2].at <= after
    assert wire.sensor.active
    assert wire.sensor.edges() == []


def test_closing_twice_does_no_harm(wire):
    wire.sensor.close()
    wire.sensor.close()


def test_edges_that_nobody_fetched_are_counted_when_they_are_lost():
    """The memory of a sensor is bounded, and what falls out of it is said."""
    wire = MockWire(active_high=True)
    for number in range(MOST_EDGES + 3):
        wire.drive(number % 2 == 0)
    assert wire.sensor.lost == 3
    assert len(wire.sensor.edges()) == MOST_EDGES


def test_a_pin_in_use_is_an_error_that_names_it():
    factory = open_pin_factory("mock")
    GpioSensor("eye", 4, active_high=True, pin_factory=factory)
    with pytest.raises(GateError, match="pin 4"):
        GpioSensor("eye", 4, active_high=True, pin_factory=factory)


def test_the_kernel_s_time_is_taken_whichever_clock_it_is_on(monkeypatch):
    """Monotonic as it is, wall-clock turned into monotonic, and nonsense replaced by now."""
    monkeypatch.setattr(sensors.time, "time", lambda: 1_700_000_100.0)
    monkeypatch.setattr(sensors.time, "monotonic", lambda: 100.0)
    assert machine_time(99.9, 100.0) == 99.9
    assert machine_time(1_700_000_099.9, 100.0) == pytest.approx(99.9, abs=1e-6)
    assert machine_time(12.0, 100.0) == 100.0
    assert machine_time(101.0, 100.0) == 100.0


def test_an_edge_is_a_record():
    assert Edge(1.0, True) == Edge(1.0, True)
