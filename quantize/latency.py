"""How long one answer takes on this machine, one thread: a word about this machine, not about the device."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.classifier import Classifier

RUNS = 100
_WARM_UP = 5
_MOST_S = 4.0


@dataclass(frozen=True)
class Latency:
    """Milliseconds from model input to scores: the median and the 99th percentile of `runs`."""

    median_ms: float
    p99_ms: float
    runs: int


def measure_latency(
    classifiers: Sequence[Classifier], inputs: NDArray[np.uint8], clock: Callable[[], float] = time.perf_counter
) -> list[Latency]:
    """Time each classifier on the same pictures, (N, H, W, C) uint8, in turns: what else the machine does hits all.

    At most RUNS answers each, and no longer than a few seconds in all.
    """
    spent: list[list[float]] = [[] for _ in classifiers]
    for classifier in classifiers:
        for index in range(_WARM_UP):
            classifier.raw_scores_of_input(inputs[index % len(inputs)])
    begun = clock()
    for run in range(RUNS):
        for times, classifier in zip(spent, classifiers, strict=True):
            started = clock()
            classifier.raw_scores_of_input(inputs[run % len(inputs)])
            times.append(clock() - started)
        if clock() - begun > _MOST_S * len(classifiers):
            break
    return [_latency(times) for times in spent]


def _latency(seconds: Sequence[float]) -> Latency:
    milliseconds = 1000 * np.array(seconds)
    median, p99 = np.percentile(milliseconds, [50, 99])
    return Latency(round(float(median), 4), round(float(p99), 4), len(milliseconds))
