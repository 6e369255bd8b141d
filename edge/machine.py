"""machine.toml: one physical sorter, checked before anything moves."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from edge.control_tables import ConfirmTable, InputsTable, LimitsTable, RulesTable, StackLightTable
from edge.drift_tables import DriftTable
from edge.edgetpu import EdgeTpu
from edge.edgetpu_devices import LIBRARY
from edge.errors import MachineError
from edge.finder import FinderSettings
from edge.gate_limits import GateLimits
from edge.machine_checks import check_machine
from edge.mqtt_table import MqttTable
from edge.parts import REJECT_BIN
from edge.problems import key_problem
from edge.tables import NotNegative, Pin, Positive, Table
from edge.tracker import Spacing
from edge.web_table import WebTable

LONGEST_WAIT_S = 2.5  # for a frame; gates that hear nothing for longer than their heartbeat come to rest
ServoPulse = Annotated[float, Field(ge=400, le=2600)]


class BeltTable(Table):
    """[belt] How fast parts ride, and how close behind each other (centre to centre) they are fed, where known.

    kind: "fixed" goes at speed_mm_s all the time; "encoder" counts travel with two channels on pin and pin_b, "pulses"
    with one on pin. mm_per_step: travel from one step to the next, negative where the channels are swapped; a step is a
    full cycle of two channels. on_board: the pins are the board's of [mcu], which counts all four edges of a cycle.
    speed_tolerance: how far the speed of parts in the picture may be from the belt's, as a share.
    """

    kind: Literal["fixed", "encoder", "pulses"] = "fixed"
    speed_mm_s: Positive
    mm_per_step: float | None = Field(default=None, allow_inf_nan=False)
    pin: Pin | None = None
    pin_b: Pin | None = None
    on_board: bool = False
    speed_tolerance: float = Field(default=0.05, gt=0, le=1)
    pitch_mm: Positive | None = None


class CameraTable(Table):
    """[camera] Where frames come from. The belt must run from left to right in the picture: turn it with rotate_deg.

    colour_gains: of red and blue, locked; measured at start where nothing is given. device: of kind "usb". usb_gain and
    white_balance_k: of kind "usb", in its own units and in kelvin. file: of kind "video". folder: of kinds "folder" and
    "recording". A lost camera is started again at most max_restarts times in ten minutes.
    """

    kind: Literal["picamera2", "usb", "video", "recording", "folder", "emulated"]
    width_px: int = Field(ge=64, le=4096)
    height_px: int = Field(ge=64, le=4096)
    mm_per_px: float = Field(gt=0, le=10)
    frame_rate_hz: Positive = 20.0
    exposure_ms: Positive = 1.0
    analogue_gain: Positive = 2.0
    rotate_deg: Literal[0, 90, 180, 270] = 0
    colour_gains: tuple[Positive, Positive] | None = None
    usb_gain: NotNegative | None = None
    white_balance_k: Positive | None = None
    timeout_s: float = Field(default=2.0, gt=0, le=LONGEST_WAIT_S)
    max_restarts: int = Field(default=3, ge=0, le=100)
    device: str = Field(default="/dev/video0", min_length=1)
    file: Path | None = None
    folder: Path | None = None

    @property
    def view_mm(self) -> float:
        """Length of belt in the picture."""
        return self.width_px * self.mm_per_px


class FinderTable(Table):
    """[finder] What finds parts, and how a part differs from the belt. source "eye" or "both" needs a table [eye]."""

    source: Literal["picture", "eye", "both"] = "picture"
    contrast: int = Field(default=30, ge=4, le=200)
    join_mm: Positive = 2.0
    min_part_mm: Positive = 4.0
    crop_margin: float = Field(default=1.15, ge=1.0, le=3.0)


class EyeTable(Table):
    """[eye] A photo-eye whose beam crosses the belt.

    pin: BCM number. active_high: the pin is high while a part breaks the beam. at_mm: of the beam, downstream of the
    middle of the picture, so negative before it. min_gap_mm: what follows closer is the same part. lane_mm: with the
    eye alone, the width of the lane in the middle of the picture that parts ride in; the whole picture by default.
    on_board: the pin is the board's of [mcu].
    """

    pin: Pin
    on_board: bool = False
    active_high: bool = True
    at_mm: float = Field(ge=-10_000, le=0)
    min_gap_mm: NotNegative = 2.0
    lane_mm: Positive | None = None


class DecisionTable(Table):
    """[decision] How many frames vote, and the time from exposure to decision that is allowed for.

    min_sharpness: a crop with a lower blur score (edge.sharpness) has no vote; 0 lets all vote. waisted_parts: true
    where single parts are narrower in the middle, like dumbbells; else a waist is where two parts touch.
    """

    max_votes: int = Field(default=5, ge=1, le=100)
    latency_ms: Positive = 100.0
    guard_mm: Positive = 3.0
    min_sharpness: NotNegative = 0.0
    waisted_parts: bool = False


class ClassifierTable(Table):
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


class GpioTable(Table):
    """[gpio] Which gpiozero pin factory drives the pins. A fallback to another one is an error."""

    pin_factory: Literal["lgpio", "rpigpio", "pigpio", "native", "mock"] = "lgpio"


class GateTable(Table):
    """[[gates]] What moves a part into a bin.

    kind: "output" is switched (solenoid, relay, air valve), "servo" goes between two pulses, rest_us and away_us; "mcu"
    is switched too, by the board of [mcu] on its own clock, and pin is that board's number.
    Several gates may fill one bin: a part goes to the first of them, in the file's order, that can still take it.
    travel_mm: from the middle of the picture, downstream. lag_ms: from pin to the first effect. move_ms: from one
    position to the other. dwell_ms: how long it is wholly away for one part, at belt.speed_mm_s; a part longer than the
    belt's way in that time, less decision.guard_mm on both sides, does not go to this gate. min_off_ms, max_on_ms,
    max_duty: limits nothing can drive it beyond. The pin of an output is low at rest if active_high. confirm: an eye
    that sees what falls past it.
    """

    name: str = Field(min_length=1)
    kind: Literal["output", "servo", "mcu"] = "output"
    pin: Pin
    bin: str = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    travel_mm: Positive
    lag_ms: NotNegative
    move_ms: NotNegative = 0.0
    dwell_ms: Positive
    rest_us: ServoPulse | None = None
    away_us: ServoPulse | None = None
    min_off_ms: NotNegative = 50.0
    max_on_ms: Positive = 2000.0
    max_duty: float = Field(default=0.8, gt=0, le=1)
    active_high: bool = True
    confirm: ConfirmTable | None = None

    @field_validator("name", "bin")
    @classmethod
    def _can_be_shown(cls, value: str) -> str:
        if not value.strip() or not value.isprintable():  # it stands in tables on a terminal, and in the journal
            raise ValueError(f"expected a name that can be shown on one line, found {value!a}")
        return value

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

    @property
    def lead_ms(self) -> float:
        """How long before it must be wholly away its pin has to change."""
        return self.lag_ms + self.move_ms

    @property
    def on_ms(self) -> float:
        """How long its pin is away from rest for one part."""
        return self.move_ms + self.dwell_ms


class McuTable(Table):
    """[mcu] The board that moves gates of kind "mcu". port: of the serial line; "emulated" or "emulated-rp2040"
    where there is none.

    heartbeat_ms: without a sign of life from the sorter for so long, the board brings its gates to rest by itself.
    """

    port: str = Field(min_length=1)
    baud: int = Field(default=115_200, ge=1200, le=4_000_000)
    heartbeat_ms: float = Field(default=3000.0, ge=100, le=60_000)


class JournalTable(Table):
    """[journal] Where the record of every part is kept, and pictures of doubtful ones beside it in `NAME-pictures`.

    pictures_mb: of all pictures together, the oldest make room; 0 keeps none. audit_share: of all parts, drawn for a
    person to say what they truly are.
    """

    path: Path = Path("journal.sqlite")
    pictures_mb: NotNegative = 200.0
    audit_share: float = Field(default=0.01, ge=0, le=1)


class Machine(Table):
    """One physical sorter."""

    belt: BeltTable
    camera: CameraTable
    finder: FinderTable = FinderTable()
    eye: EyeTable | None = None
    decision: DecisionTable = DecisionTable()
    classifier: ClassifierTable = ClassifierTable()
    gpio: GpioTable = GpioTable()
    gates: tuple[GateTable, ...] = Field(min_length=1)
    mcu: McuTable | None = None
    mqtt: MqttTable | None = None
    journal: JournalTable = JournalTable()
    inputs: InputsTable = InputsTable()
    stack_light: StackLightTable = StackLightTable()
    rules: RulesTable = RulesTable()
    limits: LimitsTable = LimitsTable()
    web: WebTable = WebTable()
    drift: DriftTable = DriftTable()

    @property
    def bins(self) -> dict[str, str]:
        """Label -> bin."""
        return {label: gate.bin for gate in self.gates for label in gate.labels}

    @property
    def eye_in_use(self) -> EyeTable | None:
        """The photo-eye, if parts are found with one."""
        return None if self.finder.source == "picture" else self.eye

    @property
    def occupied_ms(self) -> float:
        """How long a gate may be anywhere but at rest for one part: on its way, away, on its way back."""
        return max(gate.dwell_ms for gate in self.gates) + 2 * max(gate.move_ms for gate in self.gates)

    @property
    def spacing(self) -> Spacing:
        """The belt a part needs for itself, given the gate that acts longest."""
        longest_ms = max(gate.dwell_ms for gate in self.gates)
        move_mm = self.belt.speed_mm_s * max(gate.move_ms for gate in self.gates) / 1000
        return Spacing(self.belt.speed_mm_s * longest_ms / 2000, self.decision.guard_mm, move_mm)

    @property
    def jam_mm(self) -> float:
        """The belt that passes at most while a part breaks the beam of the photo-eye."""
        return self.limits.jam_mm or 2 * self.spacing.longest_part_mm

    @property
    def finder_settings(self) -> FinderSettings:
        """The finder's settings at this camera's scale."""
        return FinderSettings(mm_per_px=self.camera.mm_per_px, **self.finder.model_dump(exclude={"source"}))

    def digest(self) -> str:
        """Return the sha256 of everything that describes the machine; where its page listens does not."""
        return hashlib.sha256(self.model_dump_json(exclude={"web"}).encode()).hexdigest()


def read_machine(path: Path) -> Machine:
    """Read and check a machine file. Raises MachineError naming file, key and remedy."""
    machine = parse_machine(path)
    try:
        check_machine(machine)
    except MachineError as error:
        raise MachineError(f"{path}: {error}") from error
    return machine


def parse_machine(path: Path) -> Machine:
    """Read a machine file whose values are each fine by themselves; together they may not work. Raises MachineError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors put a mark at the start
    except FileNotFoundError as error:
        raise MachineError(
            f"{path}: expected a machine file, found none; print one to start from with: edge-sort machine"
        ) from error
    except IsADirectoryError as error:
        raise MachineError(
            f"{path}: expected a machine file, found a folder; name the file, such as machine.toml in it"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MachineError(f"{path}: expected TOML, found: {error}; mend that line") from error
    try:
        # as JSON, because strict there means: no text for a number, no true for a pin, but a list for a tuple
        return Machine.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        raise MachineError(f"{path}: {key_problem(key, first)}") from error
