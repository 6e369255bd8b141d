"""What the empty belt looks like, and where a frame differs from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import CameraError

LEARN_FRAMES = 8
GIVE_UP_AFTER_FRAMES = 300
REFRESH_EVERY = 4  # empty frames; one grey level each time follows daylight and leaves a passing part no trace
EDGE_SHARE = 0.1
_QUIET_SHARE = 0.002  # of the cells may differ between two pictures of an empty belt


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Differences:
    """Where a frame shows something else than the belt.

    sure: cells, (H/4, W/4) bool, above the contrast. perhaps: cells near those, above half of it. pixels: every
    second row of pixels, (H/2, W, 3) bool, above the contrast. amount: how much they differ, uint8.
    """

    sure: NDArray[np.bool_]
    perhaps: NDArray[np.bool_]
    pixels: NDArray[np.bool_]
    amount: NDArray[np.uint8]
    contrast: int

    def has_edge(self, box: Box) -> bool:
        """Whether the difference begins abruptly anywhere round a box, as a body's does and a soft shadow's does not.

        Abruptly: by half the contrast within two pixels, at EDGE_SHARE of as many places as the box has round it, so
        that noise is no edge.
        """
        left, top, right, bottom = box
        grey = self.amount[max(top // 2 - 1, 0) : bottom // 2 + 1, max(left - 2, 0) : right + 2, 1]
        abrupt = np.count_nonzero(_difference(grey[:, 2:], grey[:, :-2]) > self.contrast // 2)
        enough = EDGE_SHARE * 2 * sum(grey.shape)
        if abrupt < enough:
            abrupt += np.count_nonzero(_difference(grey[1:], grey[:-1]) > self.contrast // 2)
        return bool(abrupt >= enough)

    def tight(self, box: Box) -> tuple[Box, NDArray[np.bool_]]:
        """Shrink a box of cells to the pixels in it that surely differ.

        Returns it, and which of every second pixel in it differ, (h, w) bool. Boxes are in pixels: left, top, right,
        bottom, the last two exclusive.
        """
        left, top, right, bottom = box
        part = self.pixels[top // 2 : bottom // 2, left:right]
        inside = part[:, :, 0] | part[:, :, 1] | part[:, :, 2]  # many times faster than any() over an axis of 3
        columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
        if not len(columns):
            return box, inside[:, ::2]
        x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        # a copy: a view would keep the whole frame's mask alive as long as the part
        return (left + x0, top + 2 * y0, left + x1, top + 2 * y1), inside[y0:y1, x0:x1:2].copy()


class Background:
    """A picture of the empty belt, learned at start and refreshed only while the belt is empty.

    Works on every second row, in cells of 4x4 pixels: a cell differs when any pixel looked at in it does.
    """

    def __init__(self, contrast: int) -> None:
        self._contrast = contrast
        self._samples: list[NDArray[np.uint8]] = []
        self._seen = 0
        self._empty = 0
        self._picture: NDArray[np.uint8] | None = None

    @property
    def learned(self) -> bool:
        """Whether the empty belt is known."""
        return self._picture is not None

    def learn(self, image: NDArray[np.uint8]) -> None:
        """Take a frame, (H, W, 3) uint8, for the picture of the empty belt.

        Starts again when something moves through. Raises CameraError when the belt never looks empty.
        """
        sample = _thin(image).copy()
        self._seen += 1
        if self._samples and _share(_cells(_difference(sample, self._samples[-1]) > self._contrast)) > _QUIET_SHARE:
            self._samples.clear()
        self._samples.append(sample)
        if len(self._samples) == LEARN_FRAMES:
            self._picture = np.median(self._samples, axis=0).astype(np.uint8)
            self._samples.clear()
        elif self._seen >= GIVE_UP_AFTER_FRAMES:
            raise CameraError(
                f"expected {LEARN_FRAMES} pictures of the empty belt in a row, found movement in each of {self._seen} "
                "frames; stop feeding parts while the line starts, or raise finder.contrast in the machine file"
            )

    def differences(self, image: NDArray[np.uint8]) -> Differences:
        """Compare a frame, (H, W, 3) uint8, with the empty belt."""
        assert self._picture is not None, "learn first"
        difference = _difference(_thin(image), self._picture)
        pixels = difference > self._contrast
        sure = _cells(pixels)
        perhaps = np.zeros_like(sure)
        rows = np.flatnonzero(sure.any(axis=1))
        if len(rows):  # what is faint matters only near what is sure, and looking everywhere would cost as much again
            top, bottom = max(int(rows[0]) - 1, 0), int(rows[-1]) + 2
            perhaps[top:bottom] = _cells(difference[2 * top : 2 * bottom] > self._contrast // 2)
        return Differences(sure, perhaps, pixels, difference, self._contrast)

    def refresh(self, image: NDArray[np.uint8]) -> None:
        """Follow slow changes of light by a frame that shows the empty belt."""
        assert self._picture is not None, "learn first"
        self._empty += 1
        if self._empty % REFRESH_EVERY == 0:
            thin = _thin(image)
            self._picture += (thin > self._picture).view(np.uint8)
            self._picture -= (thin < self._picture).view(np.uint8)


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.maximum(one, other) - np.minimum(one, other)


def _cells(pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ask of a thinned mask, (H/2, W, 3), in which cells any value is set: (H/4, W/4) bool.

    The 12 bytes of four pixels are looked at as three 32-bit words, which is many times faster than an axis of 3.
    """
    rows = np.ascontiguousarray(pixels[0::2] | pixels[1::2])
    words = rows.reshape(rows.shape[0], -1).view(np.uint32)
    cells: NDArray[np.bool_] = (words[:, 0::3] | words[:, 1::3] | words[:, 2::3]) != 0
    return cells


def _thin(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[0] // 4 * 4, image.shape[1] // 4 * 4
    return image[:height:2, :width]


def _share(mask: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(mask)) / mask.size
