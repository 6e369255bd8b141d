"""What a classification would take, on a clock that somebody moves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.clocks import ManualClock
from edge.sorter import Scorer

LATENCY_SPREAD = math.log(3.0) / 2.326  # of a log-normal whose 99th percentile is 3 times its median


class AssumedLatency:
    """Lets time pass on the manual clock as a classification would, drawn from a log-normal distribution."""

    def __init__(self, scorer: Scorer, clock: ManualClock, median_s: float, seed: int) -> None:
        self._scorer, self._clock, self._median_s = scorer, clock, median_s
        self._rng = np.random.default_rng([seed, 4])

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = self._scorer.scores(image)
        took_s = self._median_s * self._rng.lognormal(0.0, LATENCY_SPREAD)
        self._clock.sleep_until(self._clock.now() + took_s)
        return scores
