"""Make the channels between two layers equally loud, without changing what the network computes.

An int8 tensor has one scale for all its channels, so the loudest one takes the steps away from the others. Where
nothing but ReLU and pooling stands between two layers, a channel can be divided by a number behind the first and
multiplied by it in the second. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction"
(2019), section 4.1; the scales are those of Xiao et al., "SmoothQuant" (2023), formula 4 with alpha 1/2, because here
the weights have a scale for each channel already and the activations are what suffers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.calibrated import Calibrated
from quantize.tensor_watch import TensorWatch
from quantize.tflite_graph import TfliteGraph

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
# f(x / s) = f(x) / s for each channel and s > 0
_PASSING = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "PAD", "RELU", "RESHAPE")
_MOST = 64.0


@dataclass(frozen=True)
class LayerPair:
    """Two layers with weights and nothing between them that minds the loudness of a channel; places in the graph."""

    first: int
    second: int


def equalized(calibrated: Calibrated, inputs: NDArray[np.uint8]) -> Calibrated:
    """Return the model with its layer pairs equalised to what `inputs`, (N, H, W, C) uint8, make of it.

    The float answers stay; the noted ranges no longer fit and must be measured again.
    """
    graph = TfliteGraph(calibrated.data)
    pairs = layer_pairs(graph)
    loudness = _loudness(calibrated, graph, pairs, inputs)
    for pair in pairs:
        _equalize(graph, pair, loudness[pair.first])
    return Calibrated(graph.packed())


def layer_pairs(graph: TfliteGraph) -> list[LayerPair]:
    """Find the pairs, in the order of computation."""
    places = {id(operator): place for place, operator in enumerate(graph.operators)}
    found = []
    for place, operator in enumerate(graph.operators):
        if _may_scale(graph, operator):
            second = _second(graph, operator)
            if second is not None:
                found.append(LayerPair(place, places[id(second)]))
    return found


def _may_scale(graph: TfliteGraph, operator: Any) -> bool:
    """A first layer has weights of its own and ends in nothing, or in ReLU: ReLU6 minds how loud a channel is."""
    return (
        graph.kind(operator) in _WEIGHTED and graph.activation(operator) in ("NONE", "RELU") and _own(graph, operator)
    )


def _own(graph: TfliteGraph, operator: Any) -> bool:
    """Weights that are constants, and for a depthwise layer one filter for each channel."""
    inputs = graph.inputs(operator)
    weights = graph.constant(inputs[1])
    if weights is None:
        return False
    return graph.kind(operator) != "DEPTHWISE_CONV_2D" or weights.shape[-1] == graph.shape(inputs[0])[-1]


def _second(graph: TfliteGraph, first: Any) -> Any | None:
    tensor = graph.output(first)
    while True:
        readers = graph.consumers(tensor)
        if len(readers) != 1 or tensor in graph.ends or graph.inputs(readers[0])[0] != tensor:
            return None
        (reader,) = readers
        if graph.kind(reader) in _WEIGHTED:
            return reader if _own(graph, reader) else None
        if graph.kind(reader) not in _PASSING or graph.activation(reader) not in ("NONE", "RELU"):
            return None
        if not _keeps_channels(graph, reader):
            return None
        tensor = graph.output(reader)


def _keeps_channels(graph: TfliteGraph, operator: Any) -> bool:
    """Whether the channel still runs fastest behind an operator: flattened, it repeats itself."""
    before, after = graph.shape(graph.inputs(operator)[0]), graph.shape(graph.output(operator))
    if graph.kind(operator) == "RESHAPE":
        return after[-1] % before[-1] == 0 and int(np.prod(before)) == after[-1] * int(np.prod(after[:-1]))
    if graph.kind(operator) == "MEAN":
        axes = graph.constant(graph.inputs(operator)[1])
        return axes is not None and len(before) - 1 not in (axes % len(before)).tolist()
    return before[-1] == after[-1]


def _loudness(
    calibrated: Calibrated, graph: TfliteGraph, pairs: list[LayerPair], inputs: NDArray[np.uint8]
) -> dict[int, NDArray[np.float64]]:
    """Return, for each first layer, the largest absolute value of each of its channels."""
    watch = TensorWatch(calibrated.data)
    tensors = {pair.first: graph.output(graph.operators[pair.first]) for pair in pairs}
    loudest = {first: np.zeros(graph.shape(tensor)[-1]) for first, tensor in tensors.items()}
    for _ in watch.each(inputs):
        for first, tensor in tensors.items():
            values = np.abs(watch.values(tensor)).reshape(-1, len(loudest[first]))
            loudest[first] = np.maximum(loudest[first], values.max(axis=0))
    return loudest


def _equalize(graph: TfliteGraph, pair: LayerPair, loudness: NDArray[np.float64]) -> None:
    first, second = graph.operators[pair.first], graph.operators[pair.second]
    scale = channel_scales(loudness, _sensitivity(graph, second, len(loudness)))
    _scale(graph, first, 1, 1 / scale, axis=3 if graph.kind(first) == "DEPTHWISE_CONV_2D" else 0)
    if len(first.inputs) > 2 and graph.constant(int(first.inputs[2])) is not None:
        _scale(graph, first, 2, 1 / scale, axis=0)
    weights = graph.constant(int(second.inputs[1]))
    assert weights is not None  # found by `layer_pairs`
    axis = weights.ndim - 1
    _scale(graph, second, 1, np.tile(scale, weights.shape[axis] // len(scale)), axis)


def channel_scales(loudness: NDArray[np.float64], sensitivity: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return what to divide each channel by. loudness, sensitivity: largest activation and weight of each channel.

    sensitivity None: the second layer has a weight scale for each of these channels, so only loudness counts. Silent
    channels keep their scale; the middle channel keeps its loudness.
    """
    scale = np.ones(len(loudness))
    live = loudness > 0
    if sensitivity is not None:
        live &= sensitivity > 0
    if not live.any():
        return scale
    wanted = loudness[live] if sensitivity is None else np.sqrt(loudness[live] / sensitivity[live])
    scale[live] = np.clip(wanted / np.median(wanted), 1 / _MOST, _MOST)
    return scale


def _sensitivity(graph: TfliteGraph, second: Any, channels: int) -> NDArray[np.float64] | None:
    if graph.kind(second) == "DEPTHWISE_CONV_2D":
        return None
    weights = graph.constant(int(second.inputs[1]))
    assert weights is not None  # found by `layer_pairs`
    largest: NDArray[np.float64] = np.abs(weights).reshape(-1, channels).max(axis=0).astype(np.float64)
    return largest


def _scale(graph: TfliteGraph, operator: Any, position: int, scale: NDArray[np.float64], axis: int) -> None:
    values = graph.constant(int(operator.inputs[position]))
    assert values is not None  # found by `layer_pairs`
    shape = [1] * values.ndim
    shape[axis] = -1
    graph.replace_constant(operator, position, (values * scale.reshape(shape)).astype(np.float32))
