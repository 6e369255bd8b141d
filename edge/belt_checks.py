"""What makes a belt of the machine file impossible, beyond each value by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.errors import MachineError

if TYPE_CHECKING:
    from edge.machine import BeltTable

_KEYS = {"fixed": (), "encoder": ("mm_per_step", "pin", "pin_b"), "pulses": ("mm_per_step", "pin")}


def check_belt(belt: BeltTable, guard_mm: float) -> None:
    """Raise MachineError when the belt's keys do not fit its kind, or its encoder is too coarse."""
    for key in ("mm_per_step", "pin", "pin_b"):
        needed = key in _KEYS[belt.kind]
        if (getattr(belt, key) is not None) != needed:
            wanted = f"a value for kind {belt.kind!r}" if needed else f"none for kind {belt.kind!r}"
            raise MachineError(f"belt.{key}: expected {wanted}, found {getattr(belt, key)}; correct it, or belt.kind")
    step_mm = belt.mm_per_step
    if step_mm is not None and not 0 < abs(step_mm) <= guard_mm:
        raise MachineError(
            f"belt.mm_per_step: expected a step other than 0 and no longer than decision.guard_mm ({guard_mm:g}), "
            f"found {step_mm:g}; use a finer encoder or a smaller wheel"
        )
    if step_mm is not None and belt.kind == "pulses" and step_mm < 0:
        raise MachineError(
            f"belt.mm_per_step: expected more than 0, because one channel only counts up, found {step_mm:g}; turn it"
        )


def encoder_pins(belt: BeltTable) -> dict[str, int]:
    """Return the keys of the encoder's pins, and the pins."""
    return {f"belt.{key}": getattr(belt, key) for key in ("pin", "pin_b") if getattr(belt, key) is not None}
