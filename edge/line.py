"""Put a sorter together from a machine and a bundle, and run it until it ends, whatever ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.belt import Belt
from edge.bundle import Bundle
from edge.camera_tables import EyeTable
from edge.cameras import Camera
from edge.clocks import Clock
from edge.decide import Decider
from edge.end_signals import Stopped, ended_by_signals
from edge.errors import MachineError
from edge.estop import EstopSpec
from edge.finder import Finder
from edge.gate_drivers import PinSpec
from edge.gates import Gates, GateSpec
from edge.incidents import Incident, Incidents
from edge.journal import Journal
from edge.machine import Machine
from edge.overseer import Overseer
from edge.parts import Frame
from edge.photo_eye import EyedFinder, EyeFinder, EyeSettings, PartFinder, PhotoEye
from edge.processor import LoadedModel, load_model
from edge.remembered_sizes import remembered_sizes
from edge.schedule import Schedule
from edge.sensors import Sensor
from edge.sorter import Outcome, Scorer, Sorter, SorterSettings
from edge.tracker import Spacing, Tracker
from edge.transit import GatePlace
from edge.visual_speed import VisualSpeed

BOARD = "mcu"  # the kind of gate that a board moves
OnOutcome = Callable[[Frame | None, list[Outcome]], None]
"""Told after every frame what was decided in it; the frame is None after the last one."""


@dataclass(frozen=True)
class LineModel:
    """What the line must know of a bundle. thresholds: label -> lowest score; min_known_score: lowest of any part."""

    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    scorer: Scorer
    min_known_score: float = 0.0


def line_model(bundle: Bundle, loaded: LoadedModel | None = None) -> LineModel:
    """Put a bundle's model on the line, on the CPU if it is not loaded yet. Raises what load_model raises."""
    thresholds = {label: threshold.min_score for label, threshold in bundle.facts.thresholds.items()}
    classifier = (loaded or load_model(bundle)).classifier
    return LineModel(bundle.labels, thresholds, classifier, bundle.facts.unknown.min_score)


def gate_specs(machine: Machine) -> list[GateSpec]:
    """Return what the gates' driver must know of each gate."""
    late_ms = machine.decision.guard_mm / machine.belt.speed_mm_s * 1000
    return [
        GateSpec(
            gate.name,
            PinSpec(gate.pin, gate.kind, gate.active_high, gate.rest_us or 0.0, gate.away_us or 0.0),
            replace(gate.limits, late_ms=late_ms),
            gate.move_ms / 1000,
        )
        for gate in machine.gates
    ]


def pin_specs(machine: Machine) -> list[GateSpec]:
    """Return the gates that pins of this computer move."""
    return [spec for spec in gate_specs(machine) if spec.pins.kind != BOARD]


def board_specs(machine: Machine) -> list[GateSpec]:
    """Return the gates that a board moves."""
    return [spec for spec in gate_specs(machine) if spec.pins.kind == BOARD]


def estop_spec(machine: Machine) -> EstopSpec | None:
    """Return what the gates' driver must know of the e-stop, if there is one."""
    table = machine.inputs.estop
    return None if table is None else EstopSpec(table.pin, table.closed_high)


def check_labels(machine: Machine, labels: Sequence[str]) -> None:
    """Raise MachineError when a gate waits for a label that the bundle cannot give."""
    for index, gate in enumerate(machine.gates):
        for label in gate.labels:
            if label not in labels:
                raise MachineError(
                    f"gates.{index}.labels: expected labels of the bundle ({', '.join(labels)}), found {label!r}; "
                    "correct it, or run the bundle this machine was made for"
                )


def gate_places(machine: Machine) -> dict[str, list[GatePlace]]:
    """Return the gates that each label's parts may go to, in the machine file's order."""
    places: dict[str, list[GatePlace]] = {}
    for gate in machine.gates:
        half_mm = machine.belt.speed_mm_s * gate.dwell_ms / 2000
        longest_mm = Spacing(half_mm, machine.decision.guard_mm).longest_part_mm
        place = GatePlace(gate.name, gate.travel_mm, gate.lag_ms / 1000, half_mm, gate.move_ms / 1000, longest_mm)
        for label in gate.labels:
            places.setdefault(label, []).append(place)
    return places


def build_schedule(machine: Machine, gates: Gates, belt: Belt, clock: Clock, incidents: Incidents) -> Schedule:
    """Return what tells this machine's gates when to move."""
    return Schedule(gates, belt, clock, incidents, tolerance_mm=machine.decision.guard_mm)


def build_sorter(
    machine: Machine,
    model: LineModel,
    *,
    belt: Belt,
    gates: Gates,
    journal: Journal,
    clock: Clock,
    schedule: Schedule | None = None,
    incidents: Incidents | None = None,
    on_incident: Callable[[Incident], None] = lambda _incident: None,
    eye: PhotoEye | None = None,
    overseer: Overseer | None = None,
) -> Sorter:
    """Put the stages together, the eye too where the machine has one. Raises MachineError when they do not fit."""
    check_labels(machine, model.labels)
    incidents = incidents or Incidents()
    spacing, places = machine.spacing, gate_places(machine)
    return Sorter(
        finder=part_finder(machine, belt, eye),
        tracker=Tracker(belt, spacing, machine.camera.view_mm),
        scorer=model.scorer,
        decider=Decider(
            model.labels,
            model.thresholds,
            machine.bins,
            spacing,
            model.min_known_score,
            machine.decision.waisted_parts,
            {label: max(place.longest_mm for place in those) for label, those in places.items()},
            remembered_sizes(journal),
        ),
        belt=belt,
        places=places,
        schedule=schedule or build_schedule(machine, gates, belt, clock, incidents),
        journal=journal,
        clock=clock,
        settings=SorterSettings(
            max_votes=machine.decision.max_votes,
            frame_interval_s=1 / machine.camera.frame_rate_hz,
            latency_s=machine.decision.latency_ms / 1000,
            min_sharpness=machine.decision.min_sharpness,
        ),
        visual=VisualSpeed(belt, incidents, tolerance=machine.belt.speed_tolerance),
        incidents=incidents,
        on_incident=on_incident,
        overseer=overseer,
    )


def photo_eye(machine: Machine, eye: EyeTable, belt: Belt, sensor: Sensor) -> PhotoEye:
    """Put a machine's eye on its sensor."""
    camera = machine.camera
    settings = EyeSettings(
        at_mm=eye.at_mm,
        min_gap_mm=eye.min_gap_mm,
        view_mm=camera.view_mm,
        mm_per_px=camera.mm_per_px,
        crop_mm=eye.lane_mm or camera.height_px * camera.mm_per_px,
        spare_mm=machine.decision.guard_mm,
    )
    return PhotoEye(sensor, belt, settings)


def part_finder(machine: Machine, belt: Belt, eye: PhotoEye | None, picture: Finder | None = None) -> PartFinder:
    """Return what finds parts on this machine. picture: what looks at pictures; a new one where none is given."""
    picture = picture or Finder(machine.finder_settings)
    if machine.finder.source == "picture":
        return picture
    assert eye is not None, "whoever finds parts on a machine with an eye opens its sensor"
    return EyeFinder(eye, belt) if machine.finder.source == "eye" else EyedFinder(picture, eye, belt)


def run_line(
    sorter: Sorter,
    camera: Camera,
    gates: Gates,
    journal: Journal,
    on_outcome: OnOutcome,
) -> str:
    """Sort until the camera ends, Ctrl-C, SIGTERM, SIGHUP or an error. Returns why it ended.

    However it ends, the gates are at rest and the record is ended before this returns or raises, whatever signals come
    meanwhile. Raises CameraError, GateError, JournalError.
    """
    because = "error"
    with ended_by_signals() as signals:
        try:
            try:
                signals.begin()
                for frame in camera.frames():
                    on_outcome(frame, sorter.step(frame))
                    signals.heed()
                on_outcome(None, sorter.finish())
                because = "no more frames"
            finally:
                signals.unwinding = True
        except KeyboardInterrupt:
            because = "interrupted"
        except Stopped:
            because = "terminated"
        finally:
            try:
                _rest_and_note(gates, sorter)
            finally:
                journal.ended(because, sorter.now())
                signals.held = False
    return because


def _rest_and_note(gates: Gates, sorter: Sorter) -> None:
    """Bring the gates to rest, and write down their last moves, also of gates that have gone, and what was learned.

    A part whose gate has not moved yet rides to reject, and its row says so.
    """
    try:
        gates.rest()
    finally:
        sorter.give_up()
        sorter.note_moves()
        sorter.keep_sizes()
