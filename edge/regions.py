"""Connected regions of a small yes/no picture, without a picture library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A mask with more runs to a row than this is noise, not parts; labelling it would only cost time.
MAX_RUNS_PER_ROW = 16


@dataclass(frozen=True)
class Region:
    """The box of a region, in cells, right and bottom exclusive, and how many cells are set in it."""

    left: int
    top: int
    right: int
    bottom: int
    area: int

    def joined(self, other: Region) -> Region:
        """Return the box round both."""
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            self.area + other.area,
        )

    def moved(self, right: int, down: int) -> Region:
        """Return the region moved by so many cells."""
        return Region(self.left + right, self.top + down, self.right + right, self.bottom + down, self.area)

    def gap(self, other: Region) -> int:
        """Return how many cells lie between the boxes, on the axis that separates them more; negative: overlap."""
        across = max(self.left - other.right, other.left - self.right)
        down = max(self.top - other.bottom, other.top - self.bottom)
        return max(across, down)


def regions(mask: NDArray[np.bool_]) -> list[Region] | None:
    """Find the 8-connected regions of `mask`, (H, W) bool, from left to right. None when the mask is mere noise."""
    rows, starts, ends = _runs(mask)
    if len(rows) > MAX_RUNS_PER_ROW * mask.shape[0]:
        return None
    return _boxes(rows, starts, ends, _parents(rows, starts, ends))


def labels(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 8-connected regions of `mask`, (H, W) bool: (H, W) int32, 0 where nothing is set."""
    rows, starts, ends = _runs(mask)
    parents = _parents(rows, starts, ends)
    named = np.zeros(mask.shape, dtype=np.int32)
    numbers: dict[int, int] = {}
    for run, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        named[row, start:end] = numbers.setdefault(_root(parents, run), len(numbers) + 1)
    return named


def _parents(rows: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Join runs that touch, also corner to corner: the forest in which _root finds a run's region."""
    parents = list(range(len(rows)))
    first, row_begin = 0, 0
    for run in range(len(rows)):
        if rows[run] != rows[row_begin]:
            first, row_begin = row_begin, run
        if rows[first] != rows[run] - 1:
            continue
        while first < row_begin and ends[first] < starts[run]:
            first += 1
        above = first
        while above < row_begin and starts[above] <= ends[run]:
            if parents[above] != parents[run]:
                parents[_root(parents, above)] = _root(parents, run)
            above += 1
    return parents


def _runs(mask: NDArray[np.bool_]) -> tuple[list[int], list[int], list[int]]:
    """Return row, first column and column after the last of every horizontal run, row by row."""
    height, width = mask.shape
    padded = np.zeros(height * (width + 1) + 1, dtype=np.bool_)  # a clear cell before the first and behind every row
    padded[1:].reshape(height, width + 1)[:, :-1] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    rows, starts = np.divmod(changes[0::2], width + 1)
    ends = changes[1::2] - rows * (width + 1)
    return rows.tolist(), starts.tolist(), ends.tolist()


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


def _boxes(rows: list[int], starts: list[int], ends: list[int], parents: list[int]) -> list[Region]:
    found: dict[int, list[int]] = {}
    for run, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        root = _root(parents, run)
        box = found.setdefault(root, [start, row, end, row + 1, 0])
        box[0], box[2], box[3] = min(box[0], start), max(box[2], end), row + 1
        box[4] += end - start
    return sorted((Region(*box) for box in found.values()), key=lambda region: (region.left, region.top))
