"""The lamps that show the state of the line across a hall."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from edge.pins import take
from edge.states import State

_LAMP_OF = {State.EXECUTE: "green", State.HELD: "yellow", State.ABORTED: "red"}


class StackLight:
    """Green: Execute. Yellow: Held, or something is wrong. Red: Aborted. None lit: Idle, or no program runs."""

    def __init__(self, pins: Mapping[str, int], pin_factory: Any, *, active_high: bool = True) -> None:
        """pins: by colour. Raises GateError when one cannot be used; no pin is then taken."""
        from gpiozero import OutputDevice

        self._lamps: dict[str, Any] = {}
        try:
            for colour, pin in pins.items():
                self._lamps[colour] = take(
                    partial(OutputDevice, pin, active_high=active_high, pin_factory=pin_factory),
                    f"stack_light.{colour}_pin: expected pin {pin} to be free",
                    "end the other program that uses it, or wire the lamp to another pin",
                )
        except BaseException:
            self.close()
            raise

    def show(self, state: State, *, warning: bool) -> None:
        """Light the lamp of the state, and the yellow one beside it when something is wrong."""
        lit = {_LAMP_OF.get(state), "yellow" if warning else None}
        for colour, lamp in self._lamps.items():
            lamp.value = colour in lit

    def close(self) -> None:
        """Put the lamps out and release their pins. May be called twice."""
        for lamp in self._lamps.values():
            if not lamp.closed:
                lamp.off()
                lamp.close()
