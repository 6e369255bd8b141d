"""How far from its place, in millimetres of belt, each gate was where it should have been."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["on_time", "early", "late", "lost"]


@dataclass(frozen=True)
class Deviation:
    """How much of the belt passed between where a gate should have moved and where it did; negative is too soon.

    opened_mm, closed_mm: None where that end does not count, because the gate was held open for another part there.
    """

    opened_mm: float | None
    closed_mm: float | None

    def verdict(self, tolerance_mm: float) -> Verdict:
        """Name the larger of the two, when it is beyond the tolerance."""
        worst_mm = max((one for one in (self.opened_mm, self.closed_mm) if one is not None), key=abs, default=0.0)
        if abs(worst_mm) <= tolerance_mm:
            return "on_time"
        return "early" if worst_mm < 0 else "late"


class WindowTally:
    """Counts the windows of a run. tolerance_mm: how far off its place a gate may move and still be on time."""

    def __init__(self, tolerance_mm: float) -> None:
        self.tolerance_mm = tolerance_mm
        self._counts: Counter[Verdict] = Counter()
        self._earliest_mm = self._latest_mm = 0.0

    def passed(self, deviation: Deviation) -> Verdict:
        """Count the window of a part that a gate was away for."""
        verdict = deviation.verdict(self.tolerance_mm)
        self._counts[verdict] += 1
        for one in (deviation.opened_mm, deviation.closed_mm):
            self._earliest_mm = min(self._earliest_mm, one or 0.0)
            self._latest_mm = max(self._latest_mm, one or 0.0)
        return verdict

    def lost(self) -> None:
        """Count the window of a part that no gate was away for, although that had been planned."""
        self._counts["lost"] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the counts under the names that `run --json` uses."""
        names: tuple[Verdict, ...] = ("on_time", "early", "late", "lost")
        return {
            **{name: self._counts[name] for name in names},
            "tolerance_mm": self.tolerance_mm,
            "most_early_mm": round(abs(self._earliest_mm), 3),
            "most_late_mm": round(self._latest_mm, 3),
        }

    def sentence(self) -> str:
        """Say it for a person."""
        found = self.as_dict()
        early = f"{found['early']} early (at most {found['most_early_mm']:.1f} mm)"
        late = f"{found['late']} late (at most {found['most_late_mm']:.1f} mm)"
        return (
            f"gate windows: {found['on_time']} on time within {self.tolerance_mm:g} mm, {early}, {late}, "
            f"{found['lost']} lost"
        )
