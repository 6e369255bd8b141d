"""The real line: the machine's camera, its gates in a process of their own, the system's clock."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.belt import Belt
from edge.belts import open_belt
from edge.bundle import Bundle
from edge.clocks import MonotonicClock
from edge.edgetpu import EdgeTpu
from edge.errors import MachineError
from edge.follow import followed_by_thread
from edge.gate_process import GateProcess
from edge.gates import Gates
from edge.incidents import Incidents
from edge.journal import Journal, check_journal
from edge.line import (
    OnOutcome,
    build_schedule,
    build_sorter,
    check_labels,
    gate_specs,
    line_model,
    open_camera,
    run_line,
)
from edge.line_report import error_percentiles
from edge.machine import Machine
from edge.parts import REJECT_BIN
from edge.pins import open_pin_factory
from edge.processor import LoadedModel, Processor, load_model
from edge.sorter import LineSummary

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
    summary: LineSummary

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `run --json` uses."""
        return {
            "parts": self.parts,
            "bins": self.bins,
            "rejected": self.rejected,
            "gate_error_ms": self.gate_error,
            **self.summary.as_dict(),
            "ended_because": self.because,
            "real_time": self.real_time,
            "classifier": {"processor": self.processor, "fell_back_because": self.fell_back},
        }


def run_machine(
    bundle: Bundle,
    machine: Machine,
    journal_path: Path | None,
    watch: Callable[[Machine, Belt], OnOutcome],
    *,
    tell: Callable[[str], None] = lambda _line: None,
    edgetpu: EdgeTpu | None = None,
    wrap: Callable[[Gates], Gates] = lambda gates: gates,
) -> MachineRun:
    """Sort until the camera ends or somebody stops it. `tell` hears what to know before anything moves.

    edgetpu: another Edge TPU than the one the machine file names. wrap: what the line takes for the gates.

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
        closing(open_belt(machine.belt, clock, lambda: open_pin_factory(machine.gpio.pin_factory))) as belt,
        closing(GateProcess(gate_specs(machine), machine.gpio.pin_factory)) as gates,
        closing(_journal(path, bundle.digest, machine)) as journal,
    ):
        journal.note("classifier", loaded.sentence)
        journal.note("gates", gates.real_time.sentence)
        if not gates.real_time.full:
            tell(f"Warning: {gates.real_time.sentence}")
        incidents = Incidents()
        driven = wrap(gates)
        schedule = build_schedule(machine, driven, belt, clock, incidents)
        sorter = build_sorter(
            machine,
            model,
            belt=belt,
            gates=driven,
            journal=journal,
            clock=clock,
            schedule=schedule,
            incidents=incidents,
            on_incident=lambda incident: tell(incident.sentence),
        )
        with nullcontext() if machine.belt.kind == "fixed" else followed_by_thread(schedule):
            because = run_line(sorter, camera, driven, journal, watch(machine, belt))
        summary = sorter.summary()
        return _summary(journal.rows(), because, loaded, summary, real_time=gates.real_time.full)


def _journal(path: Path, digest: str, machine: Machine) -> Journal:
    return Journal(path, bundle_sha256=digest, machine_sha256=machine.digest(), clock="monotonic")


def _summary(
    rows: Sequence[sqlite3.Row], because: str, loaded: LoadedModel, summary: LineSummary, *, real_time: bool
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
        summary=summary,
    )
