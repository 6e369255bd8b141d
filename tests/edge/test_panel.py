"""The panel of a machine: its lamps, and pins that are taken all or not at all."""

from __future__ import annotations

import pytest

from edge.errors import GateError
from edge.machine import Machine
from edge.panel import Panel, open_panel
from edge.pins import open_pin_factory
from edge.stack_light import StackLight
from edge.states import State


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("state", "warning", "lit"),
    [
        (State.IDLE, False, ""),
        (State.EXECUTE, False, "green"),
        (State.EXECUTE, True, "green yellow"),
        (State.HELD, False, "yellow"),
        (State.ABORTED, True, "red yellow"),
    ],
)
def test_each_state_has_its_lamp(state, warning, lit, active_high):
    """And none burns when the light is closed, twice without harm."""
    factory, pins = open_pin_factory("mock"), {"red": 5, "yellow": 6, "green": 13}
    light = StackLight(pins, factory, active_high=active_high)
    light.show(State.HELD, warning=False)
    light.show(state, warning=warning)
    assert {colour for colour, pin in pins.items() if factory.pin(pin).state == active_high} == set(lit.split())
    light.close()
    light.close()


def test_a_machine_without_inputs_opens_no_pin(machine):
    assert open_panel(machine, lambda: pytest.fail("a pin factory was opened")) == Panel()


@pytest.mark.parametrize(
    ("taken", "key"),
    [(4, "inputs.stop"), (9, "inputs.bin_full.red"), (10, "gates.1.confirm"), (11, "stack_light.green_pin")],
)
def test_a_pin_that_is_taken_is_named_and_no_other_pin_is_kept(table, taken, key):
    table["inputs"] = {"start": {"pin": 8}, "stop": {"pin": 4}, "bin_full": {"red": {"pin": 9}}}
    table["gates"][1]["confirm"] = {"pin": 10}
    table["stack_light"] = {"red_pin": 5, "green_pin": 11}
    machine, factory = Machine.model_validate(table), open_pin_factory("mock")
    other = StackLight({"red": taken}, factory)
    with pytest.raises(GateError, match=f"{key}: expected pin {taken} to be free"):
        open_panel(machine, lambda: factory)
    other.close()
    open_panel(machine, lambda: factory).close()
