"""The median of a few pictures, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def middle(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the median of an even number of pictures, (H, W, 3) uint8, rounded down.

    Whole pictures are compared, and of two the brighter pixels moved to the end: np.median, which sorts pixel by pixel,
    takes ten times as long.
    """
    ordered, half = list(pictures), len(pictures) // 2
    for last in range(len(ordered) - 1, half - 2, -1):
        for at in range(last):
            one, other = ordered[at], ordered[at + 1]
            ordered[at], ordered[at + 1] = np.minimum(one, other), np.maximum(one, other)
    lower, upper = ordered[half - 1], ordered[half]
    return lower + (upper - lower) // 2
