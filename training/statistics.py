"""The few statistics that keep small test sets honest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from edge.extras import need

_Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Share:
    """`right` out of `total`, with the 95 % interval in which the true share lies."""

    right: int
    total: int

    @property
    def value(self) -> float | None:
        """right / total; None when nothing was counted."""
        return self.right / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval: it stays within 0..1 and is wide when few were counted."""
        return wilson(self.right, self.total)


def wilson(right: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of `right` out of `total`; (0, 1) when nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    interval = _binomtest(right, total, 0.5).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar(only_first_right: int, only_second_right: int) -> float:
    """Return the exact two-sided p-value that two models tested on the same pictures are equally good.

    Only the pictures on which exactly one of them is right say anything about that.
    """
    differing = only_first_right + only_second_right
    fewer = min(only_first_right, only_second_right)
    return float(_binomtest(fewer, differing, 0.5).pvalue) if differing else 1.0


def chance_of_so_few(right: int, total: int, share: float) -> float:
    """Return how likely at most `right` of `total` are when each is with probability `share`; 1 when total is 0."""
    return float(_binomtest(right, total, share, "less").pvalue) if total else 1.0


def _binomtest(right: int, total: int, share: float, alternative: str = "two-sided") -> Any:
    return need("scipy.stats", "desktop", "the report").binomtest(right, total, share, alternative)


def pictures_to_show(purity: float) -> int:
    """Return how many pictures, all of them right, it takes until Wilson's lower bound reaches `purity` (below 1)."""
    return math.ceil(_Z_95**2 * purity / (1 - purity))
