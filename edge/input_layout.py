"""Where a model wants height, width and channels of a picture, and how we present it: (1, height, width, channels)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_picture(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return an input's shape as (1, height, width, channels), when it is that with an axis left out or moved."""
    if _channels_first(shape):
        return shape[0], shape[2], shape[3], shape[1]
    if len(shape) != 3:
        return shape
    return (*shape, 1) if shape[0] == 1 else (1, *shape) if shape[2] in (1, 3) else shape


def _channels_first(shape: tuple[int, ...]) -> bool:
    """Whether this is (1, channels, height, width), as PyTorch has it."""
    return len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3)


def as_asked(picture: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return a picture, of the shape that `as_picture` gives, in the shape that the model asks for."""
    if _channels_first(shape):
        return np.ascontiguousarray(picture.transpose(0, 3, 1, 2))
    return picture.reshape(shape)
