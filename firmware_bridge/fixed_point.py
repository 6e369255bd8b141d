"""The integer arithmetic of TensorFlow Lite's reference kernels, bit by bit, in Python's own integers.

What an export works out beforehand (multipliers, tables) must be what the kernels would work out themselves. Sources:
`quantization_util.cc`, `common.h` and `kernel_util.cc` of TensorFlow Lite, `fixedpoint.h` of gemmlowp; 32-bit numbers,
two roundings to a requantization. "Qm" is a number of 32 bits with m bits before the binary point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ONE = 2**31 - 1  # 1.0 in Q0
INT8_MIN, INT8_MAX = -128, 127
# e**-(2**power) in Q0
_EXP_STEPS = (
    (-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308), (2, 39332535), (3, 720401), (4, 242),
)  # fmt: skip


@dataclass(frozen=True)
class Multiplier:
    """A real factor as value * 2**(shift - 31); value from 2**30 to 2**31 - 1, or 0."""

    value: int
    shift: int


def quantize_multiplier(real: float) -> Multiplier:
    """Turn a factor that is not negative into a Multiplier, as QuantizeMultiplier does."""
    if real == 0:
        return Multiplier(0, 0)
    mantissa, shift = math.frexp(real)
    value = math.floor(mantissa * 2**31 + 0.5)
    if value == 2**31:
        value, shift = value // 2, shift + 1
    return Multiplier(0, 0) if shift < -31 else Multiplier(value, shift)


def double_high(a: int, b: int) -> int:
    """Multiply and keep the high half, doubled and rounded (SaturatingRoundingDoublingHighMul)."""
    return min((a * b + 2**30) >> 31, ONE)


def halve(value: int, times: int) -> int:
    """Divide by 2**times, ties away from zero (RoundingDivideByPOT)."""
    mask = (1 << times) - 1
    return (value >> times) + ((value & mask) > (mask >> 1) + (value < 0))


def scaled(value: int, by: Multiplier) -> int:
    """Multiply by a factor with the two roundings of the kernels (MultiplyByQuantizedMultiplier)."""
    return halve(double_high(_wrapped(value << max(by.shift, 0)), by.value), max(-by.shift, 0))


def clamped(value: int, low: int = INT8_MIN, high: int = INT8_MAX) -> int:
    """Return the value, or the end of the range it lies beyond."""
    return min(max(value, low), high)


def activation_range(activation: str | None, scale: float, zero_point: int) -> tuple[int, int]:
    """Return the lowest and the highest stored value that an activation lets through. Raises KeyError for another."""
    real = {None: None, "NONE": None, "RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}[activation]
    if real is None:
        return INT8_MIN, INT8_MAX
    low, high = (None if end is None else zero_point + _rounded(np.float32(end) / np.float32(scale)) for end in real)
    return clamped(INT8_MIN if low is None else low), clamped(INT8_MAX if high is None else high)


def exp_negative(value: int, integer_bits: int) -> int:
    """Return e**x in Q0 for x in Qm, not above zero (exp_on_negative_values)."""
    if value == 0:
        return ONE
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    rest = (value & (quarter - 1)) - quarter
    result = _exp_of_last_quarter(_doubled(rest, integer_bits))
    for power, factor in _EXP_STEPS:
        if power < integer_bits and (rest - value) & (1 << (fraction + power)):
            result = double_high(result, factor)
    return result


def reciprocal(value: int) -> int:
    """Return 1 / (1 + x) in Q0 for x in Q0, 0 to 1: three steps of Newton (one_over_one_plus_x_for_x_in_0_1)."""
    half = (value + ONE + 1) >> 1  # RoundingHalfSum of numbers that are not negative
    x = 1515870810 + double_high(half, -1010580540)  # 48/17 - 32/17 * half, in Q2
    for _ in range(3):
        left = (1 << 29) - double_high(half, x)
        x += _doubled(double_high(x, left), 2)
    return _doubled(x, 1)


def logistic_q4(value: int) -> int:
    """Return 1 / (1 + e**-x) in Q0 for x in Q4 (gemmlowp::logistic)."""
    if value == 0:
        return 1 << 30
    positive = reciprocal(exp_negative(-abs(value), 4))
    return positive if value > 0 else ONE - positive


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Return from which stored distance on an input is beyond a Qm number (CalculateInputRadius, 31 bits)."""
    return math.floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / 2.0**left_shift)


def _exp_of_last_quarter(value: int) -> int:
    """Return e**x in Q0 for x in Q0 from -1/4 to 0, by its Taylor series around -1/8."""
    x = value + (1 << 28)
    x2 = double_high(x, x)
    x3, x4 = double_high(x2, x), double_high(x2, x2)
    series = halve(double_high(halve(x4, 2) + x3, 715827883) + x2, 1)
    return 1895147668 + double_high(1895147668, x + series)


def _doubled(value: int, times: int) -> int:
    """Multiply by 2**times, saturating (SaturatingRoundingMultiplyByPOT)."""
    return min(max(value << times, -(2**31)), ONE)


def _wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def _rounded(value: np.float32) -> int:
    """Round half away from zero, as std::round."""
    return int(math.copysign(math.floor(abs(float(value)) + 0.5), float(value)))
