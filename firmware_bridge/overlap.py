"""How far a layer's output may lie over its own input.

A kernel goes through the output from its first byte to its last, and what it will still read of the input lies ever
further behind. So the output may begin below the input and follow it: as long as no byte is written that is still to be
read, both can share memory. (Known as diagonal memory optimisation: Blacker, Bridges and Hadfield, "Reducing Memory
Requirements of Deep Neural Networks on Microcontrollers", 2020.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.layers import Addition, Convolution, Layer, Lookup, Pool, Shape, Softmax, Window


def lead(layer: Layer) -> int | None:
    """Return by how many bytes each input must begin above the output; None when they must not touch at all.

    0: the output may lie exactly where the input lies. Kernels of one value read it before they write its answer.
    """
    if isinstance(layer, Addition | Lookup | Softmax):
        return 0
    if isinstance(layer, Convolution | Pool):
        return _lead_of_window(layer.shape_in, layer.shape_out, layer.window)
    return None


def _lead_of_window(shape_in: Shape, shape_out: Shape, window: Window) -> int:
    """Kernels with a window write all channels of a place, then go to the next: see kernels/*.c.

    Place p writes up to byte (p + 1) * channels of the output; from it on nothing is read before byte r(p) of the
    input. The largest difference of the two is what the input must lie higher.
    """
    height, width, channels = shape_in
    tops = _first_inside(shape_out[0], window.stride[0], window.padding[0], window.dilation[0], height)
    lefts = _first_inside(shape_out[1], window.stride[1], window.padding[1], window.dilation[1], width)
    first_read = (tops[:, np.newaxis] * width + lefts[np.newaxis, :]).reshape(-1) * channels
    still_read = np.minimum.accumulate(first_read[::-1])[::-1]
    written = (np.arange(first_read.size) + 1) * shape_out[2]
    return int((written - still_read).max())


def _first_inside(count: int, stride: int, padding: int, dilation: int, given: int) -> NDArray[np.int64]:
    """Return the lowest row or column that each of `count` places reads."""
    starts = np.arange(count) * stride - padding
    steps_outside = np.maximum(-(starts // dilation), 0)
    return np.asarray(np.minimum(starts + steps_outside * dilation, given), np.int64)
