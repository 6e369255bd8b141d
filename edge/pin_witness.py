"""What the pins under the gates really did, and whether that was within each gate's limits.

Written apart from the plan (`edge/gate_limits.py`) on purpose: it knows nothing of windows, parts or admissions, only
when each pin changed. A share of any minute is looked at in every minute that could be the worst one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.clocks import Clock
from edge.gate_limits import DUTY_WINDOW_S
from edge.gate_tables import GateTable
from edge.pins import open_pin_factory

Change = tuple[float, bool]
_ROUNDING_S = 1e-6  # sums of moments


class PinWitness:
    """Pretend pins that remember when they changed, on the machine clock."""

    def __init__(self) -> None:
        self.changes: dict[str, list[tuple[float, float]]] = {}

    def pins(self, clock: Clock) -> Any:
        """Return gpiozero's mock factory with such pins."""
        from gpiozero.pins.mock import MockPWMPin

        changes = self.changes

        class WitnessedPin(MockPWMPin):  # type: ignore[misc]
            """A mock pin whose changes are kept."""

            def _change_state(self, value: float) -> bool:
                changed = bool(super()._change_state(value))
                if changed:
                    changes.setdefault(self.info.name, []).append((clock.now(), float(value)))
                return changed

        factory = open_pin_factory("mock")
        factory.pin_class = WitnessedPin
        return factory

    def of_gate(self, gate: GateTable) -> list[Change]:
        """Return when the pin of a gate of kind "output" went away from rest (True) or back (False)."""
        changes = self.changes.get(f"GPIO{gate.pin}", [])
        return [(at, (value > 0) == gate.active_high) for at, value in changes]


def openings(changes: Sequence[Change], until: float) -> NDArray[np.float64]:
    """Return when each opening began and ended, (openings, 2) in seconds; one that has not ended ends at `until`."""
    found: list[tuple[float, float]] = []
    opened_at: float | None = None
    for at, away in changes:
        if away and opened_at is None:
            opened_at = at
        elif not away and opened_at is not None:
            found.append((opened_at, at))
            opened_at = None
    if opened_at is not None:
        found.append((opened_at, until))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def violations(gate: GateTable, changes: Sequence[Change], until: float) -> list[str]:
    """Name every limit of a gate that its pin has broken, one sentence each."""
    opened = openings(changes, until)
    found = [
        f"gate {gate.name!r} was open {(end - begin) * 1000:.3f} ms from {begin:.6f} s, max_on_ms {gate.max_on_ms:g}"
        for begin, end in opened
        if end - begin > gate.max_on_ms / 1000 + _ROUNDING_S
    ]
    rests = opened[1:, 0] - opened[:-1, 1]
    found += [
        f"gate {gate.name!r} rested {rest * 1000:.3f} ms before {begin:.6f} s, min_off_ms {gate.min_off_ms:g}"
        for rest, begin in zip(rests, opened[1:, 0], strict=True)
        if rest < gate.min_off_ms / 1000 - _ROUNDING_S
    ]
    found += [
        f"gate {gate.name!r} was open {open_s / DUTY_WINDOW_S:.2%} of the minute to {end:.6f} s, "
        f"max_duty {gate.max_duty:.2%}"
        for end, open_s in worst_minutes(opened)
        if open_s > gate.max_duty * DUTY_WINDOW_S + _ROUNDING_S
    ]
    if changes and changes[-1][1]:
        found.append(f"gate {gate.name!r} was away from rest at the end")
    return found


def worst_minutes(opened: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return, for minutes by their end, how long the gate was open in them.

    The time open in a minute is piecewise linear in its end, so it is largest where an opening ends with the minute or
    begins with it: only those are looked at.
    """
    if not len(opened):
        return []
    edges = opened.reshape(-1)
    so_far = np.concatenate([[0.0], np.cumsum(np.diff(edges) * (np.arange(len(edges) - 1) % 2 == 0))])
    ends = np.sort(np.concatenate([opened[:, 1], opened[:, 0] + DUTY_WINDOW_S]))
    open_s = np.interp(ends, edges, so_far) - np.interp(ends - DUTY_WINDOW_S, edges, so_far)
    return list(zip(ends.tolist(), open_s.tolist(), strict=True))
