"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED as layers of one kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.model_graph import Operator
from firmware_bridge.fixed_point import Multiplier, quantize_multiplier
from firmware_bridge.layers import Convolution, Layer, Shape, Window
from firmware_bridge.lower_checks import MOST_SIDE, QUANTIZE, refuse
from firmware_bridge.lower_windows import output_range, picture_shape, window

_MOST_TAPS = 225  # places of a window: the kernels keep a pointer to each on the stack


def convolution(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """CONV_2D: weights (out, height, width, in)."""
    shape_in, weights = picture_shape(operator, operator.inputs[0]), _weights(operator)
    if weights.ndim != 4 or weights.shape[3] != shape_in[2]:
        raise refuse(operator, f"weights of {weights.shape} for {shape_in[2]} channels", "leave groups out")
    moves = window(operator, (weights.shape[1], weights.shape[2]), shape_in)
    shape_out = picture_shape(operator, operator.outputs[0])
    return _built(
        operator, title, buffers, (shape_in, shape_out), moves, weights, weights.sum((1, 2, 3), dtype=np.int64)
    )


def depthwise(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """DEPTHWISE_CONV_2D: weights (1, height, width, out)."""
    shape_in, shape_out = (picture_shape(operator, one) for one in (operator.inputs[0], operator.outputs[0]))
    weights = _weights(operator)
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] != shape_out[2] or shape_out[2] % shape_in[2]:
        raise refuse(operator, f"weights of {weights.shape}", "convert the model again")
    moves = window(operator, (weights.shape[1], weights.shape[2]), shape_in)
    sums = weights.sum((0, 1, 2), dtype=np.int64)
    return _built(operator, title, buffers, (shape_in, shape_out), moves, weights[0], sums, depthwise=True)


def dense(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """FULLY_CONNECTED: weights (out, in), a convolution over one pixel."""
    weights = _weights(operator)
    length = int(np.prod(operator.inputs[0].shape))
    if weights.ndim != 2 or weights.shape[1] != length or length > MOST_SIDE:
        raise refuse(operator, f"weights of {weights.shape} for {length} values", "convert with a fixed batch of 1")
    shapes = (1, 1, length), (1, 1, weights.shape[0])
    sums = weights.sum(1, dtype=np.int64)
    return _built(operator, title, buffers, shapes, Window((1, 1)), weights[:, np.newaxis, np.newaxis], sums)


def _built(
    operator: Operator,
    title: str,
    buffers: dict[int, int],
    shapes: tuple[Shape, Shape],
    moves: Window,
    weights: NDArray[np.int8],
    sums: NDArray[np.int64],
    depthwise: bool = False,
) -> Layer:
    given, output = operator.inputs[0], operator.outputs[0]
    if moves.size[0] * moves.size[1] > _MOST_TAPS:
        raise refuse(operator, f"a window of {moves.size[0]} x {moves.size[1]}", "use a smaller one")
    folded = _bias(operator, len(sums)) - given.zero_point[0] * sums
    wrapped = folded.astype(np.uint64).astype(np.uint32).view(np.int32)  # the kernels add in 32 bits
    return Convolution(
        title, (buffers[given.index],), buffers[output.index], *shapes, moves, weights, wrapped,
        _factors(operator, len(sums)), given.zero_point[0], output_range(operator, output), depthwise,
    )  # fmt: skip


def _weights(operator: Operator) -> NDArray[np.int8]:
    tensor = operator.inputs[1] if len(operator.inputs) > 1 else operator.inputs[0]
    if not tensor.constant or tensor.dtype != "INT8":
        raise refuse(operator, f"weights of type {tensor.dtype.lower()} or none in the file", QUANTIZE)
    if any(tensor.zero_point):
        raise refuse(operator, "weights whose zero point is not 0", QUANTIZE)
    return tensor.values()


def _bias(operator: Operator, channels: int) -> NDArray[np.int64]:
    if len(operator.inputs) < 3:
        return np.zeros(channels, np.int64)
    tensor = operator.inputs[2]
    if not tensor.constant or tensor.dtype != "INT32" or tensor.shape != (channels,):
        raise refuse(operator, f"a bias of type {tensor.dtype.lower()} and shape {tensor.shape}", QUANTIZE)
    return tensor.values().astype(np.int64)


def _factors(operator: Operator, channels: int) -> tuple[Multiplier, ...]:
    """Return scale of input * scale of weights / scale of output for each output channel.

    FULLY_CONNECTED with one scale multiplies in 32 bits (GetQuantizedConvolutionMultipler), all else in 64.
    """
    given, weights, output = operator.inputs[0], operator.inputs[1], operator.outputs[0]
    scales = weights.scale
    if len(scales) not in (1, channels) or (len(scales) > 1 and weights.axis != _channel_axis(operator)):
        raise refuse(operator, f"{len(scales)} scales of the weights for {channels} channels", QUANTIZE)
    if len(scales) == 1 and operator.kind == "FULLY_CONNECTED":
        product = float(np.float32(given.scale[0]) * np.float32(scales[0]))
        return (quantize_multiplier(product / output.scale[0]),) * channels
    factors = tuple(quantize_multiplier(given.scale[0] * scale / output.scale[0]) for scale in scales)
    return factors * channels if len(scales) == 1 else factors


def _channel_axis(operator: Operator) -> int:
    return 3 if operator.kind == "DEPTHWISE_CONV_2D" else 0
