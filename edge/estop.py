"""The emergency stop as the program sees it: a pin that says whether its circuit is closed.

This is no safety function in the sense of EN ISO 13849: a real emergency stop cuts the power of whatever can hurt, by
itself, and this contact only tells the program of it. Normally closed: a wire that comes off means stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.sensors import Edge, GpioSensor

NAME = "inputs.estop"


@dataclass(frozen=True)
class EstopSpec:
    """pin: BCM number. closed_high: the pin is high while the circuit is closed; it is pulled to the other level."""

    pin: int
    closed_high: bool = False


class Estop:
    """Latched by the first edge that opens the circuit, however short: there is no debouncing on the way to rest."""

    def __init__(self, spec: EstopSpec, pin_factory: Any, on_press: Callable[[], None]) -> None:
        """Take the pin. on_press: called at once, in the pin factory's thread. Raises GateError."""
        self._on_press = on_press
        self._sensor = GpioSensor(
            NAME, spec.pin, active_high=spec.closed_high, pin_factory=pin_factory, on_edge=self._heard
        )
        self._latched = self.pressed

    @property
    def pressed(self) -> bool:
        """Whether the circuit is open now."""
        return not self._sensor.active

    @property
    def latched(self) -> bool:
        """Whether the circuit has been open since the last `rearm`. Looks at the pin too, should an edge be lost."""
        self._latched = self._latched or self.pressed
        return self._latched

    def rearm(self) -> bool:
        """Forget that it was pressed, unless it still is. Returns whether it is forgotten."""
        self._latched = False  # before the look at the pin, so that an edge in between is not lost
        return not self.latched

    def close(self) -> None:
        """Release the pin. May be called twice."""
        self._sensor.close()

    def _heard(self, edge: Edge) -> None:
        if not edge.active:
            self._latched = True
            self._on_press()
