"""MEAN, pooling, PAD and SOFTMAX as layers."""

from __future__ import annotations

import math
from itertools import takewhile

import numpy as np

from edge.model_graph import Operator, Tensor
from firmware_bridge.fixed_point import (
    Multiplier,
    activation_range,
    double_high,
    exp_negative,
    input_radius,
    quantize_multiplier,
)
from firmware_bridge.layers import Layer, Mean, Padding, Pool, Range, Shape, Softmax, Window
from firmware_bridge.lower_checks import refuse

_SAME, _VALID = 0, 1
_LONGEST_DISTANCE = 255
_MOST_STEP = 255  # they are uint8_t in the C
_LEAST_POWER = 1 << 11  # of 2**31: less adds nothing to a sum of 19 bits behind the point, and is answered with 0


def picture_shape(operator: Operator, tensor: Tensor) -> Shape:
    """Return (height, width, channels) of a tensor that is a picture. Raises ModelError for another."""
    if len(tensor.shape) != 4:
        raise refuse(operator, f"a tensor of shape {tensor.shape} where a picture is", "convert the model again")
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def output_range(operator: Operator, tensor: Tensor) -> Range:
    """Return the range of an output with the operator's activation. Raises ModelError for another activation."""
    try:
        low, high = activation_range(operator.activation, tensor.scale[0], tensor.zero_point[0])
    except KeyError as error:
        raise refuse(operator, f"the activation {operator.activation}", "use RELU or RELU6") from error
    return Range(tensor.zero_point[0], low, high)


def window(operator: Operator, size: tuple[int, int], shape_in: Shape) -> Window:
    """Return how a window moves. SAME pads so that the output is as large as the input over the stride."""
    options = operator.options
    stride = int(options["strideH"]), int(options["strideW"])
    dilation = int(options.get("dilationHFactor", 1)), int(options.get("dilationWFactor", 1))
    if not 1 <= min(*stride, *dilation, *size) <= max(*stride, *dilation, *size) <= _MOST_STEP:
        raise refuse(operator, f"a stride, dilation or size outside 1 to {_MOST_STEP}", "use a smaller window")
    padding = (0, 0)
    if options["padding"] == _SAME:
        above, left = (_before(*axis) for axis in zip(shape_in[:2], size, stride, dilation, strict=True))
        padding = (above, left)
    return Window(size, stride, dilation, padding)


def _before(given: int, size: int, stride: int, dilation: int) -> int:
    """Return the padding before an axis, half of what it takes, rounded down (ComputePadding)."""
    output = -(-given // stride)
    return max((output - 1) * stride + (size - 1) * dilation + 1 - given, 0) // 2


def pool(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """MAX_POOL_2D and AVERAGE_POOL_2D."""
    given, output = operator.inputs[0], operator.outputs[0]
    size = int(operator.options["filterHeight"]), int(operator.options["filterWidth"])
    shape_in, shape_out = picture_shape(operator, given), picture_shape(operator, output)
    if (given.scale, given.zero_point) != (output.scale, output.zero_point):
        raise refuse(operator, "an output of another scale than the input", "convert the model again")
    return Pool(
        title, (buffers[given.index],), buffers[output.index], shape_in, shape_out, window(operator, size, shape_in),
        operator.kind == "AVERAGE_POOL_2D", output_range(operator, output),
    )  # fmt: skip


def mean(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """MEAN over height and width, with 1 / count folded into the factor as QuantizedMeanOrSum does."""
    given, output = operator.inputs[0], operator.outputs[0]
    height, width, channels = picture_shape(operator, given)
    axes = {int(axis) % 4 for axis in operator.inputs[1].values().reshape(-1)}
    if axes != {1, 2}:
        raise refuse(operator, f"the axes {sorted(axes)}", "take the mean over height and width only")
    count = height * width
    factor = quantize_multiplier(given.scale[0] / output.scale[0])
    shift = min(count.bit_length() - 1, 32, 31 + factor.shift)
    folded = Multiplier((factor.value << shift) // count, factor.shift - shift)
    return Mean(
        title, (buffers[given.index],), buffers[output.index], count, channels, given.zero_point[0], folded,
        output_range(operator, output),
    )  # fmt: skip


def padding(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """PAD of height and width with zeros."""
    given, output = operator.inputs[0], operator.outputs[0]
    amounts = operator.inputs[1].values().reshape(-1, 2)
    if len(amounts) != 4 or np.any(amounts[[0, 3]] != 0) or np.any(amounts < 0):
        raise refuse(operator, f"the amounts {amounts.tolist()}", "pad height and width only")
    return Padding(
        title, (buffers[given.index],), buffers[output.index], picture_shape(operator, given),
        picture_shape(operator, output), int(amounts[1][0]), int(amounts[2][0]), output.zero_point[0],
    )  # fmt: skip


def softmax(operator: Operator, title: str, buffers: dict[int, int]) -> Layer:
    """SOFTMAX: the powers of e for each distance from the largest value, as the reference kernel computes them."""
    given, output = operator.inputs[0], operator.outputs[0]
    if output.scale[0] != 1 / 256 or output.zero_point[0] != -128:
        raise refuse(operator, "an output other than 0 to 1 in 256 steps", "convert the model again")
    real = min(float(operator.options["beta"]) * given.scale[0] * 2.0**26, 2.0**31 - 1)
    if real <= 1:
        raise refuse(operator, f"an input scale of {given.scale[0]:g}", "convert the model again")
    factor = quantize_multiplier(real)
    reach = min(input_radius(5, factor.shift), _LONGEST_DISTANCE)
    steps = (exp_negative(double_high(-distance << factor.shift, factor.value), 5) for distance in range(reach + 1))
    powers = tuple(takewhile(lambda power: power >= _LEAST_POWER, steps))
    channels = given.shape[-1]
    rows = math.prod(given.shape[:-1])
    return Softmax(title, (buffers[given.index],), buffers[output.index], rows, channels, powers)
