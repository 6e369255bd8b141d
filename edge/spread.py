"""How long something took, many times over: counts in fixed steps, which after a day cost what they cost at first."""

from __future__ import annotations

import bisect
from dataclasses import dataclass

# milliseconds, five steps to a factor of ten
BOUNDS_MS = tuple(round(10 ** (power / 5), 3) for power in range(-10, 18))


@dataclass(frozen=True)
class Spread:
    """counts: how often it took at most BOUNDS_MS, step by step and not added up; the last is beyond all of them."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)
    sum_ms: float = 0.0
    most_ms: float = 0.0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile_ms(self, share: float) -> float | None:
        """Return what this share of them did not exceed, to within a step; None when there was none."""
        wanted = share * self.count
        if not self.count:
            return None
        below, lower_ms = 0, 0.0
        for bound_ms, count in zip((*BOUNDS_MS, self.most_ms), self.counts, strict=True):
            if count and below + count >= wanted:
                upper_ms = min(bound_ms, self.most_ms)
                return lower_ms + max(upper_ms - lower_ms, 0.0) * (wanted - below) / count
            below, lower_ms = below + count, bound_ms
        return self.most_ms


class SpreadCounter:
    """Takes them in, one at a time."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)
        self._sum_ms = self._most_ms = 0.0

    def add(self, took_ms: float) -> None:
        """Count one."""
        self._counts[bisect.bisect_left(BOUNDS_MS, took_ms)] += 1
        self._sum_ms += took_ms
        self._most_ms = max(self._most_ms, took_ms)

    def spread(self) -> Spread:
        """Return what there is so far."""
        return Spread(tuple(self._counts), self._sum_ms, self._most_ms)
