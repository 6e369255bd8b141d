"""Which belt a machine has: the table from `belt.kind` to what counts its travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.belt import Belt, FixedSpeedBelt
from edge.clocks import Clock
from edge.encoder import PulseSteps, RotarySteps
from edge.encoder_belt import EncoderBelt, StepSource

if TYPE_CHECKING:
    from edge.machine import BeltTable


def open_belt(table: BeltTable, clock: Clock, open_pins: Callable[[], Any]) -> Belt:
    """Return the belt of this table. open_pins: asked for a pin factory if it has an encoder. Raises GateError."""
    if table.kind == "fixed":
        return FixedSpeedBelt(table.speed_mm_s)
    return encoder_belt(table, _steps(table, open_pins()), clock)


def encoder_belt(table: BeltTable, steps: StepSource, clock: Clock, origin_mm: float = 0.0) -> EncoderBelt:
    """Return the belt that these steps move."""
    assert table.mm_per_step is not None, "check_machine sees to it"
    return EncoderBelt(steps, clock, mm_per_step=table.mm_per_step, usual_mm_s=table.speed_mm_s, origin_mm=origin_mm)


def _steps(table: BeltTable, pin_factory: Any) -> StepSource:
    assert table.pin is not None, "check_machine sees to it"
    if table.kind == "pulses":
        return PulseSteps(table.pin, pin_factory)
    assert table.pin_b is not None, "check_machine sees to it"
    return RotarySteps(table.pin, table.pin_b, pin_factory)
