"""Everything on pins that people and switches tell the line, and the lamps that answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from edge.confirm import ConfirmEye
from edge.control_tables import InputTable
from edge.machine import Machine
from edge.sensors import GpioSensor
from edge.stack_light import StackLight
from edge.states import Command
from edge.switches import Switch


@dataclass
class Panel:
    """buttons: by what they ask for. bins: by name, active while the bin is full. confirm: by gate.

    The e-stop is not here: it is where the gates are.
    """

    buttons: Mapping[Command, Switch] = field(default_factory=dict)
    bins: Mapping[str, Switch] = field(default_factory=dict)
    confirm: Mapping[str, ConfirmEye] = field(default_factory=dict)
    light: StackLight | None = None

    def close(self) -> None:
        """Put the lamps out and release the pins. May be called twice."""
        for one in (*self.buttons.values(), *self.bins.values(), *self.confirm.values(), self.light):
            if one is not None:
                one.close()


def open_panel(machine: Machine, open_pins: Callable[[], Any]) -> Panel:
    """Take the pins of a machine file's inputs, confirm eyes and lamps. Raises GateError; no pin is then taken.

    open_pins: asked for a pin factory if there is any.
    """
    inputs, lamps = machine.inputs, dict(machine.stack_light.pins())
    buttons = {Command.START: inputs.start, Command.STOP: inputs.stop, Command.RESET: inputs.reset}
    asked = [*buttons.values(), *inputs.bin_full.values(), *(gate.confirm for gate in machine.gates)]
    if not lamps and all(one is None for one in asked):
        return Panel()
    factory = open_pins()
    with ExitStack() as opened:

        def switch(key: str, table: InputTable) -> Switch:
            sensor = GpioSensor(key, table.pin, active_high=table.active_high, pin_factory=factory)
            opened.callback(sensor.close)
            return Switch(sensor, table.debounce_ms / 1000)

        panel = Panel({one: switch(f"inputs.{one}", table) for one, table in buttons.items() if table is not None})
        panel.bins = {name: switch(f"inputs.bin_full.{name}", table) for name, table in inputs.bin_full.items()}
        confirm = {}
        for index, gate in enumerate(machine.gates):
            if gate.confirm is not None:
                eye = gate.confirm
                key = f"gates.{index}.confirm"
                sensor = GpioSensor(key, eye.pin, active_high=eye.active_high, pin_factory=factory)
                opened.callback(sensor.close)
                confirm[gate.name] = ConfirmEye(sensor, eye.within_ms / 1000, gate.lag_ms / 1000)
        panel.confirm = confirm
        if lamps:
            colours = {key.removeprefix("stack_light.").removesuffix("_pin"): pin for key, pin in lamps.items()}
            panel.light = StackLight(colours, factory, active_high=machine.stack_light.active_high)
        opened.pop_all()
    return panel
