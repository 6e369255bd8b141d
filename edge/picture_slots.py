"""Memory that two processes share, for pictures too large for a pipe. Whoever writes never waits for whoever reads."""

from __future__ import annotations

import math
from ctypes import c_uint8
from multiprocessing.context import SpawnContext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.line_told import Pixels

MOST_WIDE_PX = 800
SLOTS = 2


class PictureSlots:
    """A few pictures, each written, read and given back. Travels to a child process as an argument of its start."""

    def __init__(self, context: SpawnContext, width_px: int, height_px: int) -> None:
        """width_px and height_px: of the pictures that will come; they are thinned to MOST_WIDE_PX."""
        self.step = math.ceil(max(width_px, height_px) / MOST_WIDE_PX)
        self._size = math.ceil(width_px / self.step) * math.ceil(height_px / self.step) * 3
        # has no name in the file system, so nothing stays behind whatever ends the two processes
        self._memory: list[Any] = [context.RawArray(c_uint8, self._size) for _ in range(SLOTS)]
        self._free = set(range(SLOTS))

    def put(self, image: NDArray[np.uint8]) -> tuple[int, int, int] | None:
        """Write an (H, W, 3) picture; return slot, width and height; None when no slot is free."""
        thin = image[:: self.step, :: self.step]
        if not self._free or thin.nbytes > self._size:
            return None
        slot = self._free.pop()
        np.copyto(self._view(slot, thin.shape), thin)
        return slot, thin.shape[1], thin.shape[0]

    def give_back(self, slot: int) -> None:
        """The picture in this slot has been read."""
        if 0 <= slot < SLOTS:
            self._free.add(slot)

    def give_back_all(self) -> None:
        """Whoever read has ended."""
        self._free = set(range(SLOTS))

    def read(self, slot: int, width: int, height: int) -> Pixels:
        """Copy a picture out. In the other process."""
        return Pixels(width, height, self._view(slot, (height, width, 3)).tobytes())

    def _view(self, slot: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        return np.frombuffer(self._memory[slot], np.uint8, math.prod(shape)).reshape(shape)


def thinned(image: NDArray[np.uint8], most_px: int) -> Pixels:
    """Return a picture with so few of its pixels that neither side is longer than `most_px`."""
    step = math.ceil(max(image.shape[:2]) / most_px)
    thin = np.ascontiguousarray(image[::step, ::step])
    return Pixels(thin.shape[1], thin.shape[0], thin.tobytes())
