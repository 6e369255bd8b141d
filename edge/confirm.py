"""Eyes behind the gates: did what a gate was away for fall past it, and did nothing else?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from edge.gates import GateMove
from edge.sensors import Sensor
from edge.transit import Caught

MOST_WAITING = 256  # edges, openings and parts that are not yet compared
LATE_NEWS_S = 0.5  # after which all is known of a moment: the gate's moves come with the frames


@dataclass(frozen=True)
class Confirmation:
    """What the eye saw of a part. at: when, or until when it was waited for, on the machine clock."""

    part: int
    at: float
    found: Literal["seen", "missing"]


class ConfirmEye:
    """The eye behind one gate. mismatch: what was wrong when it last compared, None once it agrees again."""

    def __init__(self, sensor: Sensor, within_s: float, lag_s: float) -> None:
        """within_s: so long after a part's centre was at the gate, at latest, it has passed the eye.

        lag_s: from the gate's pin to its first effect.
        """
        self._sensor, self._within_s, self._lag_s = sensor, within_s, lag_s
        self._passed: deque[float] = deque(maxlen=MOST_WAITING)
        self._claimed: deque[float] = deque(maxlen=MOST_WAITING)
        self._openings: deque[tuple[float, float]] = deque(maxlen=MOST_WAITING)
        self._caught: deque[Caught] = deque(maxlen=MOST_WAITING)
        self._opened_at: float | None = None
        self.mismatch: str | None = None

    def moved(self, move: GateMove) -> None:
        """Take in a move of the gate."""
        if move.kind == "opened":
            self._opened_at = move.at
        elif move.kind == "closed" and self._opened_at is not None:
            self._openings.append((self._opened_at, move.at))
            self._opened_at = None

    def expect(self, caught: Caught) -> None:
        """Take in that the gate was away while this part passed it."""
        self._caught.append(caught)

    def look(self, now: float) -> list[Confirmation]:
        """Compare all that is old enough; return what became of the parts."""
        self._passed.extend(edge.at for edge in self._sensor.edges() if edge.active)
        found = []
        while self._caught and self._caught[0].passed_at + self._within_s + LATE_NEWS_S <= now:
            found.append(self._compare(self._caught.popleft()))
        while self._passed and self._passed[0] + 2 * (self._within_s + LATE_NEWS_S) <= now:
            self._explain(self._passed.popleft())
        return found

    def close(self) -> None:
        """Let the pin go. May be called twice."""
        self._sensor.close()

    def _compare(self, caught: Caught) -> Confirmation:
        until = caught.passed_at + self._within_s
        for at in self._passed:
            if caught.opened_at <= at <= until and at not in self._claimed:
                self._claimed.append(at)
                self.mismatch = None
                return Confirmation(caught.part, at, "seen")
        self.mismatch = f"the gate moved for part {caught.part} and nothing fell past its eye"
        return Confirmation(caught.part, until, "missing")

    def _explain(self, at: float) -> None:
        """A hole in a part gives two edges; what falls when the gate was at rest is wrong."""
        openings = [*self._openings, *([(self._opened_at, at)] if self._opened_at is not None else [])]
        if not any(opened_at <= at <= closed_at + self._lag_s + self._within_s for opened_at, closed_at in openings):
            self.mismatch = "something fell past its eye while the gate was at rest"
