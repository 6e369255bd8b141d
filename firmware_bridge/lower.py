"""From the graph of a .tflite file to the layers of a Network; what cannot be written as C is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from edge.model_graph import Graph, Operator, Tensor
from firmware_bridge.fixed_point import activation_range
from firmware_bridge.layers import Addition, Convolution, Joining, Layer, Lookup, Network, Range
from firmware_bridge.lower_checks import check_graph, refuse
from firmware_bridge.lower_convolution import convolution, dense, depthwise
from firmware_bridge.lower_windows import mean, padding, pool, softmax
from firmware_bridge.unary_tables import (
    Table,
    add_factors,
    add_table,
    logistic_table,
    multiply_table,
    requantize_table,
)

Like = Literal["litert", "micro"]
_WIDE_LOGISTIC = 2.0  # from here on LiteRT and TensorFlow Lite Micro answer a few inputs differently (measured)
MOVES_NOTHING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")  # the same values in the same order


def lower(graph: Graph, like: Like = "litert") -> Network:
    """Return the layers of a graph. like: whose reference kernels answer every byte alike.

    They are the same but for FULLY_CONNECTED: LiteRT 2 rounds its sums once, TensorFlow Lite Micro twice as all other
    kernels do, and one in 600 of them comes out another way (measured). Raises ModelError naming the operator or tensor
    that cannot be exported.
    """
    check_graph(graph)
    buffers = _buffers(graph)
    layers = [
        _rounded(_LOWERED[operator.kind](operator, _title(number, operator), buffers), operator, like)
        for number, operator in enumerate(graph.operators)
        if operator.kind not in MOVES_NOTHING
    ]
    tensors = (*graph.inputs, *(tensor for operator in graph.operators for tensor in operator.outputs))
    sizes = {buffers[tensor.index]: math.prod(tensor.shape) for tensor in tensors}
    return Network(tuple(layers), sizes, buffers[graph.inputs[0].index], buffers[graph.outputs[0].index])


def _rounded(layer: Layer, operator: Operator, like: Like) -> Layer:
    if isinstance(layer, Convolution) and operator.kind == "FULLY_CONNECTED" and like == "litert":
        return replace(layer, once=True)
    return layer


def _buffers(graph: Graph) -> dict[int, int]:
    """Return the buffer of each tensor that is computed: its own, or that of the tensor it is another shape of."""
    buffers = {tensor.index: tensor.index for tensor in graph.inputs}
    for operator in graph.operators:
        shares = operator.kind in MOVES_NOTHING
        for tensor in operator.outputs:
            buffers[tensor.index] = buffers[operator.inputs[0].index] if shares else tensor.index
    return buffers


def _title(number: int, operator: Operator) -> str:
    """Say which operator a layer was: number, kind, shapes, and the last part of the name TensorFlow gave it."""
    shapes = " + ".join(_shape(tensor) for tensor in operator.inputs if not tensor.constant)
    name = operator.outputs[0].name.split(";")[0].rsplit("/", 2)[-2:]
    printable = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in "/".join(name))
    printable = printable.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")
    activation = "" if operator.activation in (None, "NONE") else f" + {operator.activation}"
    return f"{number} {operator.kind}{activation}: {shapes} -> {_shape(operator.outputs[0])}  {printable[:60]}"


def _shape(tensor: Tensor) -> str:
    return " x ".join(str(size) for size in tensor.shape[1:] or tensor.shape)


Buffers = dict[int, int]


def _lookup(operator: Operator, title: str, buffers: Buffers, given: Tensor, table: Table) -> Layer:
    inputs, output = (buffers[given.index],), buffers[operator.outputs[0].index]
    return Lookup(title, inputs, output, math.prod(given.shape), table)


def _logistic(operator: Operator, title: str, buffers: Buffers) -> Layer:
    given = operator.inputs[0]
    if given.scale[0] >= _WIDE_LOGISTIC:
        raise refuse(
            operator, f"an input scale of {given.scale[0]:g}, at which TensorFlow Lite's own kernels differ",
            "calibrate the model with real pictures",
        )  # fmt: skip
    return _lookup(operator, title, buffers, given, logistic_table(given))


def _requantize(operator: Operator, title: str, buffers: Buffers) -> Layer:
    given, output = operator.inputs[0], operator.outputs[0]
    activation = operator.kind if operator.kind in ("RELU", "RELU6") else None
    return _lookup(operator, title, buffers, given, requantize_table(given, output, activation))


def _two_operands(operator: Operator, title: str, buffers: Buffers) -> Layer:
    """ADD and MUL: with one constant a table; of two buffers of one shape ADD only."""
    constants = [tensor for tensor in operator.inputs if tensor.constant]
    given = next(tensor for tensor in operator.inputs if not tensor.constant)
    if constants:
        if math.prod(constants[0].shape) != 1:
            raise refuse(operator, "an operand of several constants", "rescale with one factor for all channels")
        make = add_table if operator.kind == "ADD" else multiply_table
        return _lookup(operator, title, buffers, given, make(operator, given, constants[0]))
    if operator.kind != "ADD" or operator.inputs[0].shape != operator.inputs[1].shape:
        raise refuse(operator, "two operands that are computed", "leave such a layer out of the network")
    first, second = operator.inputs
    output = operator.outputs[0]
    low, high = activation_range(operator.activation, output.scale[0], output.zero_point[0])
    return Addition(
        title, (buffers[first.index], buffers[second.index]), buffers[output.index], math.prod(output.shape),
        (first.zero_point[0], second.zero_point[0]), add_factors(first, second, output),
        Range(output.zero_point[0], low, high),
    )  # fmt: skip


def _joining(operator: Operator, title: str, buffers: Buffers) -> Layer:
    output, axis = operator.outputs[0], int(operator.options.get("axis", 0))
    axis += len(output.shape) if axis < 0 else 0
    same = all((one.scale, one.zero_point) == (output.scale, output.zero_point) for one in operator.inputs)
    if not same or any(one.constant for one in operator.inputs) or operator.activation not in (None, "NONE"):
        raise refuse(operator, "inputs that are not stored alike, or are constant", "convert the model again")
    runs = tuple(math.prod(one.shape[axis:]) for one in operator.inputs)
    inputs = tuple(buffers[one.index] for one in operator.inputs)
    return Joining(title, inputs, buffers[output.index], math.prod(output.shape[:axis]), runs)


_LOWERED: dict[str, Callable[[Operator, str, Buffers], Layer]] = {
    "ADD": _two_operands,
    "AVERAGE_POOL_2D": pool,
    "CONCATENATION": _joining,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": dense,
    "LOGISTIC": _logistic,
    "MAX_POOL_2D": pool,
    "MEAN": mean,
    "MUL": _two_operands,
    "PAD": padding,
    "QUANTIZE": _requantize,
    "RELU": _requantize,
    "RELU6": _requantize,
    "SOFTMAX": softmax,
}
SUPPORTED = frozenset((*_LOWERED, *MOVES_NOTHING))
