"""Mock pins with something wired to them, which is stronger than the pull of the computer's own resistor."""

from __future__ import annotations

from typing import Any


def wired_pin(factory: Any, number: int, *, high: bool) -> Any:
    """Return a pin of one of gpiozero's mock factories that is driven to a level, whoever opens it later.

    Its edges have the time of the factory's `ticks`, as those of a real pin have the kernel's.
    """
    pin = factory.pin(number, pin_class=_wired_pin_class())
    (pin.drive_high if high else pin.drive_low)()
    return pin


def _wired_pin_class() -> Any:
    from gpiozero.pins.mock import MockPin, MockPWMPin

    class WiredPin(MockPWMPin):  # type: ignore[misc]
        """A mock pin whose pull changes nothing, and whose edges have the factory's time and not the computer's."""

        def _set_pull(self, value: str) -> None:
            self._pull = value

        def _call_when_changed(self) -> None:
            super(MockPin, self)._call_when_changed(self.factory.ticks(), self.state)

    return WiredPin
