"""Which layers carry what int8 costs: each layer's own rounding, and what has added up until there.

Own: the int8 layer against the same layer in float on the same int8 values (TensorFlow's NumericVerify, which its
QuantizationDebugger uses too). Together: the int8 network's tensor against the float network's, picture by picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.calibrated import Calibrated
from quantize.channel_sums import ChannelSums, decibels
from quantize.tensor_watch import TensorWatch
from quantize.tflite_graph import TfliteGraph

PICTURES = 32  # a sample: the figures settle long before, and every tensor of each picture is looked at
SHOWN = 8
GOOD_DB = 30.0  # by channel_db; networks that lose nothing have their worst layers at 25 to 40 (measured, see docs)


@dataclass(frozen=True)
class LayerError:
    """What int8 does to one layer, over the sampled pictures.

    layer: Keras' name. operator: TFLite's. tensor: the name of its output in the converted model.
    own_db, together_db: signal to quantization noise, decibels; more is better, None when nothing was lost.
    channel_db: of the middle channel, what varies in it over its own noise: neither a loud channel beside it nor its
    own constant level hides a loss.
    rmse_steps: root of the mean squared own error in steps of the int8 scale; rounding alone gives 0.29.
    low, high: what the float network reaches; range_low, range_high: what int8 can express; used: their ratio, 0..1.
    saturated: share of values that int8 cuts off, 0..1. channels; dead: those that are constant in the float network
    already; silenced: those that only int8 made constant.
    channel_spread: loudest channel over the middle one; weight_spread: the same of the weights' output channels, None
    for a layer without weights.
    """

    layer: str
    operator: str
    tensor: str
    own_db: float | None
    together_db: float | None
    channel_db: float | None
    rmse_steps: float
    low: float
    high: float
    range_low: float
    range_high: float
    used: float
    saturated: float
    channels: int
    dead: int
    silenced: int
    channel_spread: float
    weight_spread: float | None


def measure_layers(
    calibrated: Calibrated, inputs: NDArray[np.uint8], keras_model: Any = None, float_layers: Sequence[str] = ()
) -> list[LayerError]:
    """Measure every layer that int8 changes, in the order in which they are computed.

    inputs: (N, H, W, C) uint8, of which a sample of PICTURES is enough. keras_model: for the names of its layers.
    Only sums per channel are kept, so memory depends on the network alone.
    """
    plain, names = TfliteGraph(calibrated.data), _layer_names(keras_model)
    return [_layer_error(plain, pair, sums, names) for pair, sums in layer_sums(calibrated, inputs, float_layers)]


def layer_sums(
    calibrated: Calibrated, inputs: NDArray[np.uint8], float_layers: Sequence[str] = ()
) -> list[tuple[Pair, ChannelSums]]:
    """Run int8 and float side by side over `inputs` and add up what every layer's channels do."""
    verifying = calibrated.verifying(float_layers)
    graph, plain = TfliteGraph(verifying), TfliteGraph(calibrated.data)
    pairs = [(pair, ChannelSums.of(graph, plain, pair)) for pair in _pairs(graph, plain)]
    watch, reference = TensorWatch(verifying), TensorWatch(calibrated.data)
    for _ in zip(watch.each(inputs), reference.each(inputs), strict=True):
        for pair, sums in pairs:
            sums.add(watch.values(pair.integer), watch.values(pair.float), reference.values(pair.reference))
    return pairs


def worst_first(layers: Sequence[LayerError]) -> list[LayerError]:
    """Order by what the middle channel of a layer loses, the worst first."""
    return sorted(layers, key=lambda layer: np.inf if layer.channel_db is None else layer.channel_db)


def none_stands_out(layers: Sequence[LayerError]) -> bool:
    """Say whether every layer is computed well: what is lost then are close calls, not a layer's fault."""
    return all(layer.channel_db is None or layer.channel_db >= GOOD_DB for layer in layers)


def layers_object(layers: Sequence[LayerError]) -> list[dict[str, Any]]:
    """Return the layers for JSON, in the order of computation, each with its rank: 1 is the worst."""
    ranks = {layer.tensor: rank for rank, layer in enumerate(worst_first(layers), start=1)}
    return [{"rank": ranks[layer.tensor], **asdict(layer)} for layer in layers]


@dataclass(frozen=True)
class Pair:
    """Numbers of one layer's tensors: int8 and float in the verifying model, and in the calibrated one.

    operator: its place in the calibrated model.
    """

    integer: int
    float: int
    reference: int
    operator: int


def _pairs(graph: TfliteGraph, plain: TfliteGraph) -> list[Pair]:
    known = {plain.name(plain.output(operator)): number for number, operator in enumerate(plain.operators)}
    found = []
    for operator in graph.operators:
        if graph.kind(operator) != "CUSTOM":
            continue
        integer, real = graph.inputs(operator)
        number = next((known[name] for name in (graph.name(real), graph.name(integer)) if name in known), None)
        if number is not None:
            found.append(Pair(integer, real, plain.output(plain.operators[number]), number))
    return found


def _layer_error(plain: TfliteGraph, pair: Pair, sums: ChannelSums, names: Sequence[tuple[str, bool]]) -> LayerError:
    operator = plain.operators[pair.operator]
    weights = weight_ranges(plain, operator)
    tensor = plain.name(pair.reference)
    reach = sums.range_high - sums.range_low
    return LayerError(
        layer=names[-1][0] if names and pair.reference in plain.ends else layer_name(tensor, names),
        operator=plain.kind(operator),
        tensor=tensor,
        own_db=decibels(sums.signal.sum(), sums.own_error.sum()),
        together_db=decibels(sums.signal.sum(), sums.together_error.sum()),
        channel_db=sums.middle_channel_db,
        rmse_steps=float(np.sqrt(sums.own_error.sum() / sums.values) / sums.scale),
        low=float(sums.lowest.min()),
        high=float(sums.highest.max()),
        range_low=sums.range_low,
        range_high=sums.range_high,
        used=float(np.clip((sums.highest.max() - sums.lowest.min()) / reach, 0, 1)),
        saturated=sums.cut_off / sums.values,
        channels=len(sums.signal),
        dead=int(sums.dead.sum()),
        silenced=int(sums.silenced.sum()),
        channel_spread=spread(np.maximum(np.abs(sums.lowest), np.abs(sums.highest))),
        weight_spread=None if weights is None else spread(weights),
    )


def weight_ranges(graph: TfliteGraph, operator: Any) -> NDArray[np.float32] | None:
    """Return the largest absolute weight of each output channel; None for an operator without constant weights."""
    kind, inputs = graph.kind(operator), graph.inputs(operator)
    if kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return None
    weights = graph.constant(inputs[1])
    if weights is None:
        return None
    axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
    found: NDArray[np.float32] = np.abs(np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)).max(axis=1)
    return found


def spread(ranges: NDArray[Any]) -> float:
    """Return the largest of some ranges over the middle one that is not nothing; 1 when there are none."""
    some = ranges[ranges > 0]
    return float(some.max() / np.median(some)) if len(some) else 1.0


def layer_name(tensor: str, names: Sequence[tuple[str, bool]]) -> str:
    """Find the Keras layer in a tensor's name, one with weights first; the operator's path when there is none.

    A name is made of paths joined by ";", and TensorFlow appends a number to each part of a path.
    names: of Keras' layers, each with whether it has a kernel.
    """
    known = dict(names)
    found = [
        layer
        for path in tensor.split(";")
        for part in path.split("/")
        for layer in (re.sub(r"_\d+$", "", part), part)
        if layer in known
    ]
    with_kernel = [layer for layer in found if known[layer]]
    return (with_kernel or found or [tensor.split(";")[0]])[0]


def _layer_names(model: Any) -> list[tuple[str, bool]]:
    if model is None:
        return []
    return [(layer.name, hasattr(layer, "kernel")) for layer in model.layers]
