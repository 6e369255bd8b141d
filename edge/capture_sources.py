"""Where the pictures of `edge-sort capture` come from: the machine, an emulated one, or a recording."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from edge.belt import Belt, FixedSpeedBelt
from edge.belts import open_belt
from edge.boards import board_of
from edge.camera_kinds import Tell, open_camera
from edge.camera_tables import CameraTable, EyeTable
from edge.cameras import Camera
from edge.capture_triggers import Keys, PassingParts, PressedKey, Trigger
from edge.clocks import Clock, ManualClock, MonotonicClock
from edge.emulated_camera import EmulatedCamera
from edge.emulated_eye import WatchedCamera, emulated_eye
from edge.emulated_world import EmulateOptions, belts, default_machine, emulated_belt, emulated_copy
from edge.errors import DataError, MachineError
from edge.finder import Finder
from edge.line import part_finder
from edge.machine import Machine
from edge.part_sources import PartSource, PicturedParts, RenderedParts
from edge.photo_eye import PhotoEye
from edge.pins import open_pin_factory
from edge.recording import Recording
from edge.render import PART_LABELS
from edge.run_machine import open_eye
from edge.tracker import Tracker

TriggerKind = Literal["finder", "sensor", "key"]
_PRETEND_EYE = EyeTable(pin=7, at_mm=-40.0)


@dataclass(frozen=True)
class CaptureView:
    """What is photographed, and when. machine: as it is used; table: its camera, with what was measured at start."""

    machine: Machine
    table: CameraTable
    camera: Camera
    trigger: Trigger
    source: str


@dataclass(frozen=True)
class TriggerChoice:
    """kind: what takes a picture. whole_frame: the key takes the frame as it is. keys: where Enter is read from."""

    kind: TriggerKind
    whole_frame: bool = False
    keys: int = 0

    def __post_init__(self) -> None:
        if self.whole_frame and self.kind != "key":
            raise DataError(
                f"--whole-frame: expected --trigger key, found {self.kind!r}, which takes a part's crop; "
                "leave one of them out"
            )

    def machine(self, machine: Machine) -> Machine:
        """Return the machine as this trigger uses it. Raises MachineError when it has no photo-eye to trigger by."""
        if self.kind != "sensor" or machine.finder.source != "picture":
            return machine
        if machine.eye is None:
            raise MachineError(
                "--trigger sensor: expected a photo-eye, found no table [eye] in the machine file; "
                "describe it there, or use --trigger finder"
            )
        return machine.model_copy(update={"finder": machine.finder.model_copy(update={"source": "both"})})

    def on(self, machine: Machine, belt: Belt, eye: PhotoEye | None) -> Trigger:
        """Return the trigger."""
        finder, scale = Finder(machine.finder_settings), machine.camera.mm_per_px
        if self.kind == "key":
            return PressedKey(Keys(self.keys), None if self.whole_frame else finder, scale)
        return PassingParts(
            part_finder(machine, belt, eye, finder),
            Tracker(belt, machine.spacing, machine.camera.view_mm),
            frame_interval_s=1 / machine.camera.frame_rate_hz,
            mm_per_px=scale,
            ready=lambda: finder.ready or machine.finder.source == "eye",
        )


@contextmanager
def machine_view(machine: Machine, choice: TriggerChoice, tell: Tell) -> Iterator[CaptureView]:
    """Open the machine's camera, and what else the trigger needs; no gate. Raises CameraError, GateError."""
    if machine.camera.kind == "emulated":
        raise MachineError("camera.kind: 'emulated' sees no real part; use another kind, or capture with --emulate")
    used = choice.machine(machine)
    passing = choice.kind != "key"
    eyed = passing and used.eye_in_use is not None
    asks_board = passing and (used.belt.on_board or (eyed and used.eye is not None and used.eye.on_board))
    clock = MonotonicClock()
    with (
        closing(open_camera(used, clock, tell)) as camera,
        board_of(used, clock) if asks_board else nullcontext() as board,
        closing(
            open_belt(used.belt, clock, lambda: open_pin_factory(used.gpio.pin_factory), board)
            if passing
            else FixedSpeedBelt(used.belt.speed_mm_s)
        ) as belt,
        open_eye(used, belt, board) if eyed else nullcontext() as eye,
    ):
        table: CameraTable = getattr(camera, "settings", used.camera)
        yield CaptureView(used, table, camera, choice.on(used, belt, eye), used.camera.kind)


@contextmanager
def emulated_view(options: EmulateOptions, label: str, choice: TriggerChoice) -> Iterator[CaptureView]:
    """Lay parts of one class on a pretend belt. By key it goes at real speed, else as fast as can be computed."""
    clock: Clock = MonotonicClock() if choice.kind == "key" else ManualClock()
    options = replace(options, fast=choice.kind != "key")
    machine = emulated_copy(options.machine) if options.machine else default_machine(options, PART_LABELS)
    if choice.kind == "sensor" and options.machine is None:
        machine = machine.model_copy(update={"eye": _PRETEND_EYE})
    machine = choice.machine(machine)
    moving, belt = belts(options, machine, clock)
    emulated = emulated_belt(options, machine, moving, _parts_of(options, label), clock.now())
    camera: Camera = EmulatedCamera(emulated, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
    eye = None if choice.kind == "key" else emulated_eye(machine, emulated, belt)
    if eye is not None:
        camera = WatchedCamera(camera, eye[0], clock)
    with closing(camera):
        trigger = choice.on(machine, belt, eye[1] if eye else None)
        yield CaptureView(machine, machine.camera, camera, trigger, "emulated")


@contextmanager
def recorded_view(machine: Machine, recording: Path, choice: TriggerChoice, tell: Tell) -> Iterator[CaptureView]:
    """Take the parts of a recording, as fast as can be computed. Raises CameraError, and MachineError."""
    if choice.kind != "finder":
        raise MachineError(
            f"--trigger: expected 'finder' for a recording, which holds neither keys nor a photo-eye, "
            f"found {choice.kind!r}; leave --trigger out"
        )
    table = machine.camera.model_copy(update={"kind": "recording", "folder": recording})
    finder = machine.finder.model_copy(update={"source": "picture"})
    replayed = machine.model_copy(update={"camera": table, "finder": finder})
    clock = ManualClock(Recording(recording).frames[0].had_at_s)
    if machine.belt.kind != "fixed":
        tell(f"the encoder is not in the recording: the belt is taken to go at {machine.belt.speed_mm_s:g} mm/s")
    with closing(open_camera(replayed, clock, tell)) as camera:
        belt = FixedSpeedBelt(machine.belt.speed_mm_s)
        yield CaptureView(replayed, table, camera, choice.on(replayed, belt, None), f"recording {recording.name}")


def standard_input() -> int:
    """Return the descriptor that Enter is read from. Raises DataError when there is none."""
    try:
        os.fstat(0)
    except OSError as error:
        raise DataError(
            "--trigger key: expected a keyboard, found the standard input closed; run it in a terminal, or use "
            "--trigger finder"
        ) from error
    return 0


def _parts_of(options: EmulateOptions, label: str) -> PartSource:
    if options.parts is None:
        if label not in PART_LABELS:
            raise DataError(
                f"--label: expected a rendered part ({', '.join(PART_LABELS)}), found {label!r}; "
                "give pictures of your own to lay on the belt with --parts"
            )
        return RenderedParts((label,))
    import numpy as np

    source = PicturedParts(options.parts, options.part_mm, np.random.default_rng([options.seed, 3]))
    if label not in source.labels:
        raise DataError(
            f"{options.parts}: expected a folder {label!r}, found {', '.join(source.labels)}; correct --label"
        )
    source.labels = (label,)
    return source
