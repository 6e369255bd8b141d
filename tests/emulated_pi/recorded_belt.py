"""Frames of an emulated belt for the emulated Pi, and the belt they were taken of, which knows where each part lay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.clocks import ManualClock
from edge.emulated_belt import EmulatedBelt
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import EmulateOptions, emulated_line
from edge.machine import Machine, read_machine
from edge.record import RecordLimits, record


@dataclass(frozen=True)
class RecordedBelt:
    """folder: of the recording. machine: the file it is of. belt: what rode on it, by the recording's clock."""

    folder: Path
    machine: Machine
    belt: EmulatedBelt


def record_belt(line: Path, folder: Path, *, parts: int, seed: int, rate_per_min: float) -> RecordedBelt:
    """Record a belt that no gate moves at, as fast as can be computed."""
    clock, asked = ManualClock(), read_machine(line)
    options = EmulateOptions(machine=asked, count=parts, seed=seed, rate_per_min=rate_per_min)
    machine, belt = emulated_line(options, clock)
    camera = EmulatedCamera(belt, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
    record(camera, machine, clock, folder, RecordLimits())
    return RecordedBelt(folder, asked, belt)
