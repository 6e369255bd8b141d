"""Bring every gate of a machine to rest when no line runs, as after one that was killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from edge.clocks import Clock
from edge.errors import GateError
from edge.gates import GateSpec
from edge.pin_gates import PinGates

_RETRY_S = 0.2


def rest_gates(
    specs: Sequence[GateSpec],
    clock: Clock,
    pin_factory: Any,
    *,
    wait_s: float,
    tell: Callable[[str], None],
) -> None:
    """Drive each gate's pin to rest, give it the time it takes to get there, and let the pin go.

    wait_s: how long to wait for pins that another process still holds, in all. A gate that cannot be used does not keep
    the others from resting. `tell` hears of each that rests. Raises GateError, naming every gate that does not.
    """
    until = clock.now() + wait_s
    failed = [problem for spec in specs if (problem := _rest(spec, clock, pin_factory, until, tell)) is not None]
    if failed:
        raise GateError("; ".join(failed))


def _rest(spec: GateSpec, clock: Clock, pin_factory: Any, until: float, tell: Callable[[str], None]) -> str | None:
    """Bring one gate to rest; return what kept it from that."""
    while True:
        try:
            with closing(PinGates([spec], clock, pin_factory)):
                clock.sleep_until(clock.now() + spec.move_s)  # a servo is on its way as long as its pin pulses
        except GateError as error:
            if clock.now() >= until:
                return str(error)
            clock.sleep_until(min(until, clock.now() + _RETRY_S))
        else:
            tell(f"gate {spec.name!r} is at rest: pin {spec.pins.pin}")
            return None
