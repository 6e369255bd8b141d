"""Two samples, one of then and one of now: how likely are they so different when nothing has changed?

Both tests are conditional on the two samples put together, so what was learnt may be as finite as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_EXPECTED = 10.0  # of a class in the newer sample, rarer ones are counted together: twice what Cochran (1954) asks
_LARGEST_TILT = 4000.0


def chance_of_mix(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Return the p-value that counts per class are drawn from the same mix: Pearson's chi-square test of homogeneity.

    Classes too rare to be expected LEAST_EXPECTED times now are counted as one.
    """
    cells = _pooled([(before.get(label, 0), now.get(label, 0)) for label in {*before, *now}])
    if len(cells) < 2:
        return 1.0
    counts = np.array(cells, dtype=np.float64)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return chi_square_tail(float(((counts - expected) ** 2 / expected).sum()), len(cells) - 1)


def _pooled(cells: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    ordered = sorted((cell for cell in cells if sum(cell)), key=sum)
    before, now = (sum(cell[side] for cell in ordered) for side in (0, 1))
    if not before or not now:
        return []
    least = LEAST_EXPECTED * (before + now) / now  # in both samples together
    while len(ordered) > 1 and sum(ordered[0]) < least:
        first, second, *rest = ordered
        ordered = sorted([(first[0] + second[0], first[1] + second[1]), *rest], key=sum)
    return ordered


def chance_of_falling(before: Mapping[str, Sequence[float]], now: Mapping[str, Sequence[float]]) -> float:
    """Return an upper bound of the p-value that values fell as far by chance, class by class.

    Within a class each value is replaced by its rank in both samples together (ties share theirs), so neither the mix
    of classes nor the shape of their values matters. If nothing has changed, the newer ones are drawn from all without
    being put back, and by Hoeffding (1963, "Probability inequalities for sums of bounded random variables", section 6)
    their sum exceeds a bound no more likely than that of draws put back, to which his inequality applies: whatever the
    values are, also when nearly all are the same, a p-value below a level is no more likely than that level.
    """
    depths = [_depths(before[label], values) for label, values in now.items() if values and before.get(label)]
    fallen = sum(float(drawn.sum()) for _, drawn in depths)
    if fallen <= 0:
        return 1.0
    return min(1.0, math.exp(_least_exponent(depths, fallen)))


def _depths(before: Sequence[float], now: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far below the middle rank each of both samples is, -1/2..1/2, and those of the newer one."""
    both = np.concatenate([np.asarray(before, np.float64), np.asarray(now, np.float64)])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / len(both)
    depths = 0.5 - middles[place.reshape(-1)]
    return depths, depths[len(before) :]


def _least_exponent(depths: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], fallen: float) -> float:
    """Minimise n log E[exp(tilt x)] - tilt * fallen, which is convex in the tilt, by halving on its slope."""

    def at(tilt: float) -> tuple[float, float]:
        value, slope = -tilt * fallen, -fallen
        for both, drawn in depths:
            top = float(both.max())
            weights = np.exp(tilt * (both - top))
            total = float(weights.sum())
            value += len(drawn) * (math.log(total / len(both)) + tilt * top)
            slope += len(drawn) * float((weights * both).sum()) / total
        return value, slope

    low, high = 0.0, 1.0
    while at(high)[1] < 0 and high < _LARGEST_TILT:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if at(middle)[1] < 0 else (low, middle)
    return min(0.0, at((low + high) / 2)[0])


def chi_square_tail(value: float, freedom: int) -> float:
    """Return how likely a chi-square variable of so many degrees of freedom (at least 1) is above a value (at least 0).

    The closed forms for whole numbers: Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = value / 2
    if freedom % 2:
        tail, term, power = math.erfc(math.sqrt(half)), math.exp(-half) * 2 * math.sqrt(half / math.pi), 1.5
    else:
        tail, term, power = math.exp(-half), math.exp(-half) * half, 2.0
    for _ in range((freedom - 1) // 2):
        tail += term
        term *= half / power
        power += 1
    return min(1.0, tail)
