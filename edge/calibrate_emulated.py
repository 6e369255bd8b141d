"""Calibrations on the emulated line, whose belt and gate are a little other than the machine file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge.belt import Belt
from edge.between import Between
from edge.calibrate_belt import BeltMeasurement, measure_belt
from edge.calibrate_gate import SweepPoint, SweptGates, points_of
from edge.clocks import ManualClock
from edge.emulate import emulate_line
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import EmulateOptions, belts, emulated_belt, emulated_copy
from edge.gate_tables import GateTable
from edge.gates import Gates
from edge.line import LineModel, OnOutcome
from edge.line_report import records_of
from edge.machine import Machine
from edge.part_sources import PartSource

BELT_ERROR = 0.12  # at most, as a share
LAG_ERROR_MS = 60.0
RATE_PER_MIN = 30.0  # far enough apart for one part at a time


@dataclass(frozen=True)
class EmulatedSweep:
    """What a sweep found, and what it should have: the pretend gate's real lag."""

    points: list[SweepPoint]
    real_lag_ms: float


def measure_emulated_belt(
    machine: Machine, source: PartSource, count: int, seed: int, tell: Callable[[str], None]
) -> tuple[BeltMeasurement, float]:
    """Measure a pretend belt. Returns also the speed it really has. Raises DataError."""
    machine = emulated_copy(machine)
    error = float(np.random.default_rng([seed, 6]).uniform(-BELT_ERROR, BELT_ERROR))
    options = EmulateOptions(fast=True, count=None, seed=seed, rate_per_min=RATE_PER_MIN, belt_error=error)
    clock = ManualClock()
    moving, belt = belts(options, machine, clock)
    emulated = emulated_belt(options, machine, moving, source, clock.now())
    camera = EmulatedCamera(emulated, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
    return measure_belt(camera.frames(), machine, belt, count, tell), moving.speed_mm_s


def parts_fed(offsets: list[float]) -> int:
    """Return how many parts a sweep feeds: some of them are doubted and try no offset."""
    return len(offsets) * 2


def sweep_emulated_gate(
    machine: Machine,
    gate: GateTable,
    model: LineModel,
    source: PartSource,
    offsets: list[float],
    seed: int,
    decided: Callable[[int], None] = lambda _parts: None,
) -> EmulatedSweep:
    """Sweep a pretend gate over `parts_fed` parts of its classes; each part's end is the answer.

    decided: told how many parts were decided, as they are.
    """
    machine = emulated_copy(machine)
    error_ms = float(np.random.default_rng([seed, 7]).uniform(max(-LAG_ERROR_MS, -gate.lag_ms), LAG_ERROR_MS))
    real = gate.model_copy(update={"lag_ms": gate.lag_ms + error_ms})
    physical = machine.model_copy(update={"gates": tuple(real if one == gate else one for one in machine.gates)})
    swept: list[SweptGates] = []

    def sweep(gates: Gates) -> Gates:
        swept.append(SweptGates(gates, gate.name, offsets))
        return swept[0]

    def watch(_machine: Machine, _belt: Belt) -> OnOutcome:
        return lambda _frame, outcomes: decided(len(outcomes))

    options = EmulateOptions(fast=True, count=parts_fed(offsets), seed=seed, rate_per_min=RATE_PER_MIN)
    run = emulate_line(
        options, machine, replace(model), source, "", watch, physical=physical, between=Between(gates=sweep)
    )
    fates = {part.number: fate for part, fate in run.ended}
    fed_of = {row["part"]: number for number, row in records_of([part for part, _ in run.ended], run.rows).items()}
    answers = [
        (offset, fates[fed_of[part]].bin == gate.bin)
        for part, (offset, _) in swept[0].tried.items()
        if part in fed_of and fates[fed_of[part]].bin is not None
    ]
    return EmulatedSweep(points_of(answers), real.lag_ms)
