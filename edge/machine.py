"""machine.toml: one physical sorter, checked before anything moves."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.edgetpu import LIBRARY, EdgeTpu
from edge.errors import MachineError
from edge.finder import FinderSettings
from edge.gate_limits import GateLimits
from edge.parts import REJECT_BIN
from edge.problems import key_problem
from edge.tracker import Spacing

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BeltTable(_Table):
    """[belt] How fast parts ride, and how close behind each other (centre to centre) they are fed, where known."""

    speed_mm_s: Positive
    pitch_mm: Positive | None = None


class CameraTable(_Table):
    """[camera] Where frames come from. The belt must run from left to right in the picture: turn it with rotate_deg."""

    kind: Literal["picamera2", "folder", "emulated"]
    width_px: int = Field(ge=64, le=4096)
    height_px: int = Field(ge=64, le=4096)
    mm_per_px: float = Field(gt=0, le=10)
    frame_rate_hz: Positive = 20.0
    exposure_ms: Positive = 1.0
    analogue_gain: Positive = 2.0
    rotate_deg: Literal[0, 90, 180, 270] = 0
    timeout_s: Positive = 2.0
    folder: Path | None = None

    @property
    def view_mm(self) -> float:
        """Length of belt in the picture."""
        return self.width_px * self.mm_per_px


class FinderTable(_Table):
    """[finder] What finds parts, and how a part differs from the belt. source "eye" or "both" needs a table [eye]."""

    source: Literal["picture", "eye", "both"] = "picture"
    contrast: int = Field(default=30, ge=4, le=200)
    join_mm: Positive = 2.0
    min_part_mm: Positive = 4.0
    crop_margin: float = Field(default=1.15, ge=1.0, le=3.0)


class EyeTable(_Table):
    """[eye] A photo-eye whose beam crosses the belt.

    pin: BCM number. active_high: the pin is high while a part breaks the beam. at_mm: of the beam, downstream of the
    middle of the picture, so negative before it. min_gap_mm: what follows closer is the same part. lane_mm: with the
    eye alone, the width of the lane in the middle of the picture that parts ride in; the whole picture by default.
    """

    pin: int = Field(ge=0, le=27)
    active_high: bool = True
    at_mm: float = Field(ge=-10_000, le=0)
    min_gap_mm: NotNegative = 2.0
    lane_mm: Positive | None = None


class DecisionTable(_Table):
    """[decision] How many frames vote, and the time from exposure to decision that is allowed for.

    min_sharpness: a crop with a lower blur score (edge.sharpness) has no vote; 0 lets all vote. waisted_parts: true
    where single parts are narrower in the middle, like dumbbells; else a waist is where two parts touch.
    """

    max_votes: int = Field(default=5, ge=1, le=100)
    latency_ms: Positive = 100.0
    guard_mm: Positive = 3.0
    min_sharpness: NotNegative = 0.0
    waisted_parts: bool = False


class ClassifierTable(_Table):
    """[classifier] What computes the model. allow_cpu: sort on the CPU when the Edge TPU cannot be used at start.

    device: which Edge TPU, "usb", "pci:1", ...; the first one where nothing is given. library: another libedgetpu.
    """

    accelerator: Literal["cpu", "edgetpu"] = "cpu"
    allow_cpu: bool = False
    device: str | None = Field(default=None, pattern=r"^(usb|pci)?(:\d{1,2})?$", min_length=1)
    library: str = Field(default=LIBRARY, min_length=1)

    @property
    def edgetpu(self) -> EdgeTpu:
        """Where the Edge TPU is."""
        return EdgeTpu(library=self.library, device=self.device)


class GpioTable(_Table):
    """[gpio] Which gpiozero pin factory drives the pins. A fallback to another one is an error."""

    pin_factory: Literal["lgpio", "rpigpio", "pigpio", "native", "mock"] = "lgpio"


class GateTable(_Table):
    """[[gates]] What moves a part into a bin.

    travel_mm: from the middle of the picture, downstream. lag_ms: from pin to effect. dwell_ms: how long it acts on one
    part. min_off_ms, max_on_ms, max_duty: limits nothing can drive it beyond. The pin is low at rest if active_high.
    """

    name: str = Field(min_length=1)
    pin: int = Field(ge=0, le=27)
    bin: str = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    travel_mm: Positive
    lag_ms: NotNegative
    dwell_ms: Positive
    min_off_ms: NotNegative = 50.0
    max_on_ms: Positive = 2000.0
    max_duty: float = Field(default=0.8, gt=0, le=1)
    active_high: bool = True

    @field_validator("bin")
    @classmethod
    def _not_reject(cls, value: str) -> str:
        if value == REJECT_BIN:
            raise ValueError(f"{REJECT_BIN!r} is where parts go when no gate moves; give the bin another name")
        return value

    @property
    def limits(self) -> GateLimits:
        """The limits the gate's driver enforces."""
        return GateLimits(self.min_off_ms, self.max_on_ms, self.max_duty)


class JournalTable(_Table):
    """[journal] Where the record of every part is kept."""

    path: Path = Path("journal.sqlite")


class Machine(_Table):
    """One physical sorter."""

    belt: BeltTable
    camera: CameraTable
    finder: FinderTable = FinderTable()
    eye: EyeTable | None = None
    decision: DecisionTable = DecisionTable()
    classifier: ClassifierTable = ClassifierTable()
    gpio: GpioTable = GpioTable()
    gates: tuple[GateTable, ...] = Field(min_length=1)
    journal: JournalTable = JournalTable()

    @property
    def bins(self) -> dict[str, str]:
        """Label -> bin."""
        return {label: gate.bin for gate in self.gates for label in gate.labels}

    @property
    def spacing(self) -> Spacing:
        """The belt a part needs for itself, given the gate that acts longest."""
        longest_ms = max(gate.dwell_ms for gate in self.gates)
        return Spacing(self.belt.speed_mm_s * longest_ms / 2000, self.decision.guard_mm)

    @property
    def finder_settings(self) -> FinderSettings:
        """The finder's settings at this camera's scale."""
        return FinderSettings(mm_per_px=self.camera.mm_per_px, **self.finder.model_dump(exclude={"source"}))

    def digest(self) -> str:
        """Return the sha256 of everything that describes the machine."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def read_machine(path: Path) -> Machine:
    """Read and check a machine file. Raises MachineError naming file, key and remedy."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors put a mark at the start
    except FileNotFoundError as error:
        raise MachineError(
            f"{path}: expected a machine file, found none; print one to start from with: edge-sort machine"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MachineError(f"{path}: expected TOML, found: {error}; mend that line") from error
    try:
        # as JSON, because strict there means: no text for a number, no true for a pin, but a list for a tuple
        machine = Machine.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise MachineError(f"{path}: {key_problem(key, first)}") from error
    try:
        check_machine(machine)
    except MachineError as error:
        raise MachineError(f"{path}: {error}") from error
    return machine


def check_machine(machine: Machine) -> None:
    """Raise MachineError when the machine, each value fine by itself, cannot work."""
    _check_camera(machine.camera)
    _check_unique(machine)
    _check_eye(machine)
    for index, gate in enumerate(machine.gates):
        _check_reach(machine, index, gate)
    _check_view(machine)
    _check_pitch(machine)


def _check_camera(camera: CameraTable) -> None:
    if camera.kind == "folder" and camera.folder is None:
        raise MachineError(
            "camera.folder: expected the folder of recorded frames for kind 'folder', found none; add it"
        )


def _check_unique(machine: Machine) -> None:
    for key in ("pin", "name", "bin"):
        owners: dict[object, str] = {}
        for index, gate in enumerate(machine.gates):
            value = getattr(gate, key)
            if value in owners:
                raise MachineError(
                    f"gates.{index}.{key}: expected a {key} of its own, found {value!r} also at {owners[value]}; "
                    "change one of them"
                )
            owners[value] = f"gates.{index}.{key}"
    labels = [label for gate in machine.gates for label in gate.labels]
    for label in labels:
        if labels.count(label) > 1:
            raise MachineError(f"gates: expected each label at one gate, found {label!r} at two; delete one")


def _check_eye(machine: Machine) -> None:
    eye, source = machine.eye, machine.finder.source
    if source != "picture" and eye is None:
        raise MachineError(
            f"finder.source: {source!r} needs a photo-eye, found no table [eye]; add one, or use 'picture'"
        )
    if eye is None:
        return
    for index, gate in enumerate(machine.gates):
        if gate.pin == eye.pin:
            raise MachineError(
                f"eye.pin: expected a pin of its own, found {eye.pin} also at gates.{index}.pin; change one"
            )
    edge_mm = -machine.camera.view_mm / 2
    if source == "eye" and eye.at_mm > edge_mm:
        raise MachineError(
            f"eye.at_mm: expected {edge_mm:.0f} at most for finder.source 'eye', because the belt before the eye must "
            f"not be in the picture, found {eye.at_mm:g}; move the eye upstream, or use 'both'"
        )


def _check_reach(machine: Machine, index: int, gate: GateTable) -> None:
    lead_ms = machine.decision.latency_ms + gate.lag_ms + gate.dwell_ms / 2
    least_mm = machine.belt.speed_mm_s * lead_ms / 1000
    if gate.travel_mm < least_mm:
        raise MachineError(
            f"gates.{index}.travel_mm: expected at least {least_mm:.0f} mm, because the belt moves that far in the "
            f"{lead_ms:.0f} ms of decision.latency_ms + lag_ms + dwell_ms / 2, found {gate.travel_mm:g}; "
            "move the gate downstream, slow belt.speed_mm_s, or shorten one of these times"
        )
    if gate.dwell_ms > gate.max_on_ms:
        raise MachineError(
            f"gates.{index}.max_on_ms: expected at least its dwell_ms ({gate.dwell_ms:g}), "
            f"found {gate.max_on_ms:g}; raise it"
        )


def _check_view(machine: Machine) -> None:
    """A part must be seen whole, with its free belt behind it, by the middle of the picture."""
    spacing, camera = machine.spacing, machine.camera
    if spacing.longest_part_mm < machine.finder.min_part_mm:
        raise MachineError(
            f"gates: expected a dwell_ms that covers a part, found at most {2 * spacing.half_window_mm:.1f} mm of belt "
            f"less twice decision.guard_mm ({spacing.guard_mm:g}); raise dwell_ms"
        )
    least_mm = 2 * (spacing.half_window_mm + spacing.guard_mm)
    per_frame_mm = machine.belt.speed_mm_s / camera.frame_rate_hz
    if camera.view_mm < least_mm + 2 * per_frame_mm:
        raise MachineError(
            f"camera.width_px: expected a view of at least {least_mm + 2 * per_frame_mm:.0f} mm along the belt "
            f"({least_mm:.0f} for the gates' window, two frames of {per_frame_mm:.0f}), found {camera.view_mm:.0f}; "
            "raise the camera, raise camera.frame_rate_hz, or shorten dwell_ms"
        )


def _check_pitch(machine: Machine) -> None:
    pitch_mm = machine.belt.pitch_mm
    least_mm = machine.spacing.half_window_mm + machine.finder.min_part_mm / 2 + machine.spacing.guard_mm
    if pitch_mm is not None and pitch_mm < least_mm:
        raise MachineError(
            f"belt.pitch_mm: expected at least {least_mm:.0f} mm between parts (a gate's window reaches so far), "
            f"found {pitch_mm:g}; feed parts further apart or shorten dwell_ms"
        )
