"""Put a sorter together from a machine and a bundle, and run it until it ends, whatever ends it."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from edge.belt import Belt
from edge.bundle import Bundle
from edge.cameras import Camera, FolderCamera
from edge.clocks import Clock
from edge.decide import Decider
from edge.errors import MachineError
from edge.finder import Finder
from edge.gates import Gates, GateSpec
from edge.journal import Journal
from edge.machine import Machine
from edge.parts import Frame
from edge.photo_eye import EyedFinder, EyeFinder, EyeSettings, PartFinder, PhotoEye
from edge.processor import LoadedModel, load_model
from edge.sensors import Sensor
from edge.sorter import GatePlace, Outcome, Scorer, Sorter, SorterSettings
from edge.tracker import Tracker

OnOutcome = Callable[[Frame | None, list[Outcome]], None]
"""Told after every frame what was decided in it; the frame is None after the last one."""


class Stopped(BaseException):
    """SIGTERM has come: unwind as for Ctrl-C, so that every gate comes to rest."""


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


def open_camera(machine: Machine, clock: Clock) -> Camera:
    """Open the camera the machine names. Raises CameraError."""
    camera = machine.camera
    if camera.kind == "folder":
        assert camera.folder is not None, "read_machine checks this"
        size = (camera.width_px, camera.height_px)
        return FolderCamera(camera.folder, frame_rate_hz=camera.frame_rate_hz, size=size, clock=clock)
    # by name, so that picamera2 is looked for only where it is asked for
    opened: Camera = importlib.import_module("edge.camera_picamera2").Picamera2Camera(camera)
    return opened


def gate_specs(machine: Machine) -> list[GateSpec]:
    """Return what the gates' driver must know of each gate."""
    return [GateSpec(gate.name, gate.pin, gate.active_high, gate.limits) for gate in machine.gates]


def check_labels(machine: Machine, labels: Sequence[str]) -> None:
    """Raise MachineError when a gate waits for a label that the bundle cannot give."""
    for index, gate in enumerate(machine.gates):
        for label in gate.labels:
            if label not in labels:
                raise MachineError(
                    f"gates.{index}.labels: expected labels of the bundle ({', '.join(labels)}), found {label!r}; "
                    "correct it, or run the bundle this machine was made for"
                )


def build_sorter(
    machine: Machine,
    model: LineModel,
    *,
    belt: Belt,
    gates: Gates,
    journal: Journal,
    clock: Clock,
    eye: PhotoEye | None = None,
) -> Sorter:
    """Put the stages together, the eye too where the machine has one. Raises MachineError when they do not fit."""
    check_labels(machine, model.labels)
    spacing = machine.spacing
    places = {
        gate.bin: GatePlace(gate.name, gate.travel_mm, gate.lag_ms / 1000, gate.dwell_ms / 1000)
        for gate in machine.gates
    }
    return Sorter(
        finder=_part_finder(machine, belt, eye),
        tracker=Tracker(belt, spacing, machine.camera.view_mm),
        scorer=model.scorer,
        decider=Decider(
            model.labels,
            model.thresholds,
            machine.bins,
            spacing,
            model.min_known_score,
            machine.decision.waisted_parts,
        ),
        belt=belt,
        places=places,
        gates=gates,
        journal=journal,
        clock=clock,
        settings=SorterSettings(
            max_votes=machine.decision.max_votes,
            frame_interval_s=1 / machine.camera.frame_rate_hz,
            latency_s=machine.decision.latency_ms / 1000,
            min_sharpness=machine.decision.min_sharpness,
        ),
    )


def photo_eye(machine: Machine, belt: Belt, sensor: Sensor) -> PhotoEye:
    """Put a machine's eye on its sensor."""
    assert machine.eye is not None, "read_machine checks this"
    camera, eye = machine.camera, machine.eye
    settings = EyeSettings(
        at_mm=eye.at_mm,
        min_gap_mm=eye.min_gap_mm,
        view_mm=camera.view_mm,
        mm_per_px=camera.mm_per_px,
        crop_mm=eye.lane_mm or camera.height_px * camera.mm_per_px,
        spare_mm=machine.decision.guard_mm,
    )
    return PhotoEye(sensor, belt, settings)


def _part_finder(machine: Machine, belt: Belt, eye: PhotoEye | None) -> PartFinder:
    if machine.finder.source == "picture":
        return Finder(machine.finder_settings)
    assert eye is not None, "whoever builds the sorter of a machine with an eye opens its sensor"
    return (
        EyeFinder(eye, belt)
        if machine.finder.source == "eye"
        else EyedFinder(Finder(machine.finder_settings), eye, belt)
    )


def run_line(
    sorter: Sorter,
    camera: Camera,
    gates: Gates,
    journal: Journal,
    on_outcome: OnOutcome,
) -> str:
    """Sort until the camera ends, Ctrl-C, SIGTERM or an error. Returns why it ended.

    However it ends, the gates are at rest before this returns or raises. Raises CameraError, GateError, JournalError.
    """
    because = "error"
    with sigterm_raises():
        try:
            for frame in camera.frames():
                on_outcome(frame, sorter.step(frame))
            on_outcome(None, sorter.finish())
            because = "no more frames"
        except KeyboardInterrupt:
            because = "interrupted"
        except Stopped:
            because = "terminated"
        finally:
            try:
                gates.rest()
                sorter.note_moves()
            finally:
                journal.ended(because)
    return because


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Within the block SIGTERM raises Stopped in the main thread."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
