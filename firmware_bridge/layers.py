"""The steps of an integer network, ready to be written as C: one record per kernel, every number worked out.

Buffers are numbered; buffer contents are int8, a uint8 tensor's values less 128. Shapes are (height, width, channels).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.fixed_point import Multiplier
from firmware_bridge.unary_tables import Table

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Window:
    """How a kernel moves over a picture: (vertical, horizontal) each; padding is what lies above and to the left."""

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Range:
    """What a stored output value may be, and which stands for zero."""

    zero: int
    low: int
    high: int


@dataclass(frozen=True)
class Layer:
    """What all steps have. inputs, output: buffers. title: for the reader of the C."""

    title: str
    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class Convolution(Layer):
    """CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED (a window of 1 x 1 over one pixel).

    weights: (out, height, width, in), or (height, width, out) when depthwise, int8. bias: (out,) int32, the input's
    zero point already counted in. factors: one for each output channel. once: FULLY_CONNECTED, rounded once
    instead of twice. multiplied: depthwise, and more than one output channel for each of the input.
    """

    shape_in: Shape
    shape_out: Shape
    window: Window
    weights: NDArray[np.int8] = field(repr=False)
    bias: NDArray[np.int32] = field(repr=False)
    factors: tuple[Multiplier, ...] = field(repr=False)
    zero_in: int
    range: Range
    depthwise: bool = False
    once: bool = False

    @property
    def multiplied(self) -> bool:
        return self.depthwise and self.shape_in[2] != self.shape_out[2]


@dataclass(frozen=True)
class Addition(Layer):
    """ADD of two buffers of `count` values."""

    count: int
    zeros: tuple[int, int]
    factors: tuple[Multiplier, Multiplier, Multiplier]
    range: Range


@dataclass(frozen=True)
class Mean(Layer):
    """MEAN over height and width: `count` values for each of `channels`."""

    count: int
    channels: int
    zero_in: int
    factor: Multiplier
    range: Range


@dataclass(frozen=True)
class Pool(Layer):
    """MAX_POOL_2D or AVERAGE_POOL_2D."""

    shape_in: Shape
    shape_out: Shape
    window: Window
    average: bool
    range: Range


@dataclass(frozen=True)
class Lookup(Layer):
    """Any operator of one value: output = table[128 + input], over `count` values."""

    count: int
    table: Table = field(repr=False)


@dataclass(frozen=True)
class Softmax(Layer):
    """SOFTMAX over `channels` values, `rows` times. powers: e**-x in Q0 for a distance of 0, 1 ... to the largest.

    A value further away than there are powers counts for nothing.
    """

    rows: int
    channels: int
    powers: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class Padding(Layer):
    """PAD of height and width: rows above, columns to the left, filled with `value`."""

    shape_in: Shape
    shape_out: Shape
    above: int
    left: int
    value: int


@dataclass(frozen=True)
class Joining(Layer):
    """CONCATENATION: from each input in turn `runs` values, `times` times."""

    times: int
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """A network's steps in order, from buffer `given` to buffer `answer`. sizes: bytes of each buffer.

    entry: a table that the input's values go through before they are put into `given`.
    """

    layers: tuple[Layer, ...]
    sizes: dict[int, int]
    given: int
    answer: int
    entry: Table | None = field(default=None, repr=False)
