"""The whole line with no hardware: the same Sorter, gates on gpiozero's mock pins, a pretend belt and camera."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from edge.assumed_latency import AssumedLatency
from edge.belt import Belt
from edge.between import NOTHING, Between
from edge.boards import all_gates, board_of
from edge.cameras import Camera
from edge.clocks import Clock, ManualClock, MonotonicClock
from edge.driven_line import World, drive_line
from edge.emulated_belt import Fate, FedPart, fates
from edge.emulated_camera import EmulatedCamera
from edge.emulated_contacts import Contacts, EmulatedFalls
from edge.emulated_eye import WatchedCamera, emulated_eye
from edge.emulated_world import (
    EmulateOptions,
    belts,
    default_machine,
    emulated_belt,
    emulated_copy,
    packaged_bundle,
    part_source,
    without_inputs,
)
from edge.errors import DataError, EdgeSortError
from edge.gate_process import GateProcess
from edge.line import (
    LineModel,
    OnOutcome,
    check_labels,
    estop_spec,
    line_model,
    pin_specs,
)
from edge.line_journal import line_journal
from edge.line_report import LineReport, line_report
from edge.line_summary import LineSummary
from edge.machine import Machine
from edge.measured_latency import measure_latency
from edge.mqtt_process import mqtt_order, telling_broker
from edge.onlooker import LineOpened, OpenOnlooker, nobody_looks
from edge.panel import open_panel
from edge.part_sources import PartSource, PicturedParts
from edge.parts import Frame
from edge.pin_gates import LocalGates
from edge.signature import open_bundle_by
from edge.sorter import Outcome
from edge.watched_gates import WatchedGates


@dataclass(frozen=True)
class EmulatedRun:
    """What came of it."""

    report: LineReport
    gate_error: dict[str, float | None]
    because: str
    skipped: Sequence[str]
    summary: LineSummary
    ended: Sequence[tuple[FedPart, Fate]]
    rows: Sequence[sqlite3.Row]
    eye: dict[str, int] | None = None
    moving: Belt | None = None  # as it really moved
    ended_at: float = 0.0
    error: EdgeSortError | None = None

    def as_dict(self, options: EmulateOptions) -> dict[str, Any]:
        """Return everything under the names that `run --json` uses."""
        return {
            **self.report.as_dict(),
            **self.summary.as_dict(),
            "gate_error_ms": self.gate_error,
            "clock": "manual" if options.fast else "monotonic",
            "seed": options.seed,
            "ended_because": self.because,
            "error": str(self.error) if self.error else None,
            "eye": self.eye,
            "skipped_pictures": list(self.skipped),
        }


def run_emulated(
    options: EmulateOptions,
    watch: Callable[[Machine, Belt], OnOutcome] | None = None,
    tell: Callable[[str], None] = lambda _line: None,
    onlooker: OpenOnlooker = nobody_looks,
    *,
    report_errors: bool = False,
) -> EmulatedRun:
    """Run the emulated line to its end, telling `watch(machine)` of every decision, `tell` what to know before it.

    onlooker: begins to watch the line from outside. report_errors: return an error that ends the sorting, in `error`.
    Raises EdgeSortError's children. No pin of this computer is touched.
    """
    bundle = open_bundle_by(options.bundle or packaged_bundle(), options.require_signed)
    for warning in bundle.warnings:
        tell(f"Warning: {warning}")
    machine = emulated_copy(options.machine) if options.machine else default_machine(options, bundle.labels)
    check_labels(machine, bundle.labels)
    source = part_source(options, bundle.labels)
    _check_source(source, bundle.labels)
    model = line_model(bundle)
    if not options.fast:
        measure_latency(machine, model.scorer, runs=1)  # warms the model up: its first calls are many times slower
    order = mqtt_order(machine, options.journal, tell)
    return emulate_line(
        options,
        machine,
        model,
        source,
        bundle.digest,
        watch,
        tell,
        onlooker=onlooker,
        beside=lambda: telling_broker(order, tell),
        report_errors=report_errors,
    )


def _check_source(source: PartSource, labels: Sequence[str]) -> None:
    if not set(source.labels) & set(labels):
        raise DataError(
            f"--parts: expected pictures of what the bundle knows ({', '.join(labels)}), "
            f"found only {', '.join(source.labels)}; name the folders as the labels, or give the bundle trained on them"
        )


def _unwired(machine: Machine, tell: Callable[[str], None]) -> Machine:
    """Return a machine without its inputs: the gates' pins are in another process, where no hand reaches them."""
    bare = without_inputs(machine)
    if bare != machine:
        tell(
            "[inputs], [stack_light] and confirm eyes are left out: nothing is wired to an emulated line on the real "
            "clock; with --fast its start button presses itself"
        )
    return bare


def emulate_line(
    options: EmulateOptions,
    machine: Machine,
    model: LineModel,
    source: PartSource,
    bundle_sha256: str,
    watch: Callable[[Machine, Belt], OnOutcome] | None = None,
    tell: Callable[[str], None] = lambda _line: None,
    *,
    physical: Machine | None = None,
    between: Between = NOTHING,
    onlooker: OpenOnlooker = nobody_looks,
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
    report_errors: bool = False,
) -> EmulatedRun:
    """Run this machine with this model and these parts; `options` says how many, how fast, on which clock.

    physical: the machine as it really is, where it is another than the line believes. between: what stands between
    this world and the line. beside: what goes on as long as its journal is being written, and may take a while to end.
    report_errors: return an error that ends the sorting, in `error`, with what was sorted; else it is raised.
    """
    clock: Clock = ManualClock() if options.fast else MonotonicClock()
    contacts: Contacts | None = None
    pins = between.pins(clock)
    if isinstance(clock, ManualClock):
        contacts = Contacts(machine, pins, clock)
        slowed = AssumedLatency(model.scorer, clock, options.latency_ms / 1000, options.seed)
        model = replace(model, scorer=slowed)
    else:
        machine = _unwired(machine, tell)
    model = replace(model, scorer=between.scorer(model.scorer, clock))
    moving, belt = belts(options, machine, clock, between)
    on_outcome = watch(machine, belt) if watch else _unwatched
    with (
        ExitStack() as last,
        closing(
            line_journal(
                options.journal,
                machine,
                model.labels,
                bundle_sha256=bundle_sha256,
                clock="manual" if options.fast else "monotonic",
            )
        ) as journal,
        closing(_open_pin_gates(machine, clock, pins)) as pin_gates,
        board_of(machine, clock) as board,
        closing(all_gates(machine, pin_gates, board)) as gates,
        closing(open_panel(machine, lambda: pins)) as panel,
        onlooker(LineOpened(machine, tuple(model.labels), bundle_sha256, belt, clock, journal)) as looking,
    ):
        last.enter_context(beside())
        emulated = emulated_belt(options, physical or machine, moving, source, clock.now())
        falls = EmulatedFalls(emulated, contacts) if contacts and panel.confirm else None
        watched = WatchedGates(gates, emulated, clock, falls)
        eye = emulated_eye(machine, emulated, belt)

        def open_camera() -> Camera:
            camera = EmulatedCamera(emulated, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
            seen = between.camera(camera, clock)
            return WatchedCamera(seen, eye[0], clock) if eye else seen

        world = World(
            camera=open_camera(),
            reopen=open_camera,
            belt=belt,
            gates=between.gates(watched),
            journal=journal,
            clock=clock,
            eye=eye[1] if eye else None,
            panel=panel,
            onlooker=looking,
        )
        if contacts is not None and isinstance(clock, ManualClock):
            between.hands(contacts, clock)
        line = drive_line(machine, model, world, on_outcome, tell)
        if not report_errors:
            line.whole()
        ended, rows = fates(emulated, clock.now()), journal.rows()
        report = line_report(ended, rows, machine.bins)
    skipped = source.skipped if isinstance(source, PicturedParts) else []
    counts = eye[1].counts() if eye else None
    return EmulatedRun(
        report,
        watched.error_ms(),
        line.because,
        skipped,
        line.summary,
        ended,
        rows,
        counts,
        moving=moving,
        ended_at=clock.now(),
        error=line.error,
    )


def _unwatched(_frame: Frame | None, _outcomes: list[Outcome]) -> None:
    """Nobody is watching."""


def _open_pin_gates(machine: Machine, clock: Clock, pins: Any) -> LocalGates | GateProcess:
    if isinstance(clock, ManualClock):
        return LocalGates(pin_specs(machine), clock, pins, estop_spec(machine))
    return GateProcess(pin_specs(machine), "mock")
