"""The seam to a microcontroller that moves gates and watches inputs, where a machine has one."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Protocol

from edge.clocks import Clock
from edge.encoder_belt import StepSource
from edge.gate_tables import McuTable
from edge.gates import Gates, GateSpec
from edge.line import board_specs, pin_specs
from edge.machine import Machine
from edge.mixed_gates import MixedGates
from edge.sensors import Sensor

_OPENER = ("firmware_bridge.open_board", "MachineBoard")  # a name, because firmware_bridge imports edge


class Board(Protocol):
    """A board that is greeted. Ask for its inputs before its gates, which arm it. Each raises GateError."""

    def sensor(self, name: str, pin: int, *, active_high: bool) -> Sensor:
        """Return a sensor on one of its pins."""
        ...

    def steps(self, pins: tuple[int, int | None], counts_per_s: float) -> tuple[StepSource, int]:
        """Return the steps of an encoder that counts so fast, and how many counts each stands for."""
        ...

    def gates(self, specs: Sequence[GateSpec]) -> Gates:
        """Return gates on its pins, at rest and armed."""
        ...

    def close(self) -> None:
        """Let it go. May be called twice."""
        ...


def open_board(table: McuTable, clock: Clock) -> Board:
    """Greet the board that a machine file names. Raises GateError."""
    module, name = _OPENER
    opener: Callable[[McuTable, Clock], Board] = getattr(importlib.import_module(module), name)
    return opener(table, clock)


def board_of(machine: Machine, clock: Clock) -> AbstractContextManager[Board | None]:
    """Within the block a machine's board is open, if it has one. Raises GateError."""
    return closing(open_board(machine.mcu, clock)) if machine.mcu is not None else nullcontext()


def all_gates(machine: Machine, pins: Gates, board: Board | None) -> Gates:
    """Return all gates of a machine as one: `pins` moves those on this computer. Raises GateError."""
    there = board_specs(machine)
    if board is None:
        return pins
    here = [spec.name for spec in pin_specs(machine)]
    return MixedGates([(pins, here), (board.gates(there), [spec.name for spec in there])])


def rest_board(machine: Machine, clock: Clock, tell: Callable[[str], None]) -> None:
    """Greet the machine's board, which brings its gates to rest. Raises GateError when it does not answer."""
    if machine.mcu is None:
        return
    specs = board_specs(machine)
    with closing(open_board(machine.mcu, clock)) as board, closing(board.gates(specs)):
        for spec in specs:
            tell(f"gate {spec.name!r} is at rest: pin {spec.pins.pin} of the board on {machine.mcu.port}")
