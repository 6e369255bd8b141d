"""machine.toml: one physical sorter, checked before anything moves."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from edge.camera_tables import CameraTable, EyeTable, FinderTable
from edge.control_tables import InputsTable, LimitsTable, RulesTable, StackLightTable
from edge.drift_tables import DriftTable
from edge.edgetpu import EdgeTpu
from edge.edgetpu_devices import LIBRARY
from edge.errors import MachineError
from edge.finder import FinderSettings
from edge.gate_tables import GateTable, GpioTable, McuTable
from edge.machine_checks import check_machine
from edge.mqtt_table import MqttTable
from edge.problems import key_problem, most_telling
from edge.tables import NotNegative, PinOfEither, Positive, Table
from edge.tracker import Spacing
from edge.web_table import WebTable


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
    pin: PinOfEither | None = None
    pin_b: PinOfEither | None = None
    on_board: bool = False
    speed_tolerance: float = Field(default=0.05, gt=0, le=1)
    pitch_mm: Positive | None = None


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


def read_machine(path: Path, *, board_alone: bool = False) -> Machine:
    """Read and check a machine file. Raises MachineError naming file, key and remedy.

    board_alone: it is for a board that sorts by itself, and every pin is that board's.
    """
    machine = parse_machine(path)
    try:
        check_machine(machine, board_alone=board_alone)
    except MachineError as error:
        raise MachineError(f"{path}: {error}") from error
    return machine


def parse_machine(path: Path) -> Machine:
    """Read a machine file whose values are each fine by themselves; together they may not work. Raises MachineError."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise MachineError(f"{path}: expected a machine file, found a pipe or a device; name the file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors put a mark at the start
        # as JSON, because strict there means: no text for a number, no true for a pin, but a list for a tuple
        given = json.dumps(raw, default=str)
    except FileNotFoundError as error:
        raise MachineError(
            f"{path}: expected a machine file, found none; print one to start from with: edge-sort machine"
        ) from error
    except IsADirectoryError as error:
        raise MachineError(
            f"{path}: expected a machine file, found a folder; name the file, such as machine.toml in it"
        ) from error
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, of a number of 5,000 digits
        raise MachineError(f"{path}: expected TOML, found: {error}; mend that line") from error
    try:
        return Machine.model_validate_json(given, strict=True)
    except ValidationError as error:
        first = most_telling(error.errors())
        key = ".".join(str(step) for step in first["loc"])
        raise MachineError(f"{path}: {key_problem(key, first)}") from error
