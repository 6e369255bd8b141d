"""What makes a gate of the machine file impossible, beyond each value by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edge.errors import MachineError

FRAMES_PER_HEARTBEAT = 2

if TYPE_CHECKING:
    from edge.gate_tables import GateTable
    from edge.machine import Machine


def check_board(machine: Machine) -> None:
    """Raise MachineError when there are gates for a board and no board, or the other way round."""
    needing = [f"gates.{index}.kind: 'mcu'" for index, gate in enumerate(machine.gates) if gate.kind == "mcu"]
    inputs = [f"{name}.on_board" for name in ("belt", "eye") if getattr(getattr(machine, name), "on_board", False)]
    for key in (needing + inputs)[:1]:
        if machine.mcu is None:
            raise MachineError(f"{key} needs a board, found no table [mcu]; add it with its port, or use the Pi's pins")
    if machine.mcu is not None and not needing:
        raise MachineError("mcu: expected a gate of kind 'mcu' for this board, found none; add one, or delete [mcu]")
    if machine.mcu is not None:
        _check_heartbeat(machine.mcu.heartbeat_ms, machine.camera.frame_rate_hz)


def _check_heartbeat(heartbeat_ms: float, frame_rate_hz: float) -> None:
    """The sorter gives a sign of life with each frame it takes, of which the camera may drop one."""
    least_ms = FRAMES_PER_HEARTBEAT * 1000 / frame_rate_hz
    if heartbeat_ms < least_ms:
        raise MachineError(
            f"mcu.heartbeat_ms: expected at least {math.ceil(least_ms)}, because each frame gives a sign of life "
            f"({FRAMES_PER_HEARTBEAT} frames at camera.frame_rate_hz = {frame_rate_hz:g}), found {heartbeat_ms:g}; "
            "raise one of the two"
        )


def check_kind(machine: Machine, index: int, gate: GateTable) -> None:
    """Raise MachineError when a gate's keys do not fit its kind."""
    pulses = {"rest_us": gate.rest_us, "away_us": gate.away_us}
    for key, value in pulses.items():
        if (value is None) == (gate.kind == "servo"):
            wanted = "a pulse length from 400 to 2600" if gate.kind == "servo" else "none, it is for kind 'servo'"
            raise MachineError(f"gates.{index}.{key}: expected {wanted}, found {value}; correct it, or the kind")
    if gate.kind != "servo":
        return
    if gate.move_ms <= 0:
        raise MachineError(
            f"gates.{index}.move_ms: expected the time the servo takes from one end point to the other, found 0; "
            "measure it: 100 to 400 ms are usual"
        )
    if gate.min_off_ms < gate.move_ms:
        raise MachineError(
            f"gates.{index}.min_off_ms: expected at least move_ms ({gate.move_ms:g}), so that the servo gets to rest, "
            f"found {gate.min_off_ms:g}; raise it"
        )
    if machine.gpio.pin_factory == "lgpio" and any((value or 0) % 200 for value in pulses.values()):
        raise MachineError(
            f"gates.{index}.rest_us: expected whole steps of 200 us, because lgpio cuts pulses to per cents of 20 ms, "
            f"found {gate.rest_us:g} and {gate.away_us:g}; choose others and turn the servo's horn"
        )
