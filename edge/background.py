"""What the empty belt looks like, and where a frame differs from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import CameraError
from edge.middle import middle

LEARN_FRAMES = 8
GIVE_UP_AFTER_FRAMES = 300
REFRESH_EVERY = 4  # empty frames; one grey level each time follows daylight and leaves a passing part no trace
EDGE_SHARE = 0.1
NEAR_CELLS = 6  # of belt looked at on both sides of what surely differs: shadows reach no further, or all is looked at
STRIP_CELLS = 60  # rows of cells looked at together
_QUIET_SHARE = 0.002  # of the cells may differ between two pictures of an empty belt


Box = tuple[int, int, int, int]  # left, top, right, bottom
Window = tuple[int, int, int, int]  # of cells: first and last row, first and last column, the lasts exclusive


class _Band:
    """The grey levels that are still the belt: within a contrast of its picture."""

    def __init__(self, belt: NDArray[np.uint8], contrast: int) -> None:
        levels = np.uint8(contrast)
        self._lowest = np.maximum(belt, levels) - levels
        span = np.minimum(belt, np.uint8(255) - levels) + levels - self._lowest
        # alike everywhere but on a nearly black or white belt: then it need not be read from memory
        self._span = np.broadcast_to(span.flat[0], span.shape) if (span == span.flat[0]).all() else span

    def left_by(self, shown: NDArray[np.uint8], rows: slice, columns: slice = slice(None)) -> NDArray[np.bool_]:
        """Return which values of a part of the picture lie outside.

        What is below the lowest becomes large by rolling over.
        """
        place = rows, columns
        outside: NDArray[np.bool_] = (shown[place] - self._lowest[place]) > self._span[place]
        return outside

    def cells_left(self, shown: NDArray[np.uint8], window: Window | None = None) -> NDArray[np.bool_]:
        """Return in which cells any value lies outside, (H/4, W/4) bool; beyond a window of cells nothing is looked at.

        Strip by strip, so that what is in between stays in the processor's nearest memory.
        """
        cells = np.zeros((len(shown) // 2, shown.shape[1] // 4), dtype=np.bool_)
        first, last, left, right = window or (0, len(cells), 0, cells.shape[1])
        for top in range(first, last, STRIP_CELLS):
            bottom = min(top + STRIP_CELLS, last)
            outside = self.left_by(shown, slice(2 * top, 2 * bottom), slice(4 * left, 4 * right))
            _mark(cells[top:bottom, left:right], outside)
        return cells


@dataclass(frozen=True)
class Differences:
    """Where a frame shows something else than the belt.

    sure: cells, (H/4, W/4) bool, above the contrast. perhaps: cells near those, above half of it. shown, belt: every
    second row of the frame and of the empty belt, (H/2, W, 3) uint8. band: what is within the contrast.
    """

    sure: NDArray[np.bool_]
    perhaps: NDArray[np.bool_]
    shown: NDArray[np.uint8]
    belt: NDArray[np.uint8]
    band: _Band
    contrast: int

    def has_edge(self, box: Box) -> bool:
        """Whether the difference begins abruptly anywhere round a box, as a body's does and a soft shadow's does not.

        Abruptly: by half the contrast within two pixels, at EDGE_SHARE of as many places as the box has round it, so
        that noise is no edge.
        """
        left, top, right, bottom = box
        near = slice(max(top // 2 - 1, 0), bottom // 2 + 1), slice(max(left - 2, 0), right + 2), 1
        grey = _difference(self.shown[near], self.belt[near])
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
        part = self.band.left_by(self.shown, slice(top // 2, bottom // 2), slice(left, right))
        inside = part[:, :, 0] | part[:, :, 1] | part[:, :, 2]  # many times faster than any() over an axis of 3
        columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
        if not len(columns):
            return box, inside[:, ::2]
        x0, y0, x1, y1 = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        # a copy: a view would keep the mask of the whole box alive as long as the part
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
        self._bands: tuple[_Band, _Band] | None = None

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
        if self._samples and self._moved(sample, self._samples[-1]):
            self._samples.clear()
        self._samples.append(sample)
        if len(self._samples) == LEARN_FRAMES:
            self._know(middle(self._samples))
            self._samples.clear()
        elif self._seen >= GIVE_UP_AFTER_FRAMES:
            raise CameraError(
                f"expected {LEARN_FRAMES} pictures of the empty belt in a row, found movement in each of {self._seen} "
                "frames; stop feeding parts while the line starts, or raise finder.contrast in the machine file"
            )

    def differences(self, image: NDArray[np.uint8]) -> Differences:
        """Compare a frame, (H, W, 3) uint8, with the empty belt. The result is good until the next frame."""
        assert self._picture is not None, "learn first"
        assert self._bands is not None
        clear, faint = self._bands
        shown = _thin(image)
        sure = clear.cells_left(shown)
        perhaps = _near(sure, lambda window: faint.cells_left(shown, window))
        return Differences(sure, perhaps, shown, self._picture, clear, self._contrast)

    def refresh(self, image: NDArray[np.uint8]) -> None:
        """Follow slow changes of light by a frame that shows the empty belt."""
        assert self._picture is not None, "learn first"
        self._empty += 1
        if self._empty % REFRESH_EVERY == 0:
            thin = _thin(image)
            brighter, darker = (thin > self._picture).view(np.uint8), (thin < self._picture).view(np.uint8)
            self._know(self._picture + brighter - darker)

    def _moved(self, sample: NDArray[np.uint8], before: NDArray[np.uint8]) -> bool:
        cells = _Band(before, self._contrast).cells_left(sample)
        return bool(np.count_nonzero(cells) > _QUIET_SHARE * cells.size)

    def _know(self, picture: NDArray[np.uint8]) -> None:
        self._picture = picture
        self._bands = _Band(picture, self._contrast), _Band(picture, self._contrast // 2)


def _near(sure: NDArray[np.bool_], look: Callable[[Window], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Look at what is faint near what is sure; looking everywhere would cost as much again.

    Near along the belt: as far as it hangs together, which ends where a column of the window's border is clear.
    """
    height, width = sure.shape
    rows, columns = np.flatnonzero(sure.any(axis=1)), np.flatnonzero(sure.any(axis=0))
    if not len(rows):
        return np.zeros_like(sure)
    top, bottom = max(int(rows[0]) - 1, 0), min(int(rows[-1]) + 2, height)
    left, right = max(int(columns[0]) - NEAR_CELLS, 0), min(int(columns[-1]) + 1 + NEAR_CELLS, width)
    perhaps = look((top, bottom, left, right))
    if (left > 0 and perhaps[:, left].any()) or (right < width and perhaps[:, right - 1].any()):
        return look((top, bottom, 0, width))
    return perhaps


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.maximum(one, other) - np.minimum(one, other)


def _mark(cells: NDArray[np.bool_], pixels: NDArray[np.bool_]) -> None:
    """Set the cells, (H/4, W/4), in which any value of a thinned mask, (H/2, W, 3), is set.

    The 12 bytes of four pixels are looked at as three 32-bit words, which is many times faster than an axis of 3.
    """
    rows = (pixels[0::2] | pixels[1::2]).reshape(len(cells), -1)
    some = np.flatnonzero(rows.any(axis=1))
    if len(some):
        filled = slice(int(some[0]), int(some[-1]) + 1)
        words = rows[filled].view(np.uint32)
        cells[filled] = (words[:, 0::3] | words[:, 1::3] | words[:, 2::3]) != 0


def _thin(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[0] // 4 * 4, image.shape[1] // 4 * 4
    return image[:height:2, :width]
