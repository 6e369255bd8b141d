"""The runs that a proof is made of: each has a machine, a belt and a feed of its own, drawn from its seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.control_tables import EstopTable, InputsTable, InputTable, RulesTable
from edge.emulated_world import EmulateOptions, emulated_machine
from edge.machine import BeltTable, Machine
from edge.machine_checks import check_machine

_SPEEDS_MM_S, _PITCH_MM = (80.0, 300.0), (90.0, 220.0)
_MIN_OFF_MS, _MAX_ON_MS, _MAX_DUTY = (20.0, 300.0), (1.0, 4.0), (0.05, 0.8)
_MOST_RESTARTS = 100


@dataclass(frozen=True)
class Chunk:
    """One run of a proof. seed: everything in it follows from this, from `parts` and from the model."""

    index: int
    parts: int
    seed: int


def drawn_line(chunk: Chunk, labels: tuple[str, ...]) -> tuple[Machine, EmulateOptions]:
    """Draw the machine of a chunk, one it can work at all, and how its belt is fed.

    Every second belt is unsteady. Of every four lines, two have buttons, an e-stop and a bin that can be full; one of
    the two is held then.
    """
    rng = np.random.default_rng([chunk.seed, 9])
    speed_mm_s, pitch_mm = float(rng.uniform(*_SPEEDS_MM_S)), float(rng.uniform(*_PITCH_MM))
    unsteady = chunk.index % 2 == 1
    plain = emulated_machine(labels, speed_mm_s=speed_mm_s, tiles=False)
    gates = tuple(
        gate.model_copy(
            update={
                "min_off_ms": float(rng.uniform(*_MIN_OFF_MS)),
                "max_on_ms": gate.on_ms * float(rng.uniform(*_MAX_ON_MS)),
                "max_duty": float(rng.uniform(*_MAX_DUTY)),
            }
        )
        for gate in plain.gates
    )
    belt = BeltTable(speed_mm_s=speed_mm_s)
    if unsteady:
        belt = BeltTable(kind="encoder", speed_mm_s=speed_mm_s, mm_per_step=0.5, pin=9, pin_b=10)
    camera = plain.camera.model_copy(update={"max_restarts": _MOST_RESTARTS})
    inputs = _inputs(gates[0].bin) if chunk.index % 4 in (1, 2) else InputsTable()
    rules = RulesTable(bin_full="hold" if chunk.index % 4 == 1 else "warn")
    tables = {"gates": gates, "belt": belt, "camera": camera, "inputs": inputs, "rules": rules}
    machine = plain.model_copy(update=tables)
    check_machine(machine)
    options = EmulateOptions(
        count=chunk.parts,
        seed=chunk.seed,
        fast=True,
        speed_mm_s=speed_mm_s,
        rate_per_min=speed_mm_s * 60 / pitch_mm,
        latency_ms=float(rng.uniform(5.0, 40.0)),
        unsteady=unsteady,
    )
    return machine, options


def _inputs(full_bin: str) -> InputsTable:
    return InputsTable(
        estop=EstopTable(pin=2),
        start=InputTable(pin=3, active_high=False),
        stop=InputTable(pin=7),
        reset=InputTable(pin=8),
        bin_full={full_bin: InputTable(pin=11, debounce_ms=500)},
    )
