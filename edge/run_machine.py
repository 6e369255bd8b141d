"""The real line: the machine's camera, its gates in a process of their own, the system's clock."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.belt import Belt, FixedSpeedBelt
from edge.bundle import Bundle
from edge.clocks import MonotonicClock
from edge.edgetpu import EdgeTpu
from edge.errors import MachineError
from edge.gate_process import GateProcess
from edge.journal import Journal, check_journal
from edge.line import OnOutcome, build_sorter, check_labels, gate_specs, line_model, open_camera, photo_eye, run_line
from edge.line_report import error_percentiles
from edge.machine import Machine
from edge.parts import REJECT_BIN
from edge.photo_eye import PhotoEye
from edge.pins import open_pin_factory
from edge.processor import LoadedModel, Processor, load_model
from edge.sensors import GpioSensor

WARM_UP_RUNS = 3


@dataclass(frozen=True)
class MachineRun:
    """What the journal says of a run. Nobody knows here what the parts really were."""

    parts: int
    bins: dict[str, int]
    rejected: dict[str, int]
    gate_error: dict[str, float | None]
    because: str
    real_time: bool
    processor: Processor
    fell_back: str | None
    eye: dict[str, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `run --json` uses."""
        return {
            "parts": self.parts,
            "bins": self.bins,
            "rejected": self.rejected,
            "gate_error_ms": self.gate_error,
            "ended_because": self.because,
            "real_time": self.real_time,
            "eye": self.eye,
            "classifier": {"processor": self.processor, "fell_back_because": self.fell_back},
        }


def run_machine(
    bundle: Bundle,
    machine: Machine,
    journal_path: Path | None,
    watch: Callable[[Machine], OnOutcome],
    *,
    tell: Callable[[str], None] = lambda _line: None,
    edgetpu: EdgeTpu | None = None,
) -> MachineRun:
    """Sort until the camera ends or somebody stops it. `tell` hears what to know before anything moves.

    edgetpu: another Edge TPU than the one the machine file names.

    Raises EdgeSortError's children; nothing is written and
    no pin is opened before everything else is there.
    """
    if machine.camera.kind == "emulated":
        raise MachineError("camera.kind: 'emulated' sees no real part; use another kind, or run with --emulate")
    for warning in bundle.warnings:
        tell(f"Warning: {warning}")
    check_labels(machine, bundle.labels)
    asked = machine.classifier
    loaded = load_model(bundle, asked.accelerator, allow_cpu=asked.allow_cpu, edgetpu=edgetpu or asked.edgetpu)
    if asked.accelerator != "cpu":
        tell(loaded.sentence)
    model = line_model(bundle, loaded)
    blank = np.zeros((64, 64, 3), dtype=np.uint8)
    for _ in range(WARM_UP_RUNS):  # the first calls of a model are many times slower
        model.scorer.scores(blank)
    clock = MonotonicClock()
    path = journal_path or machine.journal.path
    check_journal(path)
    with (
        closing(open_camera(machine, clock)) as camera,
        closing(GateProcess(gate_specs(machine), machine.gpio.pin_factory)) as gates,
        closing(_journal(path, bundle.digest, machine)) as journal,
    ):
        journal.note("classifier", loaded.sentence)
        belt = FixedSpeedBelt(machine.belt.speed_mm_s)
        with _open_eye(machine, belt) as eye:
            sorter = build_sorter(machine, model, belt=belt, gates=gates, journal=journal, clock=clock, eye=eye)
            because = run_line(sorter, camera, gates, journal, watch(machine))
        counts = eye.counts() if eye else None
        return _summary(journal.rows(), because, loaded, real_time=gates.real_time, eye=counts)


@contextmanager
def _open_eye(machine: Machine, belt: Belt) -> Iterator[PhotoEye | None]:
    """Open the machine's photo-eye, if it finds parts with one. Raises GateError when its pin cannot be used."""
    if machine.finder.source == "picture" or machine.eye is None:
        yield None
        return
    factory = open_pin_factory(machine.gpio.pin_factory)
    sensor = GpioSensor("eye", machine.eye.pin, active_high=machine.eye.active_high, pin_factory=factory)
    with closing(sensor):
        yield photo_eye(machine, belt, sensor)


def _journal(path: Path, digest: str, machine: Machine) -> Journal:
    return Journal(path, bundle_sha256=digest, machine_sha256=machine.digest(), clock="monotonic")


def _summary(
    rows: Sequence[sqlite3.Row],
    because: str,
    loaded: LoadedModel,
    *,
    real_time: bool,
    eye: dict[str, int] | None = None,
) -> MachineRun:
    errors = [
        abs(row[done] - row[due]) * 1000
        for row in rows
        for done, due in (("opened_s", "opens_s"), ("closed_s", "closes_s"))
        if row[done] is not None
    ]
    return MachineRun(
        parts=len(rows),
        bins=dict(sorted(Counter(row["bin"] for row in rows).items())),
        rejected=dict(sorted(Counter(row["reason"] for row in rows if row["bin"] == REJECT_BIN).items())),
        gate_error=error_percentiles(errors),
        because=because,
        real_time=real_time,
        processor=loaded.processor,
        fell_back=loaded.fell_back,
        eye=eye,
    )
