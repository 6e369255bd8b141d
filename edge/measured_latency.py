"""How long finding and classifying take here, measured as the line does them."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from edge.background import LEARN_FRAMES
from edge.finder import Finder
from edge.machine import Machine
from edge.parts import Frame
from edge.plan import Latency
from edge.sorter import Scorer

WARM_UP_RUNS = 3


def measure_latency(machine: Machine, scorer: Scorer, runs: int = 100) -> Latency:
    """Time the finder on frames of the machine's size that show parts, and the scorer on a crop of one."""
    rng = np.random.default_rng(0)
    height, width = machine.camera.height_px, machine.camera.width_px
    ground = rng.integers(118, 138, (height, width, 3), dtype=np.uint8)
    side = max(16, min(height, width) // 4)
    with_part = ground.copy()
    with_part[height // 2 : height // 2 + side, width // 2 : width // 2 + side] //= 4
    finder = Finder(machine.finder_settings)
    for number in range(WARM_UP_RUNS + LEARN_FRAMES):  # it learns the empty belt first
        finder.find(Frame(ground, number / machine.camera.frame_rate_hz, number))
    crop = with_part[:side, :side]
    find = _times_ms(lambda: finder.find(Frame(with_part, 0.0, 0)), runs)
    classify = _times_ms(lambda: scorer.scores(crop), runs)
    find_p50, find_p99 = np.percentile(find, [50, 99]).round(3).tolist()
    classify_p50, classify_p99 = np.percentile(classify, [50, 99]).round(3).tolist()
    return Latency(find_p50, find_p99, classify_p50, classify_p99, source=f"measured here, {runs} runs")


def _times_ms(action: Callable[[], object], runs: int) -> list[float]:
    for _ in range(WARM_UP_RUNS):
        action()
    times = []
    for _ in range(runs):
        started = perf_counter()
        action()
        times.append((perf_counter() - started) * 1000)
    return times
