"""What the camera says of the belt's speed: parts seen in several frames should move as far as the belt."""

from __future__ import annotations

import statistics
from collections import OrderedDict, deque
from typing import Any

from edge.belt import Belt
from edge.incidents import Incident, IncidentKind, Incidents

LEAST_MM = 12.0  # of way for one estimate
ENOUGH, MOST = 9, 21  # estimates
_MOST_PARTS = 64
_LARGEST = 10.0  # ratio, for a belt said to stand


class VisualSpeed:
    """Compares parts' ways in the picture with the belt's travel; an incident when they differ by more than a share."""

    def __init__(self, belt: Belt, incidents: Incidents, *, tolerance: float) -> None:
        self._belt, self._incidents, self._tolerance = belt, incidents, tolerance
        self._from: OrderedDict[int, tuple[float, float]] = OrderedDict()
        self._ratios: deque[float] = deque(maxlen=MOST)
        self._wrong = False

    @property
    def ratio(self) -> float | None:
        """Way of the parts over travel of the belt, the median of the last estimates; None before there are enough."""
        return statistics.median(self._ratios) if len(self._ratios) >= ENOUGH else None

    def see(self, part: int, x_mm: float, taken_at: float) -> None:
        """Take in where a part is in a frame."""
        if part not in self._from:
            self._from[part] = (x_mm, taken_at)
            while len(self._from) > _MOST_PARTS:
                self._from.popitem(last=False)
            return
        from_mm, since = self._from[part]
        way_mm = x_mm - from_mm
        travel_mm = self._belt.travelled_mm(taken_at) - self._belt.travelled_mm(since)
        if max(way_mm, travel_mm) >= LEAST_MM:
            self._from[part] = (x_mm, taken_at)
            self._ratios.append(min(way_mm / travel_mm, _LARGEST) if travel_mm > 0 else _LARGEST)
            self._judge(taken_at)

    def as_dict(self) -> dict[str, Any]:
        """Return what was found under the names that `run --json` uses."""
        return {"parts_over_belt": None if self.ratio is None else round(self.ratio, 4), "tolerance": self._tolerance}

    def _judge(self, at: float) -> None:
        ratio = self.ratio
        if ratio is None:
            return
        wrong = abs(ratio - 1) > self._tolerance
        if wrong and not self._wrong:
            self._incidents.report(
                Incident(
                    IncidentKind.BELT_SPEED,
                    f"parts move {ratio:.2f} times as fast as the belt is said to, {self._tolerance:.0%} is tolerated",
                    "measure the belt with edge-sort calibrate belt, or mend what slips; check camera.mm_per_px",
                    at,
                )
            )
        self._wrong = wrong
