"""Ranges for the integers, measured anew on the float model: over other pictures, or without the rarest values.

Only inner tensors get another range. The input and what merely rescales its pixels keep theirs, 0 to 255: the belt may
be brighter than any picture so far. So does the output, whose range is fixed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantize.calibrated import Calibrated
from quantize.tensor_watch import TensorWatch
from quantize.tflite_graph import Range, TfliteGraph

_BINS = 4096
_ON_PIXELS = ("MUL", "ADD", "SUB", "DIV", "QUANTIZE", "CONCATENATION", "PAD")


def measured_ranges(calibrated: Calibrated, inputs: NDArray[np.uint8]) -> dict[str, Range]:
    """Return the lowest and highest value of every inner tensor over `inputs`, (N, H, W, C) uint8, by name."""
    inner, watch = inner_tensors(TfliteGraph(calibrated.data)), TensorWatch(calibrated.data)
    low, high = dict.fromkeys(inner, np.inf), dict.fromkeys(inner, -np.inf)
    for _ in watch.each(inputs):
        for name, tensor in inner.items():
            values = watch.values(tensor)
            low[name], high[name] = min(low[name], values.min()), max(high[name], values.max())
    return {name: Range(min(float(low[name]), 0.0), max(float(high[name]), 0.0)) for name in inner}


def cut_ranges(
    calibrated: Calibrated, inputs: NDArray[np.uint8], ranges: dict[str, Range], percentile: float
) -> dict[str, Range]:
    """Return ranges that hold `percentile` per cent of each inner tensor's values over `inputs`; the rest is cut off.

    Each end loses that share, unless it is 0: that is where ReLU ends. Counted in _BINS bins over `ranges`, so memory
    does not depend on the number of pictures.
    """
    inner, watch = inner_tensors(TfliteGraph(calibrated.data)), TensorWatch(calibrated.data)
    counts = {name: np.zeros(_BINS, np.int64) for name in inner}
    for _ in watch.each(inputs):
        for name, tensor in inner.items():
            counts[name] += np.histogram(watch.values(tensor), _BINS, (ranges[name].low, ranges[name].high))[0]
    return {name: _cut(counts[name], ranges[name], percentile) for name in inner}


def inner_tensors(graph: TfliteGraph) -> dict[str, int]:
    """Return the computed floats that are neither an end of the model nor rescaled pixels, by name."""
    pixels = set(graph.ends)
    for operator in graph.operators:
        if _rescales(graph, operator) and graph.inputs(operator)[0] in pixels:
            pixels.add(graph.output(operator))
    known = graph.ranges()
    return {name: tensor for name, tensor in graph.computed.items() if tensor not in pixels and name in known}


def _rescales(graph: TfliteGraph, operator: object) -> bool:
    if graph.kind(operator) == "DEPTHWISE_CONV_2D":
        weights = graph.constant(graph.inputs(operator)[1])
        return weights is not None and weights.shape[1:3] == (1, 1)
    return graph.kind(operator) in _ON_PIXELS


def _cut(counts: NDArray[np.int64], whole: Range, percentile: float) -> Range:
    beyond = counts.sum() * (1 - percentile / 100)
    step = (whole.high - whole.low) / _BINS
    low, high = whole.low, whole.high
    if whole.low < 0:
        low += step * int(np.searchsorted(np.cumsum(counts), beyond, side="right"))
    if whole.high > 0:
        high -= step * int(np.searchsorted(np.cumsum(counts[::-1]), beyond, side="right"))
    return Range(min(low, 0.0), max(high, 0.0)) if low < high else whole
