"""A share that was counted, and how sure one can be of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_Z95 = 1.959963984540054  # the standard normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Share:
    """right out of total, with Wilson's 95 % interval."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """right / total; None when nothing was counted."""
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound of the true share: within 0..1, and wide apart when few were counted."""
        return wilson(self.right, self.total)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts, the share (None of nothing) and its bounds."""
        low, high = self.interval
        share = round(self.value, 6) if self.value is not None else None
        return {"right": self.right, "total": self.total, "share": share, "low": round(low, 6), "high": round(high, 6)}


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of `right` out of `total` (Wilson 1927); (0, 1) when nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share, z2 = right / total, _Z95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return middle - half if right else 0.0, middle + half if right < total else 1.0  # exact at both ends


def pictures_to_show(purity: float) -> int:
    """Return how many pictures, all of them right, it takes until the lower bound reaches `purity` (below 1)."""
    return math.ceil(_Z95**2 * purity / (1 - purity))
