"""Tables of a machine file: what moves parts into bins, and what drives it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from edge.control_tables import ConfirmTable
from edge.gate_limits import GateLimits
from edge.parts import REJECT_BIN
from edge.tables import NotNegative, PinOfEither, Positive, Table

LONGEST_MS = 600_000  # that the firmware of a board takes, and no gate of a sorter needs
ServoPulse = Annotated[float, Field(ge=400, le=2600)]


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
    pin: PinOfEither
    bin: str = Field(min_length=1)
    labels: tuple[str, ...] = Field(min_length=1)
    travel_mm: float = Field(gt=0, le=100_000, allow_inf_nan=False)
    lag_ms: NotNegative
    move_ms: NotNegative = 0.0
    dwell_ms: Positive
    rest_us: ServoPulse | None = None
    away_us: ServoPulse | None = None
    min_off_ms: float = Field(default=50.0, ge=0, le=LONGEST_MS)
    max_on_ms: float = Field(default=2000.0, gt=0, le=LONGEST_MS)
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
    """[mcu] The board that moves gates of kind "mcu". port: of the serial line; "emulated", "emulated-uno",
    "emulated-rp2040" or "emulated-rp2040-usb" where there is none.

    heartbeat_ms: without a sign of life from the sorter for so long, the board brings its gates to rest by itself. At
    least two frames of the camera long.
    """

    port: str = Field(min_length=1)
    baud: int = Field(default=115_200, ge=1200, le=4_000_000)
    heartbeat_ms: float = Field(default=3000.0, ge=100, le=60_000)
