"""The gates of a machine that a board moves, beside those on this computer's pins."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from edge.clocks import Clock
from edge.gates import Gates, GateSpec
from edge.line import board_specs, pin_specs
from edge.machine import Machine, McuTable
from edge.mixed_gates import MixedGates

_OPENER = ("firmware_bridge.open_board", "open_mcu_gates")  # a name, because firmware_bridge imports edge


def with_board(machine: Machine, pins: Gates, clock: Clock) -> Gates:
    """Return all gates of a machine as one: `pins` moves those on this computer. Raises GateError."""
    there = board_specs(machine)
    if machine.mcu is None:
        return pins
    here = [spec.name for spec in pin_specs(machine)]
    return MixedGates([(pins, here), (open_board_gates(machine.mcu, there, clock), [spec.name for spec in there])])


def open_board_gates(table: McuTable, specs: Sequence[GateSpec], clock: Clock) -> Gates:
    """Open these gates of a board, at rest and armed. Raises GateError."""
    module, name = _OPENER
    opener: Callable[[McuTable, Sequence[GateSpec], Clock], Gates] = getattr(importlib.import_module(module), name)
    return opener(table, specs, clock)
