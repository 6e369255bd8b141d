"""Operators of one int8 value as tables of 256: what the reference kernels would answer to -128, -127 ... 127.

A table is exact by construction, takes 256 bytes, and is quicker than the arithmetic it stands for. SOFTMAX of two
values is one of how far they lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.model_graph import Operator, Tensor
from firmware_bridge.fixed_point import (
    ONE,
    Multiplier,
    activation_range,
    clamped,
    double_high,
    halve,
    input_radius,
    logistic_q4,
    quantize_multiplier,
    reciprocal,
    scaled,
)

Table = NDArray[np.int8]
_STORED = range(-128, 128)
_ADD_SHIFT = 20


def table_of(answer: Callable[[int], int]) -> Table:
    """Return the answers to -128 ... 127, (256,) int8."""
    return np.array([answer(stored) for stored in _STORED], dtype=np.int8)


def logistic_table(given: Tensor) -> Table:
    """LOGISTIC: `reference_integer_ops::Logistic`."""
    mantissa, shift = math.frexp(given.scale[0] * 2.0**27)
    factor, radius = Multiplier(math.floor(mantissa * 2**31 + 0.5), shift), input_radius(4, shift)

    def answer(stored: int) -> int:
        distance = stored - given.zero_point[0]
        if abs(distance) >= radius:
            return 127 if distance > 0 else -128
        return clamped(halve(logistic_q4(scaled(distance, factor)), 23) - 128)

    return table_of(answer)


def requantize_table(given: Tensor, output: Tensor, activation: str | None = None) -> Table:
    """QUANTIZE from int8 or uint8 to either, and RELU, RELU6: another scale, another zero point, an end.

    A uint8 tensor is stored as its values less 128.
    """
    factor = quantize_multiplier(given.scale[0] / output.scale[0])
    zero_in, zero_out = signed_zero(given), signed_zero(output)
    low, high = activation_range(activation, output.scale[0], zero_out)
    return table_of(lambda stored: clamped(scaled(stored - zero_in, factor) + zero_out, low, high))


def multiply_table(operator: Operator, given: Tensor, constant: Tensor) -> Table:
    """MUL by one constant: `reference_integer_ops::Mul`."""
    output = operator.outputs[0]
    first, second = (np.float32(tensor.scale[0]) for tensor in operator.inputs)
    factor = quantize_multiplier(float(first) * float(second) / float(np.float32(output.scale[0])))
    other = int(constant.values().reshape(-1)[0]) - constant.zero_point[0]
    low, high = activation_range(operator.activation, output.scale[0], output.zero_point[0])
    zero_in, zero_out = given.zero_point[0], output.zero_point[0]
    return table_of(lambda stored: clamped(scaled((stored - zero_in) * other, factor) + zero_out, low, high))


def add_table(operator: Operator, given: Tensor, constant: Tensor) -> Table:
    """ADD of one constant: `reference_integer_ops::Add`."""
    sums = add_factors(given, constant, operator.outputs[0])
    other = scaled((int(constant.values().reshape(-1)[0]) - constant.zero_point[0]) << _ADD_SHIFT, sums[1])
    output = operator.outputs[0]
    low, high = activation_range(operator.activation, output.scale[0], output.zero_point[0])

    def answer(stored: int) -> int:
        total = scaled((stored - given.zero_point[0]) << _ADD_SHIFT, sums[0]) + other
        return clamped(scaled(total, sums[2]) + output.zero_point[0], low, high)

    return table_of(answer)


def shares_of_two(powers: Sequence[int]) -> Table:
    """SOFTMAX of two values: what one gets that lies -reach ... reach above the other, (2 * reach + 1,) int8.

    powers: see layers.Softmax. Further away the answers stay those of the ends.
    """
    pairs = [_pair_of_shares(powers, distance) for distance in range(256)]
    reach = max((distance for distance in range(256) if pairs[distance] != pairs[-1]), default=-1) + 1
    below, above = (tuple(pair[side] for pair in pairs[: reach + 1]) for side in (0, 1))
    return np.array((*below[:0:-1], *above), dtype=np.int8)


def _pair_of_shares(powers: Sequence[int], distance: int) -> tuple[int, int]:
    """Return what the lower and the higher of two values get, as kernels/softmax.c works it out."""
    far = powers[distance] if distance < len(powers) else 0
    total = halve(powers[0], 12) + halve(far, 12)
    zeros = 32 - total.bit_length()
    share = reciprocal((total << zeros) & ONE)
    lower, higher = (halve(double_high(share, power), 35 - zeros) for power in (far, powers[0]))
    return clamped(lower - 128), clamped(higher - 128)


def add_factors(first: Tensor, second: Tensor, output: Tensor) -> tuple[Multiplier, Multiplier, Multiplier]:
    """Return the factors of ADD's inputs, shifted left by 20 bits, and of its output."""
    twice = 2.0 * max(first.scale[0], second.scale[0])
    inputs = (quantize_multiplier(one.scale[0] / twice) for one in (first, second))
    return next(inputs), next(inputs), quantize_multiplier(twice / (2.0**_ADD_SHIFT * output.scale[0]))


def signed_zero(tensor: Tensor) -> int:
    """Return a tensor's zero point where its values are stored as int8."""
    return tensor.zero_point[0] - (128 if tensor.dtype == "UINT8" else 0)
