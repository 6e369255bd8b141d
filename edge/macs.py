"""The multiply-accumulates that an operator of a .tflite file costs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.model_graph import Tensor

# Each output value of a convolution is a sum over its window, kernel height x width x input channels.
# The layouts of the weights are those of TensorFlow Lite's kernels (conv.cc, depthwise_conv.cc, fully_connected.cc).
_Count = Callable[["tuple[Tensor, ...]", "tuple[Tensor, ...]"], int]


def _convolution(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * math.prod(inputs[1].shape[1:])  # weights: (out, height, width, in)


def _depthwise(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * math.prod(inputs[1].shape[1:3])  # weights: (1, height, width, out)


def _dense(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * inputs[1].shape[-1]  # weights: (out, in)


def _transposed(inputs: tuple[Tensor, ...], _outputs: tuple[Tensor, ...]) -> int:
    out, height, width, _ = inputs[1].shape  # inputs: output shape, weights (out, height, width, in), values
    return math.prod(inputs[2].shape) * out * height * width


def _matrices(inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    return math.prod(outputs[0].shape) * inputs[0].shape[-1]  # (..., rows, inner) x (..., inner, columns)


def _recurrent(inputs: tuple[Tensor, ...], _outputs: tuple[Tensor, ...]) -> int:
    weights = sum(math.prod(tensor.shape) for tensor in inputs[1:] if tensor.constant and len(tensor.shape) == 2)
    return weights * math.prod(inputs[0].shape[:-1])  # every weight once in each step: (batch, steps, features)


_COUNTS: dict[str, _Count] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "TRANSPOSE_CONV": _transposed,
    "BATCH_MATMUL": _matrices,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
}


def count_macs(kind: str, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> int:
    """Return the multiply-accumulates of one run; 0 for what only moves, compares or adds values."""
    count = _COUNTS.get(kind)
    return 0 if count is None else count(inputs, outputs)
