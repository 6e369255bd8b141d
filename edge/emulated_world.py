"""What is emulated: the machine, its belt as it moves and as the line knows it, and the parts on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from edge import budget
from edge.background import LEARN_FRAMES
from edge.belt import Belt, FixedSpeedBelt
from edge.belt_motion import BeltMotion, EmulatedSteps
from edge.belts import encoder_belt
from edge.between import NOTHING, Between
from edge.camera_tables import CameraTable, FinderTable
from edge.clocks import Clock
from edge.control_tables import InputsTable, StackLightTable
from edge.emulated_belt import EmulatedBelt, Feeder, first_mark
from edge.errors import MachineError
from edge.gate_tables import GateTable, GpioTable
from edge.machine import BeltTable, ClassifierTable, Machine
from edge.machine_checks import check_machine
from edge.part_sources import PartSource, PicturedParts, RenderedParts
from edge.parts import REJECT_BIN
from edge.signature import open_bundle_by

WINDOW_MM = 56.0  # of belt that an emulated gate acts on: the longest rendered part is 43 mm long
FIRST_GATE_MM, GATE_PITCH_MM = 260.0, 70.0
REAL_SPARE_S = 2.0  # in which a busy computer, too, sees its belt empty often enough


@dataclass(frozen=True)
class EmulateOptions:
    """What to emulate. None for bundle is the packaged one; None for parts renders them; None for count has no end.

    require_signed: the public key that must have signed the bundle; None for any bundle.
    latency_ms: the median of the assumed time one classification takes when `fast`; with the real clock it is real.
    unsteady: the belt stops, goes on and changes its speed. belt_error: it is so much faster than configured.
    """

    bundle: Path | None = None
    require_signed: Path | None = None
    machine: Machine | None = None
    parts: Path | None = None
    part_mm: float = 35.0
    speed_mm_s: float = 150.0
    rate_per_min: float = 60.0
    count: int | None = 60
    seed: int = 0
    fast: bool = False
    latency_ms: float = 15.0
    unsteady: bool = False
    belt_error: float = 0.0
    journal: Path | None = None


def packaged_bundle() -> Path:
    """Return the folder of the bundle of rendered parts that comes with the package."""
    return Path(str(files("edge"))) / "data" / "bundle"


def emulated_machine(labels: Sequence[str], *, speed_mm_s: float, tiles: bool) -> Machine:
    """Describe a machine with a gate for every label. Raises MachineError when it cannot work at this speed."""
    pins = (4, 17, 18, 27, 22, 23, 24, 25, 5, 6, 12, 13, 16, 19, 20, 21, 26)
    if len(labels) > len(pins):
        raise MachineError(
            f"expected at most {len(pins)} labels for the emulated machine, found {len(labels)}; "
            "write a machine file that puts several labels into one bin, and give it with --machine"
        )
    dwell_ms = WINDOW_MM / speed_mm_s * 1000
    gates = tuple(
        GateTable(
            name=label,
            pin=pins[index],
            bin=label,
            labels=(label,),
            travel_mm=max(FIRST_GATE_MM, 0.5 * speed_mm_s) + index * GATE_PITCH_MM,
            lag_ms=20,
            dwell_ms=dwell_ms,
            max_on_ms=max(2000.0, 4 * dwell_ms),
        )
        for index, label in enumerate(label for label in labels if label != REJECT_BIN)
    )
    machine = Machine(
        belt=BeltTable(speed_mm_s=speed_mm_s),
        camera=CameraTable(
            kind="emulated", width_px=480, height_px=320, mm_per_px=0.33, frame_rate_hz=max(10.0, speed_mm_s / 15)
        ),
        # a photograph on the belt is its own crop: the margin round the part is already in it
        finder=FinderTable(crop_margin=1.0 if tiles else 1.15),
        gpio=GpioTable(pin_factory="mock"),
        gates=gates,
    )
    check_machine(machine)
    return machine


def emulated_copy(machine: Machine) -> Machine:
    """Return the same machine with a pretend camera, pins and board, classifying on this computer's CPU."""
    camera = machine.camera.model_copy(update={"kind": "emulated"})
    board = machine.mcu
    if board is not None and not board.port.startswith("emulated"):
        board = board.model_copy(update={"port": "emulated"})
    belt = machine.belt.model_copy(update={"on_board": False})  # what passes them is pretended on this computer
    eye = machine.eye.model_copy(update={"on_board": False}) if machine.eye else None
    pretend = {
        "belt": belt,
        "eye": eye,
        "camera": camera,
        "gpio": GpioTable(pin_factory="mock"),
        "classifier": ClassifierTable(),
        "mcu": board,
    }
    return machine.model_copy(update=pretend)


def without_inputs(machine: Machine) -> Machine:
    """Return the same machine with nothing that somebody would have to press, and no lamps."""
    gates = tuple(gate.model_copy(update={"confirm": None}) for gate in machine.gates)
    return machine.model_copy(update={"inputs": InputsTable(), "stack_light": StackLightTable(), "gates": gates})


def default_machine(options: EmulateOptions, labels: Sequence[str]) -> Machine:
    machine = emulated_machine(labels, speed_mm_s=options.speed_mm_s, tiles=options.parts is not None)
    if options.unsteady:
        counted = BeltTable(kind="encoder", speed_mm_s=options.speed_mm_s, mm_per_step=0.5, pin=9, pin_b=10)
        machine = machine.model_copy(update={"belt": counted})
    _check_rate(machine, options.rate_per_min)
    return machine


def _check_rate(machine: Machine, rate_per_min: float) -> None:
    """Raise MachineError when parts fed so densely could not be sorted one by one."""
    speed_mm_s = machine.belt.speed_mm_s
    least_mm = budget.least_pitch_mm(
        speed_mm_s, machine.occupied_ms, machine.decision.guard_mm, machine.finder.min_part_mm
    )
    largest = budget.rate_per_min(speed_mm_s, least_mm)
    if rate_per_min > largest:
        raise MachineError(
            f"--rate: expected at most {math.floor(largest)} parts a minute at --speed {speed_mm_s:g}, so that "
            f"{least_mm:.0f} mm are between them (a gate's window reaches so far), found {rate_per_min:g}; lower it, "
            "or raise --speed"
        )


def part_source(options: EmulateOptions, labels: Sequence[str]) -> PartSource:
    if options.parts is None:
        return RenderedParts(labels)
    return PicturedParts(options.parts, options.part_mm, np.random.default_rng([options.seed, 3]))


def belts(
    options: EmulateOptions, machine: Machine, clock: Clock, between: Between = NOTHING
) -> tuple[BeltMotion, Belt]:
    """Return the belt as it really moves, and as the line knows it."""
    if options.unsteady and machine.belt.kind == "fixed":
        raise MachineError(
            "belt.kind: expected an encoder for a belt that is not steady, found 'fixed'; "
            "give the belt one in the machine file, or leave --unsteady out"
        )
    now, usual_mm_s = clock.now(), machine.belt.speed_mm_s
    motion = BeltMotion(
        usual_mm_s * (1 + options.belt_error),
        start=now,
        place_mm=usual_mm_s * now,
        seed=options.seed,
        steady=not options.unsteady,
    )
    return motion, known_belt(machine, motion, clock, between)


def known_belt(machine: Machine, moving: BeltMotion, clock: Clock, between: Between = NOTHING) -> Belt:
    """Return a moving belt as a line that starts now knows it."""
    if machine.belt.kind == "fixed" or machine.belt.mm_per_step is None:
        return FixedSpeedBelt(machine.belt.speed_mm_s)
    origin_mm = moving.travelled_mm(clock.now())
    steps = EmulatedSteps(moving, clock, abs(machine.belt.mm_per_step), origin_mm=origin_mm)
    belt = machine.belt.model_copy(update={"mm_per_step": abs(machine.belt.mm_per_step)})
    return encoder_belt(belt, between.steps(steps, clock), clock, origin_mm)


def emulated_belt(
    options: EmulateOptions, machine: Machine, belt: BeltMotion, source: PartSource, now: float
) -> EmulatedBelt:
    """Return the pretend belt with what rides on it."""
    spare_s = 0.0 if options.fast else REAL_SPARE_S
    first_mm = first_mark(learnt_at(machine, now) + spare_s, machine, belt)
    feeder = Feeder(
        source, machine=machine, rate_per_min=options.rate_per_min, first_mark_mm=first_mm, seed=options.seed
    )
    tiles = options.parts is not None
    return EmulatedBelt(machine, belt, feeder, count=options.count, seed=options.seed, tiles=tiles)


def learnt_at(machine: Machine, now: float) -> float:
    """Return when a line that starts now knows its empty belt."""
    return now + (LEARN_FRAMES + 2) / machine.camera.frame_rate_hz


def emulated_line(options: EmulateOptions, clock: Clock) -> tuple[Machine, EmulatedBelt]:
    """Describe the default emulated machine and put its parts on the belt. Raises EdgeSortError's children."""
    labels = open_bundle_by(options.bundle or packaged_bundle(), options.require_signed).labels
    machine = emulated_copy(options.machine) if options.machine else default_machine(options, labels)
    moving, _known = belts(options, machine, clock)
    return machine, emulated_belt(options, machine, moving, part_source(options, labels), clock.now())
