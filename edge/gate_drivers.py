"""What a gate's pin is told: a level, or the pulses of a servo. Which kind is which is the table at the end.

A driver knows two positions, rest and away, and nothing of time or limits: `PinGate` (`edge/pin_gate.py`) does. A gate
on a microcontroller is no driver: it keeps its own time, so it is a `Gates` of its own beside `GateProcess`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from edge.errors import GateError
from edge.pins import take

SERVO_FRAME_US = 20_000
_SERVO_READ_BACK = 0.011  # of a frame: lgpio cuts it to whole per cents


@dataclass(frozen=True)
class PinSpec:
    """How a pin drives its gate. pin: BCM number. rest_us, away_us: a servo's two pulses."""

    pin: int
    kind: str = "output"
    active_high: bool = True
    rest_us: float = 1000.0
    away_us: float = 2000.0


class Driver(Protocol):
    """One pin between two positions."""

    def set(self, away: bool) -> None:
        """Send the gate away, or to rest. Raises GateError when the pin does not follow."""
        ...

    def close(self) -> None:
        """Send the gate to rest and release the pin. May be called twice."""
        ...


class OutputDriver:
    """A solenoid, a relay or an air valve: away while its pin is active."""

    def __init__(self, name: str, spec: PinSpec, pin_factory: Any) -> None:
        from gpiozero import OutputDevice

        self._name = name
        self._device = OutputDevice(
            spec.pin, active_high=spec.active_high, initial_value=False, pin_factory=pin_factory
        )

    def set(self, away: bool) -> None:
        """Switch the pin. Raises GateError when it does not follow."""
        (self._device.on if away else self._device.off)()
        if bool(self._device.value) != away:
            raise _unmoved(self._name)

    def close(self) -> None:
        """Switch off and release the pin."""
        if not self._device.closed:
            self._device.off()
            self._device.close()


class ServoDriver:
    """A hobby servo between two end points: fifty pulses a second, as long as each point asks for.

    The pin keeps pulsing while it is open, so the flap is held. A new pulse length is sent with the next pulse, up to
    20 ms later: half of that belongs into lag_ms. gpiozero's lgpio pins cut pulses to whole per cents, 200 us.
    """

    def __init__(self, name: str, spec: PinSpec, pin_factory: Any) -> None:
        from gpiozero import PWMOutputDevice

        self._name = name
        # a hair more than the share, because lgpio cuts 28.999999 per cent to 28
        self._rest, self._away = (us / SERVO_FRAME_US + 1e-6 for us in (spec.rest_us, spec.away_us))
        self._device = PWMOutputDevice(
            spec.pin, initial_value=self._rest, frequency=1_000_000 / SERVO_FRAME_US, pin_factory=pin_factory
        )

    def set(self, away: bool) -> None:
        """Change the pulses. Raises GateError when the pin does not follow."""
        wanted = self._away if away else self._rest
        self._device.value = wanted
        if abs(self._device.value - wanted) > _SERVO_READ_BACK:
            raise _unmoved(self._name)

    def close(self) -> None:
        """Ask for rest and end the pulses; the flap has moved only if the caller has waited since it asked for rest."""
        if not self._device.closed:
            self._device.value = self._rest
            self._device.close()


DRIVERS: dict[str, Callable[[str, PinSpec, Any], Driver]] = {"output": OutputDriver, "servo": ServoDriver}


def open_driver(name: str, spec: PinSpec, pin_factory: Any) -> Driver:
    """Take a pin for a gate, at rest. Raises GateError when it cannot be used."""
    try:
        driver: Driver = take(
            lambda: DRIVERS[spec.kind](name, spec, pin_factory),
            f"gate {name!r}: expected pin {spec.pin} to be free",
            "end the other program that uses it, or give the gate another pin",
        )
    except GateError as error:
        if type(error.__cause__).__name__ != "PinPWMUnsupported":
            raise
        raise GateError(
            f"gate {name!r}: expected a pin factory that can pulse pin {spec.pin} for a servo, found one that cannot; "
            "set gpio.pin_factory to lgpio"
        ) from error
    return driver


def _unmoved(name: str) -> GateError:
    return GateError(f"gate {name!r}: expected its pin to follow, found it unchanged; check what else drives it")
