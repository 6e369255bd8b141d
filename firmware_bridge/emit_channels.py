"""Factor, bias and shift of each output channel of a network's convolutions as C: 7 bytes a channel, or 9."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.c_text import records_array
from firmware_bridge.layers import Convolution, Layer

_LEAST_FACTOR = 2**30
_MOST_SUM = 2**30
_MOST_RIGHT = 29
_BIAS_BITS = 24
_MOST_MORE = 4


@dataclass(frozen=True)
class ChannelForm:
    """How all channels of a network are stored.

    narrow: as kernels/narrow.c has them, `more` of whose bits for a bias are taken for the shift; else as wide.c.
    """

    narrow: bool
    more: int = 0

    def kernels(self, ended: bool) -> tuple[str, ...]:
        """Return the files of kernels/ that read it. ended: and bring sums to an end, rounded twice."""
        if self.narrow:
            return ("narrow", "narrow_end") if ended else ("narrow",)
        return ("scaled", "wide", "wide_end") if ended else ("wide",)


def channel_form(layers: Iterable[Layer]) -> ChannelForm:
    """Return the smallest form that holds every channel of these layers."""
    convolutions = [layer for layer in layers if isinstance(layer, Convolution)]
    for more in range(_MOST_MORE + 1):
        if all(_fits(layer, more) for layer in convolutions):
            return ChannelForm(True, more)
    return ChannelForm(False)


def least_right(layer: Convolution, form: ChannelForm) -> int:
    """Return how far all products of a layer are shifted to the right; channels only say what is beyond it."""
    return min(_rights(layer)) if form.narrow else 0


def channels_array(layer: Convolution, name: str, form: ChannelForm) -> str:
    """Return the channels of a layer as a constant array of records of four each."""
    columns = _narrow(layer, form) if form.narrow else _wide(layer)
    starts = range(0, layer.bias.size, 4)
    records = ["{" + ", ".join(_four(column, start) for column in columns) + "}" for start in starts]
    return records_array("channels_t", name, records)


def channel_bytes(layer: Convolution, form: ChannelForm) -> int:
    """Return what they take."""
    return -(-layer.bias.size // 4) * (28 if form.narrow else 36)


def _narrow(layer: Convolution, form: ChannelForm) -> Sequence[Sequence[int]]:
    beyond = [right - least_right(layer, form) for right in _rights(layer)]
    stored = [bias * 2**form.more + far // 4 for bias, far in zip(layer.bias.tolist(), beyond, strict=True)]
    factors = [(one.value - _LEAST_FACTOR) * 4 + far % 4 for one, far in zip(layer.factors, beyond, strict=True)]
    return factors, [one & 0xFFFF for one in stored], [one >> 16 for one in stored]


def _wide(layer: Convolution) -> Sequence[Sequence[int]]:
    return [one.value for one in layer.factors], layer.bias.tolist(), _rights(layer)


def _four(values: Sequence[int], start: int) -> str:
    return "{" + ", ".join(map(str, values[start : start + 4])) + "}"


def _fits(layer: Convolution, more: int) -> bool:
    """Whether the narrow form holds a layer; its kernel does only what sums and factors of these sizes need."""
    rights, bias = _rights(layer), layer.bias.astype(np.int64)
    most_bias = 2 ** (_BIAS_BITS - 1 - more)
    return bool(
        all(factor.value >= _LEAST_FACTOR for factor in layer.factors)
        and min(rights) >= 1
        and max(rights) <= _MOST_RIGHT
        and max(rights) - min(rights) < 4 * 2**more
        and bias.min() >= -most_bias
        and bias.max() < most_bias
        and (np.abs(bias) + _most_products(layer)).max() < _MOST_SUM
    )


def _most_products(layer: Convolution) -> NDArray[np.int64]:
    """Return how far from zero the sum of each output channel's products can be."""
    sizes = np.abs(layer.weights.astype(np.int64))
    return np.asarray(128 * sizes.sum(axis=(0, 1) if layer.depthwise else (1, 2, 3)), np.int64)


def _rights(layer: Convolution) -> list[int]:
    return [-factor.shift for factor in layer.factors]
