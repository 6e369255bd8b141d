"""Which belt a machine has: the table from `belt.kind` to what counts its travel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.belt import Belt, FixedSpeedBelt
from edge.clocks import Clock
from edge.encoder import PulseSteps, RotarySteps
from edge.encoder_belt import EncoderBelt, StepSource

if TYPE_CHECKING:
    from edge.boards import Board
    from edge.machine import BeltTable


COUNTS_PER_STEP = {"encoder": 4, "pulses": 1}  # of a board, which counts every edge of two channels


def open_belt(table: BeltTable, clock: Clock, open_pins: Callable[[], Any], board: Board | None = None) -> Belt:
    """Return the belt of this table. open_pins: asked for a pin factory if it has an encoder. Raises GateError."""
    if table.kind == "fixed":
        return FixedSpeedBelt(table.speed_mm_s)
    if table.on_board and board is not None:
        return _counted_by(board, table, clock)
    return encoder_belt(table, _steps(table, open_pins()), clock)


def encoder_belt(table: BeltTable, steps: StepSource, clock: Clock, origin_mm: float = 0.0) -> EncoderBelt:
    """Return the belt that these steps move."""
    assert table.mm_per_step is not None, "check_machine sees to it"
    return EncoderBelt(steps, clock, mm_per_step=table.mm_per_step, usual_mm_s=table.speed_mm_s, origin_mm=origin_mm)


def _counted_by(board: Board, table: BeltTable, clock: Clock) -> Belt:
    assert table.mm_per_step is not None, "check_machine sees to it"
    assert table.pin is not None, "check_machine sees to it"
    mm_per_count = table.mm_per_step / COUNTS_PER_STEP[table.kind]
    steps, counts = board.steps((table.pin, table.pin_b), table.speed_mm_s / abs(mm_per_count))
    return EncoderBelt(steps, clock, mm_per_step=mm_per_count * counts, usual_mm_s=table.speed_mm_s)


def _steps(table: BeltTable, pin_factory: Any) -> StepSource:
    assert table.pin is not None, "check_machine sees to it"
    if table.kind == "pulses":
        return PulseSteps(table.pin, pin_factory)
    assert table.pin_b is not None, "check_machine sees to it"
    return RotarySteps(table.pin, table.pin_b, pin_factory)
