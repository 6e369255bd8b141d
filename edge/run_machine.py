"""The real line: the machine's camera, its gates in a process of their own, the system's clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.belt import Belt
from edge.belts import open_belt
from edge.boards import Board, all_gates, board_of
from edge.bundle import Bundle
from edge.camera_kinds import open_camera, reopener
from edge.camera_tables import EyeTable
from edge.clocks import MonotonicClock
from edge.drift_baseline import baseline_file
from edge.driven_line import Ended, World, drive_line
from edge.edgetpu import EdgeTpu
from edge.errors import EdgeSortError, MachineError
from edge.gate_process import GateProcess
from edge.gates import Gates
from edge.journal import check_journal
from edge.journal_report import ShiftReport, run_report
from edge.line import (
    OnOutcome,
    check_labels,
    estop_spec,
    line_model,
    photo_eye,
    pin_specs,
)
from edge.line_journal import line_journal
from edge.line_summary import LineSummary
from edge.machine import Machine
from edge.measured_latency import measure_latency
from edge.mqtt_process import mqtt_order, telling_broker
from edge.onlooker import LineOpened, OpenOnlooker, nobody_looks
from edge.panel import open_panel
from edge.photo_eye import PhotoEye
from edge.pi_health import PiHealth
from edge.pins import open_pin_factory
from edge.plan import require_in_time
from edge.processor import LoadedModel, Processor, load_model
from edge.sensors import GpioSensor, Sensor
from edge.watcher import Surroundings

LATENCY_RUNS = 5  # enough for a median, and soon done


@dataclass(frozen=True)
class MachineRun:
    """What the journal says of a run. Nobody knows here what the parts really were."""

    parts: int
    bins: dict[str, int]
    rejected: dict[str, int]
    gate_error: dict[str, float | None]
    incidents: dict[str, int]
    because: str
    real_time: bool
    processor: Processor
    fell_back: str | None
    summary: LineSummary
    eye: dict[str, int] | None = None
    error: EdgeSortError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything under the names that `run --json` uses."""
        return {
            "parts": self.parts,
            "bins": self.bins,
            "rejected": self.rejected,
            "gate_error_ms": self.gate_error,
            **self.summary.as_dict(),
            "incidents": self.incidents,
            "ended_because": self.because,
            "error": str(self.error) if self.error else None,
            "real_time": self.real_time,
            "eye": self.eye,
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
    onlooker: OpenOnlooker = nobody_looks,
    report_errors: bool = False,
) -> MachineRun:
    """Sort until the camera ends or somebody stops it. `tell` hears what to know before anything moves.

    edgetpu: another Edge TPU than the one the machine file names. wrap: what the line takes for the gates.
    onlooker: begins to watch the line from outside. report_errors: return an error that ends the sorting, in `error`.
    Raises EdgeSortError's children; nothing is written and no pin is opened before everything else is there.
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
    # this also warms the model up: its first calls are many times slower
    require_in_time(machine, measure_latency(machine, model.scorer, LATENCY_RUNS))
    clock = MonotonicClock()
    path = journal_path or machine.journal.path
    check_journal(path)
    order = mqtt_order(machine, path, tell)
    with (
        ExitStack() as last,
        closing(open_camera(machine, clock, tell)) as opened,
        board_of(machine, clock) as board,
        closing(open_belt(machine.belt, clock, lambda: open_pin_factory(machine.gpio.pin_factory), board)) as belt,
        open_eye(machine, belt, board) as eye,
        closing(GateProcess(pin_specs(machine), machine.gpio.pin_factory, estop=estop_spec(machine))) as pins,
        closing(all_gates(machine, pins, board)) as gates,
        closing(open_panel(machine, lambda: open_pin_factory(machine.gpio.pin_factory))) as panel,
        closing(
            line_journal(path, machine, bundle.labels, bundle_sha256=bundle.digest, clock="monotonic", tell=tell)
        ) as journal,
        onlooker(LineOpened(machine, tuple(bundle.labels), bundle.digest, belt, clock, journal)) as looking,
    ):
        last.enter_context(telling_broker(order, tell))  # left when the pins are released: it may take a while
        journal.note("classifier", loaded.sentence)
        journal.note("gates", pins.real_time.sentence)
        if not pins.real_time.full:
            tell(f"Warning: {pins.real_time.sentence}")
        world = World(
            camera=opened,
            reopen=reopener(opened, machine, clock, tell),
            belt=belt,
            gates=wrap(gates),
            journal=journal,
            clock=clock,
            eye=eye,
            panel=panel,
            around=Surroundings(
                PiHealth(),
                path.absolute().parent,
                time.time,
                baseline_file(path, bundle.digest, machine, tell),
            ),
            onlooker=looking,
        )
        ended = drive_line(machine, model, world, watch(machine, belt), tell)
        if not report_errors:
            ended.whole()
        counts = eye.counts() if eye else None
        return _summary(run_report(journal), ended, loaded, real_time=pins.real_time.full, eye=counts)


@contextmanager
def open_eye(machine: Machine, belt: Belt, board: Board | None) -> Iterator[PhotoEye | None]:
    """Open the machine's photo-eye, if it finds parts with one. Raises GateError when its pin cannot be used."""
    table = machine.eye_in_use
    if table is None:
        yield None
        return
    with closing(_eye_sensor(machine, table, board)) as sensor:
        yield photo_eye(machine, table, belt, sensor)


def _eye_sensor(machine: Machine, table: EyeTable, board: Board | None) -> Sensor:
    if table.on_board and board is not None:
        return board.sensor("eye", table.pin, active_high=table.active_high)
    factory = open_pin_factory(machine.gpio.pin_factory)
    return GpioSensor("eye", table.pin, active_high=table.active_high, pin_factory=factory)


def _summary(
    report: ShiftReport,
    ended: Ended,
    loaded: LoadedModel,
    *,
    real_time: bool,
    eye: dict[str, int] | None,
) -> MachineRun:
    return MachineRun(
        parts=report.parts,
        bins=report.bins,
        rejected=report.rejected,
        gate_error=report.gate_error_ms,
        incidents=report.incidents,
        because=ended.because,
        real_time=real_time,
        processor=loaded.processor,
        fell_back=loaded.fell_back,
        summary=ended.summary,
        eye=eye,
        error=ended.error,
    )
