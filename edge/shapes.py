"""What the outline of something on the belt says: which way it lies, how large it is, and whether it may be two parts.

All of it is measured on a mask of every second pixel, and only when asked for: once or a few times per part, not in
every frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.regions import labels

MOST_CELLS = 96  # along the longer side; a finer mask says nothing more and costs time
_LEAST_SHARE = 0.01  # of the set cells; smaller pieces are specks
_WAIST = 1.6  # a waist is narrower than what lies on both sides of it by this factor, and by two cells at least

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Shape:
    """An outline with its holes filled.

    angle_deg: of its longer axis, from the belt's direction, growing clockwise in the picture, in (-90, 90]; means
    little for something round. long_mm: its largest extent in any direction (Feret's diameter). area_mm2: with holes.
    solidity: area over that of its convex hull, in (0, 1]. waisted: it is narrower in the middle than on both sides, as
    two parts are that touch or are joined by a shadow.
    """

    angle_deg: float
    long_mm: float
    area_mm2: float
    solidity: float
    waisted: bool


@dataclass(frozen=True, eq=False)
class Outline:
    """Where something differs from the belt: mask (h, w) bool, cell_mm the side of one of its cells."""

    mask: Mask
    cell_mm: float

    @cached_property
    def shape(self) -> Shape | None:
        """Measure it; None when nothing is set."""
        return measure(self.mask, self.cell_mm)


def measure(mask: Mask, cell_mm: float) -> Shape | None:
    """Measure a mask, (h, w) bool, of cells of this size; None when nothing in it is set."""
    stride = max(1, math.ceil(max(mask.shape) / MOST_CELLS))
    body = filled(without_specks(mask[::stride, ::stride]))
    if not body.any():
        return None
    cell_mm *= stride
    corners = hull(body)
    area, hull_area = float(np.count_nonzero(body)), polygon_area(corners)
    return Shape(
        angle_deg=angle_deg(body),
        long_mm=_feret(corners) * cell_mm,
        area_mm2=area * cell_mm**2,
        solidity=area / hull_area,
        waisted=waisted(body),
    )


def without_specks(mask: Mask) -> Mask:
    """Drop the pieces too small to matter."""
    names = labels(mask)
    sizes = np.bincount(names.ravel())
    sizes[0] = 0
    kept: Mask = (sizes >= max(2.0, _LEAST_SHARE * sizes.sum()))[names] & mask
    return kept


def filled(mask: Mask) -> Mask:
    """Close gaps of a cell or two, then fill what has set cells on all four sides: holes, and some pockets."""
    closed = ~_eroded(~np.pad(mask, 2), 3)
    closed = _eroded(closed, 3)[2:-2, 2:-2]
    reach = np.logical_or.accumulate
    across = reach(closed, axis=1) & reach(closed[:, ::-1], axis=1)[:, ::-1]
    down = reach(closed, axis=0) & reach(closed[::-1], axis=0)[::-1]
    inside: Mask = across & down
    return inside


def angle_deg(mask: Mask) -> float:
    """Return the direction of the longer axis by second moments: atan2(2 u11, u20 - u02) / 2 (Hu, 1962)."""
    y, x = np.nonzero(mask)
    x, y = x - x.mean(), y - y.mean()
    twice = math.atan2(2 * float(x @ y), float(x @ x - y @ y))
    degrees = math.degrees(twice) / 2
    return degrees if degrees > -90 else 90.0


def hull(mask: Mask) -> NDArray[np.float64]:
    """Return the corners of the convex hull of a mask's cells, (n, 2) as x and y (Andrew's monotone chain, 1979)."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    left = [(float(x), float(y)) for x, row in zip(first, rows, strict=True) for y in (row, row + 1)]
    right = [(float(x), float(y)) for x, row in zip(last, rows, strict=True) for y in (row, row + 1)]
    return np.array(_chain(left, 1.0) + _chain(right, -1.0)[::-1])


def _chain(points: list[tuple[float, float]], side: float) -> list[tuple[float, float]]:
    """Keep the points, which come from top to bottom, that lie on the hull's left (1) or right (-1) side."""
    kept: list[tuple[float, float]] = []
    for x, y in points:
        while len(kept) > 1:
            (x0, y0), (x1, y1) = kept[-2:]
            if side * ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) < 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept


def polygon_area(corners: NDArray[np.float64]) -> float:
    """Return the area of a polygon, corners (n, 2) in order (the shoelace formula)."""
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _feret(corners: NDArray[np.float64]) -> float:
    """Return the largest distance between two corners."""
    apart = corners[:, None] - corners[None]
    return math.sqrt(float((apart * apart).sum(axis=2).max()))


def waisted(body: Mask) -> bool:
    """Whether eroding the body divides it into pieces that are each clearly thicker than what joined them."""
    depth = _depth(body)
    deepest = int(depth.max())
    for level in range(1, deepest):
        thick = depth >= max(_WAIST * level, level + 2)
        if not thick.any():
            break
        names = labels(depth > level)[thick]
        if names.min() != names.max():
            return True
    return False


def _depth(body: Mask) -> NDArray[np.uint8]:
    """Return how many erosions each cell survives, plus one; by square and cross in turn, which is nearly round."""
    left = np.pad(body, 1)
    depth = left.astype(np.uint8)
    square = False
    while (left := _eroded(left, 3) if square else _eroded_cross(left)).any():
        depth += left.view(np.uint8)
        square = not square
    return depth[1:-1, 1:-1]


def _eroded(mask: Mask, side: int) -> Mask:
    """Keep the cells whose square of `side` cells is set; beyond the border nothing is."""
    half = side // 2
    kept = np.zeros_like(mask)
    inner = mask[half : mask.shape[0] - half].copy()
    for shift in range(-half, half + 1):
        inner &= mask[half + shift : mask.shape[0] - half + shift]
    across = inner[:, half : mask.shape[1] - half].copy()
    for shift in range(-half, half + 1):
        across &= inner[:, half + shift : mask.shape[1] - half + shift]
    kept[half : mask.shape[0] - half, half : mask.shape[1] - half] = across
    return kept


def _eroded_cross(mask: Mask) -> Mask:
    kept = np.zeros_like(mask)
    kept[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return kept
