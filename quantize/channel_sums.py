"""Sums over pictures of what one layer's channels do, in float and in int8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quantize.tflite_graph import TfliteGraph

if TYPE_CHECKING:
    from quantize.layers import Pair

_Doubles = NDArray[np.float64]


@dataclass
class ChannelSums:
    """Sums per channel, the last axis of the layer's output; real = scale * (stored - zero_point).

    own_error: of squares, int8 against float on the same int8 values; own_shift: of the differences themselves, float
    minus int8. together_error: of squares, against the float network. signal: of squares, of the float network, and
    level of its values. cut_off: values of the float network more than a step beyond what int8 can express.
    """

    scale: float
    zero_point: int
    signal: _Doubles
    level: _Doubles
    own_error: _Doubles
    own_shift: _Doubles
    together_error: _Doubles
    lowest: _Doubles
    highest: _Doubles
    stored_lowest: _Doubles
    stored_highest: _Doubles
    values: int = 0
    cut_off: int = 0

    @classmethod
    def of(cls, graph: TfliteGraph, plain: TfliteGraph, pair: Pair) -> ChannelSums:
        """Start at nothing, for the tensors of one layer."""
        scale, zero_point = graph.quantization(pair.integer)
        shape = plain.shape(pair.reference)
        channels = shape[-1] if shape else 1
        signal, level, own_error, own_shift, together_error = np.zeros((5, channels))
        lowest, highest = np.full(channels, np.inf), np.full(channels, -np.inf)
        return cls(
            scale, zero_point, signal, level, own_error, own_shift, together_error,
            lowest, highest, lowest.copy(), highest.copy(),
        )  # fmt: skip

    @property
    def range_low(self) -> float:
        """The lowest real value that int8 can express here."""
        return self.scale * (-128 - self.zero_point)

    @property
    def range_high(self) -> float:
        """The highest."""
        return self.scale * (127 - self.zero_point)

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Channels that are constant in the float network already."""
        dead: NDArray[np.bool_] = self.lowest == self.highest
        return dead

    @property
    def silenced(self) -> NDArray[np.bool_]:
        """Channels that only int8 made constant."""
        silenced: NDArray[np.bool_] = (self.stored_lowest == self.stored_highest) & ~self.dead
        return silenced

    @property
    def middle_channel_db(self) -> float | None:
        """The middle, over the channels that live, of what varies in each one over its own quantization noise."""
        per_channel = max(1, self.values // len(self.signal))
        varying = self.signal - self.level**2 / per_channel
        live = ~self.dead & (varying > 0)
        if not live.any():
            return None
        return decibels(1.0, float(np.median(self.own_error[live] / varying[live])))

    @property
    def mean_shift(self) -> _Doubles:
        """How much int8 lies too low on average, per channel, in real units."""
        return self.own_shift / max(1, self.values // len(self.signal))

    def add(self, stored: NDArray[Any], own: NDArray[Any], reference: NDArray[Any]) -> None:
        """Add one picture: the int8 values, the float ones computed from int8, and those of the float network."""
        channels = len(self.signal)
        integers = stored.reshape(-1, channels).astype(np.float64)
        real = self.scale * (integers - self.zero_point)
        alone, whole = (values.reshape(-1, channels).astype(np.float64) for values in (own, reference))
        self.signal += (whole**2).sum(axis=0)
        self.level += whole.sum(axis=0)
        self.own_error += ((alone - real) ** 2).sum(axis=0)
        self.own_shift += (alone - real).sum(axis=0)
        self.together_error += ((whole - real) ** 2).sum(axis=0)
        self.lowest, self.highest = (
            np.minimum(self.lowest, whole.min(axis=0)),
            np.maximum(self.highest, whole.max(axis=0)),
        )
        self.stored_lowest = np.minimum(self.stored_lowest, integers.min(axis=0))
        self.stored_highest = np.maximum(self.stored_highest, integers.max(axis=0))
        beyond = (whole > self.range_high + self.scale) | (whole < self.range_low - self.scale)
        self.cut_off += int(beyond.sum())
        self.values += whole.size


def decibels(signal: float, noise: float) -> float | None:
    """Return 10 log10(signal / noise); None without noise, and 0 without signal."""
    if noise <= 0:
        return None
    return float(10 * np.log10(signal / noise)) if signal > 0 else 0.0
