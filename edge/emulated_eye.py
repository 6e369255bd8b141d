"""A pretend photo-eye across a pretend belt: the real GpioSensor on a mock pin of gpiozero, driven by the parts."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

from edge.belt import Belt, arrival
from edge.cameras import Camera
from edge.clocks import Clock
from edge.emulated_belt import FED_BEFORE_MM, EmulatedBelt
from edge.errors import MachineError
from edge.line import photo_eye
from edge.machine import Machine
from edge.parts import Frame
from edge.photo_eye import PhotoEye
from edge.pins import open_pin_factory
from edge.sensors import GpioSensor
from edge.tables import PI_PINS
from edge.wired_pins import wired_pin


class EmulatedEye:
    """Breaks its beam while the body of any part is in it, and tells the sensor exactly when."""

    def __init__(self, belt: EmulatedBelt, rides_on: Belt, at_mm: float, pin: int, *, active_high: bool) -> None:
        """at_mm: where the beam crosses the belt. belt: what rides; rides_on: how it moves."""
        self._belt, self._rides_on, self._at_mm = belt, rides_on, at_mm
        self._now = 0.0
        factory = open_pin_factory("mock")
        factory.ticks = lambda: self._now  # edges have the time at which they happened, as the kernel's have
        self._pin: Any = wired_pin(factory, pin, high=not active_high)
        self._high = active_high
        self.sensor = GpioSensor("eye", pin, active_high=active_high, pin_factory=factory)
        self._agenda: list[tuple[float, int]] = []
        self._known = self._blocked_by = 0

    def serve(self, now: float) -> None:
        """Let everything pass the beam that has passed it by now."""
        for part in self._belt.fed[self._known :]:
            for sign in (1, -1):
                at = arrival(part.mark_mm - sign * part.length_mm / 2, self._at_mm, self._rides_on)
                heapq.heappush(self._agenda, (at, sign))
        self._known = len(self._belt.fed)
        while self._agenda and self._agenda[0][0] <= now:
            self._now, sign = heapq.heappop(self._agenda)
            self._blocked_by += sign
            self._drive(self._blocked_by > 0)
        self._now = now

    def close(self) -> None:
        """Let the pin go."""
        self.sensor.close()

    def _drive(self, blocked: bool) -> None:
        (self._pin.drive_high if blocked == self._high else self._pin.drive_low)()


class WatchedCamera:
    """A camera that lets the eye catch up before each frame, so that both show the same belt."""

    def __init__(self, camera: Camera, eye: EmulatedEye, clock: Clock) -> None:
        self._camera, self._eye, self._clock = camera, eye, clock

    def frames(self) -> Iterator[Frame]:
        """Yield the camera's frames."""
        for frame in self._camera.frames():
            self._eye.serve(self._clock.now())
            yield frame

    def close(self) -> None:
        """Let the camera go."""
        self._camera.close()


def emulated_eye(machine: Machine, emulated: EmulatedBelt, belt: Belt) -> tuple[EmulatedEye, PhotoEye] | None:
    """Return the pretend eye of a machine that finds parts with one. Raises MachineError where no part passes it."""
    table = machine.eye_in_use
    if table is None:
        return None
    least_mm = -machine.camera.view_mm / 2 - FED_BEFORE_MM / 2
    if table.at_mm < least_mm:
        raise MachineError(f"eye.at_mm: the emulated belt begins at {least_mm:.0f} mm, found {table.at_mm:g}")
    pin = min(table.pin, PI_PINS[-1])  # a board may have more, and the pretended pins are this eye's alone
    watching = EmulatedEye(emulated, belt, table.at_mm, pin, active_high=table.active_high)
    return watching, photo_eye(machine, table, belt, watching.sensor)
