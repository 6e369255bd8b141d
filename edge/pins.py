"""gpiozero's pin factories by name, and its devices: the one asked for, or an error that says what to do."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable
from typing import Any

from edge.errors import GateError

_MOST_STATES = 1024  # that a pretend pin remembers
_FACTORIES = {
    "lgpio": ("gpiozero.pins.lgpio", "LGPIOFactory", "pip install lgpio"),
    "rpigpio": ("gpiozero.pins.rpigpio", "RPiGPIOFactory", "pip install RPi.GPIO"),
    "pigpio": ("gpiozero.pins.pigpio", "PiGPIOFactory", "pip install pigpio, and start its daemon"),
    "native": ("gpiozero.pins.native", "NativeFactory", "pip install gpiozero"),
    "mock": ("gpiozero.pins.mock", "MockFactory", "pip install gpiozero"),
}


def open_pin_factory(name: str) -> Any:
    """Return gpiozero's pin factory of this name. Raises GateError when this machine cannot provide it."""
    module, attribute, remedy = _FACTORIES[name]
    try:
        found = importlib.import_module(module)
        if name == "mock":
            return found.MockFactory(pin_class=_mock_pin_class(found))
        return getattr(found, attribute)()
    except ImportError as error:
        raise GateError(
            f"gpio.pin_factory: expected {name!r}, found its library missing ({error}); install it with: {remedy}"
        ) from error
    except Exception as error:  # each factory has error classes of its own, and none of them is importable everywhere
        raise GateError(
            f"gpio.pin_factory: expected {name!r} to work, found: {_said(error)}; "
            "run on a Raspberry Pi as a member of the group gpio, or choose another pin_factory in the machine file"
        ) from error


def take(make: Callable[[], Any], expected: str, remedy: str) -> Any:
    """Return the gpiozero device that `make` opens on its pins.

    Raises GateError for whatever keeps it from them: each pin factory has error classes of its own, of which lgpio's
    ("GPIO busy") is no child of gpiozero's. expected: key, pin, and what was expected of it.
    """
    try:
        return make()
    except Exception as error:
        raise GateError(f"{expected}, found: {_said(error)}; {remedy}") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _mock_pin_class(mock: Any) -> Any:
    """Return the one kind of pretend pin that drives a servo too, without its memory of every state it ever had."""

    class MockPin(mock.MockPWMPin):  # type: ignore[misc]
        """A pretend pin that keeps only its last states, or a long run would fill the gate process."""

        def clear_states(self) -> None:
            super().clear_states()
            self.states: Any = deque(self.states, maxlen=_MOST_STATES)

    return MockPin
