"""Calibrations on the machine itself."""

from __future__ import annotations

import select
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from edge.belts import open_belt
from edge.bundle import Bundle
from edge.calibrate_belt import BeltMeasurement, measure_belt
from edge.calibrate_gate import SweepPoint, SweptGates, points_of
from edge.camera_kinds import open_camera
from edge.clocks import MonotonicClock
from edge.end_signals import Stopped
from edge.errors import MachineError
from edge.gate_limits import Window
from edge.gate_tables import GateTable
from edge.gates import Gates
from edge.machine import Machine
from edge.parts import Frame
from edge.pins import open_pin_factory, take
from edge.run_machine import run_machine
from edge.sorter import Outcome

FALL_S = 1.0  # from the gate into the bin, at most
_MOST_EDGES = 256


class Answers(Protocol):
    """Who knows whether a part fell into the bin."""

    def of(self, part: int, window: Window, now: float) -> bool | None:
        """Say whether the part did for which the gate was away in this window; None while nobody knows yet."""
        ...

    def close(self) -> None:
        """Release what it listens to."""
        ...


class EyeAnswers:
    """A photo-eye in the bin's chute: a part has fallen when its beam was broken within FALL_S of the opening."""

    def __init__(self, pin: int, pin_factory: Any) -> None:
        """Take the pin. Raises GateError."""
        from gpiozero import DigitalInputDevice

        self._device = take(
            lambda: DigitalInputDevice(pin, pull_up=True, pin_factory=pin_factory),
            f"--eye: expected pin {pin} to be free",
            "end the other program that uses it, or wire the eye to another pin",
        )
        self._broken: deque[float] = deque(maxlen=_MOST_EDGES)
        self._device.when_activated = lambda: self._broken.append(time.monotonic())

    def of(self, part: int, window: Window, now: float) -> bool | None:
        """Look for a break of the beam since the gate moved; know that there was none when FALL_S has passed."""
        if any(window.opens_at <= at <= window.closes_at + FALL_S for at in self._broken):
            return True
        return False if now > window.closes_at + FALL_S else None

    def close(self) -> None:
        """Release the pin."""
        self._device.close()


class OperatorAnswers:
    """A person at the keyboard, asked when the part should be in the bin. The line does not wait for the answer."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._asked: int | None = None

    def of(self, part: int, window: Window, now: float) -> bool | None:
        """Ask once, and look whether there is an answer."""
        if now < window.closes_at + FALL_S or self._asked not in (None, part):
            return None
        if self._asked is None:
            self._asked = part
            self._tell(f"part {part}: did it fall into the bin? y or n, and Enter")
        if not select.select([sys.stdin], [], [], 0)[0]:
            return None
        line = sys.stdin.readline()
        if not line:
            raise MachineError("expected answers from the keyboard, found its end; run it in a terminal, or give --eye")
        word = line.strip().lower()
        if word not in ("y", "n"):
            self._tell("expected y or n")
            return None
        self._asked = None
        return word == "y"

    def close(self) -> None:
        """Nothing to release."""


def measure_real_belt(machine: Machine, count: int, tell: Callable[[str], None]) -> BeltMeasurement:
    """Time parts under the machine's camera. No gate's pin is touched. Raises CameraError, GateError, DataError."""
    if machine.camera.kind == "emulated":
        raise MachineError("camera.kind: 'emulated' sees no real part; use another kind, or calibrate with --emulate")
    clock = MonotonicClock()
    with (
        closing(open_camera(machine, clock)) as camera,
        closing(open_belt(machine.belt, clock, lambda: open_pin_factory(machine.gpio.pin_factory))) as belt,
    ):
        return measure_belt(camera.frames(), machine, belt, count, tell)


def sweep_real_gate(
    bundle: Bundle,
    machine: Machine,
    gate: GateTable,
    offsets: list[float],
    eye: int | None,
    tell: Callable[[str], None],
) -> list[SweepPoint]:
    """Sweep a gate of the machine. Raises what run_machine raises. Its parts are in no journal that is kept."""
    answers: Answers = OperatorAnswers(tell)
    if eye is not None:
        answers = EyeAnswers(eye, open_pin_factory(machine.gpio.pin_factory))
    sweep = _Sweep(gate.name, offsets, answers)
    with closing(answers), tempfile.TemporaryDirectory() as folder:
        run_machine(
            bundle, machine, Path(folder) / "journal.sqlite", lambda *_: sweep.on_outcome, tell=tell, wrap=sweep.wrap
        )
    return points_of(sweep.found)


class _Sweep:
    """A sweep under way: which part had which offset, and what is known of it."""

    def __init__(self, gate: str, offsets: list[float], answers: Answers) -> None:
        self._gate, self._offsets, self._answers = gate, offsets, answers
        self._swept: SweptGates | None = None
        self.found: list[tuple[float, bool]] = []

    def wrap(self, gates: Gates) -> Gates:
        """Put the sweep before the gates."""
        self._swept = SweptGates(gates, self._gate, self._offsets)
        return self._swept

    def on_outcome(self, _frame: Frame | None, _outcomes: list[Outcome]) -> None:
        """Take in what is known by now; end the run when everything is."""
        assert self._swept is not None
        for part, (offset, window) in list(self._swept.tried.items()):
            caught = self._answers.of(part, window, time.monotonic())
            if caught is not None:
                self.found.append((offset, caught))
                del self._swept.tried[part]
        if self._swept.done and not self._swept.tried:
            raise Stopped
