"""Tables of a machine file: what people and switches tell the line, and what it does when something happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from edge.incidents import IncidentKind
from edge.stops import STOPS
from edge.tables import NotNegative, Pin, PinOfEither, Positive, Table

Rule = Literal["warn", "hold", "abort"]


class EstopTable(Table):
    """[inputs.estop] The emergency stop, as the program sees it: normally closed, so that an open wire means stop.

    closed_high: the pin is high while the circuit is closed (wired to 3.3 V); else it is low (wired to ground). It is
    pulled to the other level, and that level is "stop".
    """

    pin: PinOfEither
    closed_high: bool = False


class InputTable(Table):
    """A button or a switch. active_high: the pin is high while it is pressed, or while something is there.

    debounce_ms: it must be so for that long to count.
    """

    pin: PinOfEither
    active_high: bool = True
    debounce_ms: NotNegative = 30.0


class InputsTable(Table):
    """[inputs] What people and switches tell the line. bin_full: one for each bin that has one, by the bin's name.

    A line with a start button begins in Idle, one without begins in Execute.
    """

    estop: EstopTable | None = None
    start: InputTable | None = None
    stop: InputTable | None = None
    reset: InputTable | None = None
    bin_full: dict[str, InputTable] = Field(default_factory=dict)

    def pins(self) -> Iterator[tuple[str, int]]:
        """Yield every pin and its key."""
        for name in ("estop", "start", "stop", "reset"):
            table = getattr(self, name)
            if table is not None:
                yield f"inputs.{name}.pin", table.pin
        for name, table in self.bin_full.items():
            yield f"inputs.bin_full.{name}.pin", table.pin


class ConfirmTable(Table):
    """[gates.confirm] An eye behind a gate, where a part falls past it on its way into the bin.

    within_ms: so long after its centre was at the gate, at latest, a part has broken its beam.
    """

    pin: Pin
    active_high: bool = True
    within_ms: Positive = 500.0


class StackLightTable(Table):
    """[stack_light] green: Execute. yellow: Held, or something is wrong. red: Aborted. None lit: Idle."""

    red_pin: Pin | None = None
    yellow_pin: Pin | None = None
    green_pin: Pin | None = None
    active_high: bool = True

    def pins(self) -> Iterator[tuple[str, int]]:
        """Yield every pin and its key."""
        for name in ("red_pin", "yellow_pin", "green_pin"):
            pin = getattr(self, name)
            if pin is not None:
                yield f"stack_light.{name}", pin


class RulesTable(Table):
    """[rules] What each kind of incident does: "warn", "hold" (a start goes on) or "abort" (a reset, then a start).

    All are told, counted and recorded. The e-stop and a lost board have no rule: they abort. docs/incidents.md says
    more of each.
    """

    camera_stalled: Rule = "warn"
    frame_rate_low: Rule = "warn"
    belt_stopped: Rule = "warn"
    belt_speed: Rule = "warn"
    jam: Rule = "hold"
    no_flow: Rule = "warn"
    bin_full: Rule = "warn"
    confirm_mismatch: Rule = "warn"
    consecutive_failures: Rule = "warn"
    confidence_drift: Rule = "warn"
    sharpness_drift: Rule = "warn"
    mix_drift: Rule = "warn"
    brightness_drift: Rule = "warn"
    patch_drift: Rule = "warn"
    clock_jump: Rule = "warn"
    hot: Rule = "warn"
    under_voltage: Rule = "warn"
    disk_nearly_full: Rule = "warn"
    moves_lost: Rule = "warn"
    steps_lost: Rule = "warn"

    def of(self, kind: IncidentKind) -> Rule:
        """Return the rule of a kind."""
        rule: Rule = "abort" if kind in STOPS else getattr(self, kind)
        return rule


class LimitsTable(Table):
    """[limits] From where on something is an incident. 0 in no_flow_s or failures_in_a_row: not watched.

    camera_stalled_s: without a frame. frame_rate_share: of camera.frame_rate_hz, over five seconds. jam_mm: of belt
    that passes while the photo-eye stays broken; twice the longest part a gate catches by default. no_flow_s: in
    Execute without a part. failures_in_a_row: parts rejected for doubts about them. clock_jump_s: between clocks that
    go alike. disk_free_mb: where the journal is.
    """

    camera_stalled_s: Positive = 1.0
    frame_rate_share: float = Field(default=0.5, gt=0, le=1)
    jam_mm: Positive | None = None
    no_flow_s: NotNegative = 60.0
    failures_in_a_row: int = Field(default=20, ge=0)
    clock_jump_s: Positive = 1.0
    hot_c: float = Field(default=80.0, ge=30, le=110)
    disk_free_mb: NotNegative = 200.0
