"""Latency: every model on the same pictures, in turns, and never for long."""

from __future__ import annotations

import numpy as np

from quantize.latency import RUNS, measure_latency

PICTURES = np.zeros((3, 4, 4, 3), np.uint8)


class Clock:
    """A clock that only models move."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Model:
    """Takes its time, by the clock."""

    def __init__(self, clock: Clock, seconds: list[float]) -> None:
        self.clock, self.seconds, self.calls = clock, seconds, 0

    def raw_scores_of_input(self, _pixels: np.ndarray) -> np.ndarray:
        self.clock.now_s += self.seconds[self.calls % len(self.seconds)]
        self.calls += 1
        return np.zeros(2, np.float32)


def test_median_and_tail_are_those_of_the_model():
    """Ninety-nine quick answers and one slow one: the median does not hear of it."""
    clock = Clock()
    steady, jumpy = Model(clock, [0.002]), Model(clock, [0.001] * 99 + [0.2])

    first, second = measure_latency([steady, jumpy], PICTURES, clock)

    assert (first.median_ms, first.p99_ms, first.runs) == (2.0, 2.0, RUNS)
    assert second.median_ms == 1.0
    assert second.p99_ms > 1.5


def test_a_slow_model_is_not_waited_for():
    """Two seconds an answer: a few are enough."""
    clock = Clock()

    (found,) = measure_latency([Model(clock, [2.0])], PICTURES, clock)

    assert found.median_ms == 2000.0
    assert found.runs == 3
