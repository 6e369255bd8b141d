"""When a gate should move: its moment is swept over passing parts, and the middle of what works is the best one.

The offset is one of lag: with +10 ms the pin changes 10 ms earlier. A wrong distance (travel_mm) shows as the same
thing at one speed of the belt, so the suggestion names both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.errors import DataError
from edge.gate_limits import MoveRefused, Window
from edge.gate_tables import GateTable
from edge.gates import Gates, WrappedGates
from edge.machine import Machine
from edge.parts import Reason


@dataclass(frozen=True)
class SweepPoint:
    """How many of the parts the gate caught at one offset."""

    offset_ms: float
    tries: int
    hits: int


@dataclass(frozen=True)
class BestOffset:
    """The offset in the middle of those that work, and those at the ends of them."""

    offset_ms: float
    first_ms: float
    last_ms: float

    @property
    def sentence(self) -> str:
        """Say what was found."""
        ends = f"from {self.first_ms:+.0f} to {self.last_ms:+.0f} ms"
        return f"it catches parts {ends}; the middle: {self.offset_ms:+.0f} ms"

    def suggestion(self, gate: GateTable, machine: Machine) -> str:
        """Return the lines for the machine file, with the other way to say the same."""
        lag_ms = gate.lag_ms + self.offset_ms
        travel_mm = gate.travel_mm - self.offset_ms / 1000 * machine.belt.speed_mm_s
        if lag_ms < 0:
            return f"travel_mm = {travel_mm:.1f}   # lag_ms = {lag_ms:.0f} would say the same and is impossible"
        return f"lag_ms = {lag_ms:.0f}   # or, if the lag is known: travel_mm = {travel_mm:.1f}"


def sweep_offsets(span_ms: float, step_ms: float, repeats: int) -> list[float]:
    """Return the offsets to try, from one end to the other and each of them `repeats` times, in rounds."""
    half = round(span_ms / step_ms)
    return [number * step_ms for number in range(-half, half + 1)] * repeats


def usual_span_ms(gate: GateTable) -> float:
    """Return a span that reaches from nothing works to nothing works any more."""
    return gate.dwell_ms / 2 + 120.0


def points_of(answers: Sequence[tuple[float, bool]]) -> list[SweepPoint]:
    """Count (offset, whether the part was caught) by offset."""
    offsets = sorted({offset for offset, _ in answers})
    return [
        SweepPoint(offset, sum(one == offset for one, _ in answers), sum(one == offset and hit for one, hit in answers))
        for offset in offsets
    ]


def best_offset(points: Sequence[SweepPoint]) -> BestOffset:
    """Return the middle of the run of offsets with the most hits and the fewest misses in it.

    Raises DataError when no part was caught, or the sweep ends before the gate does.
    """
    worth = [2 * point.hits - point.tries for point in points]
    runs = [(sum(worth[i : j + 1]), i, j) for i in range(len(points)) for j in range(i, len(points))]
    most, first, last = max(runs, key=lambda run: (run[0], run[2] - run[1]), default=(0, 0, 0))
    if most <= 0:
        raise DataError(
            "expected offsets at which the gate catches parts, found none; test the gate with edge-sort gate test, "
            "measure travel_mm again, or widen the sweep with --span-ms"
        )
    if first == 0 or last == len(points) - 1:
        raise DataError(
            f"expected the gate to miss at both ends of the sweep, found it still catching parts at "
            f"{points[first if first == 0 else last].offset_ms:+.0f} ms; widen the sweep with --span-ms"
        )
    ends = points[first].offset_ms, points[last].offset_ms
    return BestOffset(sum(ends) / 2, *ends)


class SweptGates(WrappedGates):
    """Gates of which one moves at another offset for each part in turn."""

    def __init__(self, gates: Gates, gate: str, offsets: Sequence[float]) -> None:
        super().__init__(gates)
        self._gate = gate
        self._waiting = list(offsets)
        self.tried: dict[int, tuple[float, Window]] = {}

    @property
    def done(self) -> bool:
        """Whether every offset has been tried."""
        return not self._waiting

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening at the next offset. Raises MoveRefused; that offset is then tried with another part."""
        if gate != self._gate:
            self._gates.move_at(gate, window, part, hold=hold)
            return
        if not self._waiting:
            raise MoveRefused(Reason.GATE_RESTING, "the sweep is over")
        shifted = _shifted(window, self._waiting[0])
        self._gates.move_at(gate, shifted, part, hold=False)
        self.tried[part] = (self._waiting.pop(0), shifted)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move windows, each at its part's offset."""
        offsets = {part: self.tried[part][0] if part in self.tried else 0.0 for part in windows}
        return self._gates.replan(gate, {part: _shifted(one, offsets[part]) for part, one in windows.items()})


def _shifted(window: Window, offset_ms: float) -> Window:
    return Window(window.opens_at - offset_ms / 1000, window.closes_at - offset_ms / 1000)
