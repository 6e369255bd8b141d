"""What can be said about a model and the Edge TPU before, and without, Google's compiler.

The compiler maps the graph from its start to the first operator that it does not know; the rest runs on the CPU
("More than one subgraph is not supported"). So one odd operator in front costs nearly everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.errors import ModelError
from edge.model_graph import Graph, Operator, Tensor

# https://coral.ai/docs/edgetpu/models-intro/#supported-operations
SUPPORTED = frozenset(
    """ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D EXPAND_DIMS FULLY_CONNECTED L2_NORMALIZATION LOGISTIC
    UNIDIRECTIONAL_SEQUENCE_LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PACK PAD PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU
    RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SQUEEZE
    STRIDED_SLICE SUB SUM SQUARED_DIFFERENCE TANH TRANSPOSE TRANSPOSE_CONV""".split()  # noqa: SIM905 - one word each
)
# Operator versions that compiler 16.0, the last one, refused: google-coral/edgetpu issues 631, 845, 879.
FIRST_REFUSED_VERSION = {"CONV_2D": 6, "TRANSPOSE_CONV": 4, "QUANTIZE": 3}
NO_FUSED_ACTIVATION = frozenset({"AVERAGE_POOL_2D", "CONCATENATION", "MAX_POOL_2D"})
MOST_SOFTMAX_VALUES = 16_000

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
INTEGERS = frozenset({"INT8", "UINT8"})
BESIDE_THEM = frozenset({"INT32", "INT64", "BOOL"})  # biases, shapes, axes


@dataclass(frozen=True)
class Obstacle:
    """An operator that will run on the CPU, with the reason; `place` is its number in the graph, from 0."""

    place: int
    kind: str
    why: str


@dataclass(frozen=True)
class Forecast:
    """What the compiler will make of a model. share: of the multiply-accumulates it can map, 0..1."""

    obstacles: tuple[Obstacle, ...]
    share: float

    @property
    def sentence(self) -> str:
        """The forecast for the user."""
        if not self.obstacles:
            return "every operator of the model is one that the Edge TPU knows"
        first = self.obstacles[0]
        others = f" ({len(self.obstacles) - 1} more after it)" if len(self.obstacles) > 1 else ""
        return (
            f"operator {first.place + 1}, {first.kind}, will not be mapped: {first.why}{others}; "
            f"before it lie {self.share:.1%} of the multiply-accumulates"
        )


def forecast(graph: Graph) -> Forecast:
    """Say which operators of an integer model the compiler will leave on the CPU.

    Raises ModelError for a model that it would not take at all: tensors that are not 8-bit, or without a fixed shape.
    """
    for tensor in (*graph.inputs, *graph.outputs, *_tensors_of_operators(graph)):
        _require_static_integer(tensor)
    if graph.subgraphs != 1:
        raise ModelError(
            f"expected a model of one subgraph for the Edge TPU, found {graph.subgraphs}; "
            "replace loops and conditions in the network"
        )
    found = [
        Obstacle(place, operator.kind, why)
        for place, operator in enumerate(graph.operators)
        if (why := why_not_mapped(operator)) is not None
    ]
    before = graph.operators[: found[0].place] if found else graph.operators
    return Forecast(tuple(found), sum(operator.macs for operator in before) / max(graph.macs, 1) if found else 1.0)


def why_not_mapped(operator: Operator) -> str | None:
    """Return why the Edge TPU will not compute an operator, None when it should."""
    if operator.kind not in SUPPORTED:
        return "the Edge TPU does not know it"
    refused = FIRST_REFUSED_VERSION.get(operator.kind)
    if refused is not None and operator.version >= refused:
        return f"the compiler knows it to version {refused - 1} and this is version {operator.version}"
    if operator.kind in NO_FUSED_ACTIVATION and operator.activation not in (None, "NONE"):
        return f"it must have no activation of its own, and has {operator.activation}"
    if operator.kind == "FULLY_CONNECTED" and len(operator.outputs[0].shape) > 2:
        return f"its output must have one dimension beside the batch, and has shape {list(operator.outputs[0].shape)}"
    if operator.kind == "SOFTMAX" and math.prod(operator.outputs[0].shape) > MOST_SOFTMAX_VALUES:
        return f"it takes at most {MOST_SOFTMAX_VALUES} values, and gets {math.prod(operator.outputs[0].shape)}"
    if any(math.prod(tensor.shape[:-3]) > 1 for tensor in operator.outputs):
        return f"only the last three dimensions may be above 1, and its shape is {list(operator.outputs[0].shape)}"
    return None


def _tensors_of_operators(graph: Graph) -> list[Tensor]:
    """Return what the operators read and write, less the 16-bit state that a quantized LSTM keeps by design."""
    return [
        tensor
        for operator in graph.operators
        for tensor in (*operator.inputs, *operator.outputs)
        if not (operator.kind == LSTM and tensor.dtype == "INT16")
    ]


def _require_static_integer(tensor: Tensor) -> None:
    if tensor.dtype not in INTEGERS | BESIDE_THEM:
        raise ModelError(
            f"expected a model of 8-bit integers for the Edge TPU, found {tensor.dtype.lower()} in {tensor.name!r}; "
            "quantize it to full int8"
        )
    if not tensor.fixed:
        raise ModelError(
            f"expected fixed shapes for the Edge TPU, found one known only when it runs in {tensor.name!r}; "
            "convert the model with a batch of 1"
        )
