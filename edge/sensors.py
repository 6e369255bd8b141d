"""The seam to whatever says yes or no: photo-eyes and switches on GPIO pins."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from edge.pins import take

MOST_EDGES = 1024  # kept until they are fetched; more than a second of the worst flutter
_PLAUSIBLE_S = 5.0  # between a pin's change and the call that tells of it


@dataclass(frozen=True)
class Edge:
    """A sensor has changed. at: seconds on the machine clock. active: since then something is there."""

    at: float
    active: bool


class Sensor(Protocol):
    """Something that is active or not, and remembers when that changed."""

    @property
    def active(self) -> bool:
        """Whether something is there now."""
        ...

    @property
    def lost(self) -> int:
        """How many edges came faster than they were fetched, and are gone."""
        ...

    def edges(self) -> list[Edge]:
        """Return the changes since the last call, the oldest first."""
        ...

    def close(self) -> None:
        """Let the pin go. May be called twice."""
        ...


class GpioSensor:
    """A sensor on a pin. Its edges have the time at which the kernel saw them, not that of the call back."""

    def __init__(
        self,
        name: str,
        pin: int,
        *,
        active_high: bool,
        pin_factory: Any,
        on_edge: Callable[[Edge], None] = lambda _edge: None,
    ) -> None:
        """pin: BCM number. active_high: the pin is high while something is there; it is pulled to the other level.

        on_edge: told of each edge at once, in the pin factory's thread. Raises GateError when the pin cannot be used.
        """
        from gpiozero import DigitalInputDevice

        edges = self._edges = deque[Edge](maxlen=MOST_EDGES)
        sensor = self
        self.lost = 0
        told = False

        class TimedInput(DigitalInputDevice):  # type: ignore[misc]
            """gpiozero hands the time of an edge to this method only."""

            def _fire_events(self, ticks: float, new_active: bool) -> None:
                if new_active is not None and (not edges or edges[-1].active != new_active):
                    sensor.lost += len(edges) == MOST_EDGES
                    edges.append(Edge(machine_time(ticks, self.pin_factory.ticks()), bool(new_active)))
                    if told:
                        on_edge(edges[-1])
                super()._fire_events(ticks, new_active)

        self._device = take(
            lambda: TimedInput(pin, pull_up=not active_high, pin_factory=pin_factory),
            f"{name}: expected pin {pin} to be free",
            "end the other program that uses it, or give the sensor another pin",
        )
        edges.clear()  # what was there before is no event
        told = True

    @property
    def active(self) -> bool:
        """Whether something is there now."""
        return bool(self._device.is_active)

    def edges(self) -> list[Edge]:
        """Return the changes since the last call, the oldest first."""
        return [self._edges.popleft() for _ in range(len(self._edges))]

    def close(self) -> None:
        """Let the pin go."""
        self._device.close()


def machine_time(ticks: float, now: float) -> float:
    """Turn a time stamp of gpiozero into the machine's, both in seconds.

    lgpio passes on the kernel's: monotonic since Linux 5.7, of the wall clock before. One that is neither is worth
    nothing, and now is taken.
    """
    behind = time.time() - time.monotonic()
    for at in (ticks, ticks - behind):
        if now - _PLAUSIBLE_S <= at <= now:
            return at
    return now
