"""All gates of a machine, whatever moves them."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from edge.clocks import Clock
from edge.gates import Gates, GateSpec
from edge.line import gate_specs
from edge.machine import Machine
from edge.mixed_gates import MixedGates

BOARD_GATES = "firmware_bridge.open_board:open_mcu_gates"


def open_gates(machine: Machine, clock: Clock, on_pins: Callable[[list[GateSpec]], Gates]) -> Gates:
    """Open every gate, at rest.

    on_pins: opens those on this computer's pins, and the e-stop, so it is called without any gates too.
    Raises GateError; nothing is held then.
    """
    specs = gate_specs(machine)
    here = [spec for spec in specs if spec.pins.kind != "mcu"]
    pins = on_pins(here)
    if machine.mcu is None:
        return pins
    there = [spec for spec in specs if spec.pins.kind == "mcu"]
    try:
        module, name = BOARD_GATES.split(":")
        board: Gates = getattr(importlib.import_module(module), name)(machine.mcu, there, clock)
    except BaseException:
        pins.close()
        raise
    return MixedGates([(pins, [spec.name for spec in here]), (board, [spec.name for spec in there])])
