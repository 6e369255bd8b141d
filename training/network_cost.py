"""What a network costs to keep and to run: parameters, and multiply-accumulates per picture.

The convention of the MobileNet papers: one multiply-accumulate is one multiplication and one addition, counted in
convolutions and fully connected layers only. Biases, batch normalization, activations, pooling, rescaling and sums of
branches are left out: on a device they are folded into the others or cost little beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NetworkCost:
    """parameters: all of them, those at rest in training too. multiply_accumulates: of one picture."""

    parameters: int
    multiply_accumulates: int


def network_cost(model: keras.Model) -> NetworkCost:
    """Count a network whose input size is fixed. Raises TypeError for a layer with a kernel that is not known here."""
    return NetworkCost(int(model.count_params()), sum(_of_layer(layer) for layer in model.layers))


def _of_layer(layer: Any) -> int:
    kind = type(layer).__name__
    if kind in _COUNTS:
        return _COUNTS[kind](layer)
    if hasattr(layer, "layers"):
        return sum(_of_layer(inner) for inner in layer.layers)
    if any("kernel" in weight.name for weight in layer.weights):
        raise TypeError(f"cannot count the multiply-accumulates of layer {layer.name!r}: {kind} is not known here")
    return 0


def _values(layer: Any) -> int:
    return math.prod(map(int, layer.output.shape[1:]))


def _convolution(layer: Any) -> int:
    """Each output value takes a kernel of height x width x (input channels / groups)."""
    return _values(layer) * math.prod(map(int, layer.kernel.shape[:-1]))


def _depthwise(layer: Any) -> int:
    """Each output value takes a kernel of height x width on one channel."""
    return _values(layer) * math.prod(map(int, layer.kernel.shape[:2]))


def _separable(layer: Any) -> int:
    """A depthwise step with input channels x multiplier outputs, then a 1x1 convolution of these."""
    places = math.prod(map(int, layer.output.shape[1:-1]))
    kernels = (layer.depthwise_kernel.shape, layer.pointwise_kernel.shape)
    return places * sum(math.prod(map(int, shape)) for shape in kernels)


def _dense(layer: Any) -> int:
    """Each output value takes all inputs of the last axis."""
    return _values(layer) * int(layer.kernel.shape[0])


_COUNTS: dict[str, Callable[[Any], int]] = {
    "Conv2D": _convolution,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "Dense": _dense,
}
