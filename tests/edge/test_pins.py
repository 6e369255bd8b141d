"""Whoever takes a pin that cannot be had says which key, which pin, what was found and what to do."""

from __future__ import annotations

import pytest

from edge.calibrate_machine import EyeAnswers
from edge.encoder import PulseSteps, RotarySteps
from edge.errors import GateError
from edge.gate_drivers import PinSpec, open_driver
from edge.pins import open_pin_factory
from edge.sensors import GpioSensor


class LgpioError(Exception):
    """As lgpio's own: no child of gpiozero's errors, nor of OSError."""


TAKERS = {
    "belt": lambda factory: PulseSteps(4, factory),
    "belt ": lambda factory: RotarySteps(4, 5, factory),
    "eye": lambda factory: GpioSensor("eye", 4, active_high=True, pin_factory=factory),
    "--eye": lambda factory: EyeAnswers(4, factory),
    "gate 'nut'": lambda factory: open_driver("nut", PinSpec(4), factory),
}


@pytest.mark.parametrize("key", TAKERS)
@pytest.mark.parametrize("error", [LgpioError("'GPIO busy'"), LgpioError()], ids=["with words", "without"])
def test_a_pin_that_is_busy_is_one_sentence(key, error):
    """Whatever class of error the pin factory has: key, pin, what was found, remedy."""

    def busy(_spec):
        raise error

    factory = open_pin_factory("mock")
    factory.pin = busy
    with pytest.raises(GateError) as refused:
        TAKERS[key](factory)
    said = str(refused.value)
    assert said.startswith(f"{key.strip()}: expected ")
    assert f"found: {error.args[0] if error.args else 'LgpioError'}; end the other program" in said
    assert " 4" in said
