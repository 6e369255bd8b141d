"""Ranges for the integers, measured anew on the float model: over other pictures, or without the rarest values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantize.calibrated import Calibrated
from quantize.tensor_watch import TensorWatch
from quantize.tflite_graph import Range, TfliteGraph

_BINS = 4096


def measured_ranges(calibrated: Calibrated, inputs: NDArray[np.uint8]) -> dict[str, Range]:
    """Return the lowest and highest value of every computed tensor over `inputs`, (N, H, W, C) uint8, by name."""
    graph, watch = TfliteGraph(calibrated.data), TensorWatch(calibrated.data)
    low, high = dict.fromkeys(graph.computed, np.inf), dict.fromkeys(graph.computed, -np.inf)
    for _ in watch.each(inputs):
        for name, tensor in graph.computed.items():
            values = watch.values(tensor)
            low[name], high[name] = min(low[name], values.min()), max(high[name], values.max())
    return {name: Range(float(low[name]), float(high[name])) for name in low}


def cut_ranges(
    calibrated: Calibrated, inputs: NDArray[np.uint8], ranges: dict[str, Range], percentile: float
) -> dict[str, Range]:
    """Return ranges that hold `percentile` per cent of each tensor's values over `inputs`, and cut off the rest.

    Both ends are cut, unless one is 0: that is where ReLU ends. The model's own input and output keep theirs. Counted
    in _BINS bins over `ranges`, so memory does not depend on the number of pictures.
    """
    graph, watch = TfliteGraph(calibrated.data), TensorWatch(calibrated.data)
    inner = {name: tensor for name, tensor in graph.computed.items() if tensor not in graph.ends and name in ranges}
    counts = {name: np.zeros(_BINS, np.int64) for name in inner}
    for _ in watch.each(inputs):
        for name, tensor in inner.items():
            counts[name] += np.histogram(watch.values(tensor), _BINS, (ranges[name].low, ranges[name].high))[0]
    return {name: _cut(counts[name], ranges[name], percentile) for name in inner}


def _cut(counts: NDArray[np.int64], whole: Range, percentile: float) -> Range:
    beyond = counts.sum() * (1 - percentile / 100)
    step = (whole.high - whole.low) / _BINS
    low, high = whole.low, whole.high
    if whole.low < 0:
        low += step * int(np.searchsorted(np.cumsum(counts), beyond, side="right"))
    if whole.high > 0:
        high -= step * int(np.searchsorted(np.cumsum(counts[::-1]), beyond, side="right"))
    return Range(min(low, 0.0), max(high, 0.0)) if low < high else whole
