"""What a program beside the board must know of a sorter that was exported: sorter.json in its folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import DataError
from edge.preprocess import InputSpec

FILE = "sorter.json"


class SorterGate(BaseModel):
    """A gate. pin: of the board. active_high: the pin is low at rest. opens_us: from the eye to the opening."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bin: str
    pin: int
    active_high: bool
    opens_us: int
    closes_us: int


class SorterFacts(BaseModel):
    """A sorter. part_ms, pitch_ms: how long a part breaks the beam, and from one to the next, where none is real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: tuple[str, ...]
    input: InputSpec
    gates: tuple[SorterGate, ...]
    eye_pin: int
    eye_active_high: bool
    estop_pin: int | None
    estop_closed_high: bool
    start_pin: int | None
    start_active_high: bool
    part_ms: float
    pitch_ms: float
    baud: int


def read_facts(folder: Path) -> SorterFacts:
    """Return the facts of an exported sorter. Raises DataError."""
    try:
        return SorterFacts.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError) as error:
        found = "none" if isinstance(error, OSError) else f"one that is damaged ({error.error_count()} errors)"
        raise DataError(
            f"{folder}: expected an exported sorter with {FILE}, found {found}; "
            f"make it: edge-sort export BUNDLE --target pico-sorter --machine machine.toml --out {folder}"
        ) from error
