"""A part on its way to a gate, and how it is judged when the gate has moved."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.belt import Belt, arrival
from edge.gate_limits import Window
from edge.parts import Reason
from edge.windows import Deviation


@dataclass(frozen=True)
class GatePlace:
    """Where a gate is and how it acts: see GateTable in edge.gate_tables. half_mm: the belt it acts on to each side.

    longest_mm: of the parts that it catches whole.
    """

    gate: str
    travel_mm: float
    lag_s: float
    half_mm: float
    move_s: float = 0.0
    longest_mm: float = math.inf

    def window(self, mark: float, belt: Belt) -> Window:
        """Say when to open so that the gate is wholly away while the belt from half_mm before to behind a part passes.

        Its moments are infinite while the belt stands.
        """
        opens_at = arrival(mark - self.half_mm, self.travel_mm, belt) - self.lag_s - self.move_s
        return Window(opens_at, arrival(mark + self.half_mm, self.travel_mm, belt) - self.lag_s)


@dataclass
class InTransit:
    """A part on its way to a gate. window: as the gate was last told; None while the belt stands."""

    part: int
    place: GatePlace
    mark_mm: float
    hold: bool
    window: Window | None
    opened_at: float | None = None
    closed_at: float | None = None
    first: bool = False
    last: bool = True
    moved: bool = False  # since the record was last told of its window

    @property
    def passes_mm(self) -> float:
        """The belt's travel when the part's centre is at its gate."""
        return self.mark_mm + self.place.travel_mm

    def has_begun(self, now: float) -> bool:
        """Whether its opening has: a part that a gate is held open for has none of its own, only its moment."""
        return self.opened_at is not None or (self.window is not None and self.window.opens_at <= now)


@dataclass(frozen=True)
class Replanned:
    """What became of a part after its decision: another window, or none and the reason."""

    part: int
    window: Window | None
    reason: Reason | None = None


@dataclass(frozen=True)
class Caught:
    """A gate was away from opened_at on, and while the centre of this part passed it, at passed_at."""

    part: int
    gate: str
    opened_at: float
    passed_at: float


def ends(window: Window, due_at: float) -> bool:
    """Whether a closing ends the window: it was due, or the gate fell, or a limit cut it, while the window lasted."""
    return window.opens_at <= due_at


def deviation(one: InTransit, belt: Belt, tolerance_mm: float) -> Deviation | Reason:
    """Say how far off its place the gate moved for a part, or why the part was not caught, once all that is past.

    tolerance_mm: where the belt tells a position truly to. When the gate moved while the part's centre was no further
    than that from it, nobody knows whether the part was caught, and the record must not say so: GATE_CUT.
    """
    assert one.opened_at is not None
    assert one.closed_at is not None
    place = one.place
    opened_mm = belt.travelled_mm(one.opened_at + place.lag_s + place.move_s) - one.passes_mm + place.half_mm
    closed_mm = belt.travelled_mm(one.closed_at + place.lag_s) - one.passes_mm - place.half_mm
    unsure_mm = min(tolerance_mm, place.half_mm / 2)
    before_mm, behind_mm = place.half_mm - opened_mm, place.half_mm + closed_mm  # the gate was away so far around it
    if before_mm <= -unsure_mm:  # its centre had passed before the gate was away
        return Reason.LATE
    if behind_mm <= -unsure_mm:
        return Reason.GATE_RESTING
    if min(before_mm, behind_mm) < unsure_mm:
        return Reason.GATE_CUT
    return Deviation(
        opened_mm if one.first or opened_mm > 0 else None, closed_mm if one.last or closed_mm < 0 else None
    )
