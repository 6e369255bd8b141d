"""Encoders on GPIO pins, through gpiozero: two channels that also tell the direction, or one that only pulses."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from edge.pins import take

MOST_STEPS = 4096  # that nobody has taken; the belt asks every few milliseconds
_OLDEST_S = 1.0  # an event's own time further from now than this is of another clock


class _GpioSteps:
    """Counts steps in gpiozero's thread and hands them over. The counter is a Python integer: it does not roll over."""

    def __init__(self) -> None:
        self.modulus: int | None = None
        self.lost = 0
        self._lock = threading.Lock()
        self._count = 0
        self._steps: deque[tuple[float, int]] = deque(maxlen=MOST_STEPS)
        self._device: Any = None

    def take(self) -> list[tuple[float, int]]:
        """Return the steps since the last call."""
        with self._lock:
            steps = list(self._steps)
            self._steps.clear()
        return steps

    def close(self) -> None:
        """Release the pins. May be called twice."""
        if self._device is not None:
            self._device.close()

    def _step(self, ticks: float, by: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._count += by
            self.lost += len(self._steps) == MOST_STEPS
            self._steps.append((ticks if 0 <= now - ticks < _OLDEST_S else now, self._count))


class RotarySteps(_GpioSteps):
    """A two-channel encoder on gpiozero's RotaryEncoder: one step per full cycle of the channels."""

    def __init__(self, pin_a: int, pin_b: int, pin_factory: Any) -> None:
        """Take the pins. Raises GateError when they cannot be used."""
        super().__init__()
        from gpiozero import RotaryEncoder

        steps = self

        class Encoder(RotaryEncoder):  # type: ignore[misc]  # gpiozero has no types
            """The encoder, with the moment of the event: gpiozero's own callbacks do not pass it on."""

            known = 0

            def _fire_events(self, ticks: float, new_active: bool) -> None:
                super()._fire_events(ticks, new_active)
                by, self.known = self.steps - self.known, self.steps
                if by:
                    steps._step(ticks, by)

        self._device = _opened(lambda: Encoder(pin_a, pin_b, max_steps=0, pin_factory=pin_factory), (pin_a, pin_b))


class PulseSteps(_GpioSteps):
    """A single channel: every rising edge is a step forward. It cannot see a belt run backwards."""

    def __init__(self, pin: int, pin_factory: Any) -> None:
        """Take the pin. Raises GateError when it cannot be used."""
        super().__init__()
        from gpiozero import DigitalInputDevice

        steps = self

        class Pulses(DigitalInputDevice):  # type: ignore[misc]  # gpiozero has no types
            """The input, with the moment of the event."""

            def _fire_events(self, ticks: float, new_active: bool) -> None:
                if new_active and self._last_active is False:
                    steps._step(ticks, 1)
                super()._fire_events(ticks, new_active)

        self._device = _opened(lambda: Pulses(pin, pull_up=False, pin_factory=pin_factory), (pin,))


def _opened(make: Callable[[], Any], pins: tuple[int, ...]) -> Any:
    return take(
        make,
        f"belt: expected the encoder's pins {', '.join(map(str, pins))} to be free",
        "end the other program that uses them, or wire it to other pins",
    )
