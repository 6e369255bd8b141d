"""Connected regions of a small yes/no picture, without a picture library."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A mask with more runs to a row than this is noise, not parts; labelling it would only cost time.
MAX_RUNS_PER_ROW = 16

Runs = tuple[list[int], list[int], list[int]]  # row, first column, column after the last


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
    runs = _runs(mask)
    if len(runs.rows) > MAX_RUNS_PER_ROW * mask.shape[0]:
        return None
    rows, starts, ends = runs.lists()
    found = [_box(*group) for group in _grouped(rows, starts, ends, _names(rows, starts, ends))]
    return sorted(found, key=lambda region: (region.left, region.top))


def labels(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number the 8-connected regions of `mask`, (H, W) bool: (H, W) int32, 0 where nothing is set."""
    runs = _runs(mask)
    if runs.one_below_the_other:
        return mask.astype(np.int32)
    rows, starts, ends = runs.lists()
    named = np.zeros(mask.shape, dtype=np.int32)
    numbers: dict[int, int] = {}
    for row, start, end, name in zip(rows, starts, ends, _names(rows, starts, ends), strict=True):
        named[row, start:end] = numbers.setdefault(name, len(numbers) + 1)
    return named


@dataclass(frozen=True)
class _Runs:
    """Row, first column and column after the last of every horizontal run, row by row."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def one_below_the_other(self) -> bool:
        """Whether they are one region without a bay at its sides, as nearly always: then each row has one run."""
        count = len(self.rows)
        return bool(
            count
            and self.rows[-1] - self.rows[0] == count - 1
            and (self.rows[1:] > self.rows[:-1]).all()
            and (self.starts[1:] <= self.ends[:-1]).all()
            and (self.starts[:-1] <= self.ends[1:]).all()
        )

    def lists(self) -> Runs:
        """Return them as lists, which a loop reads many times faster."""
        return self.rows.tolist(), self.starts.tolist(), self.ends.tolist()


def _names(rows: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Give every run a number, the same for those that touch, also corner to corner, directly or through others.

    A run takes the number of one above it; where it joins two, one number stands for the other from then on.
    """
    names, same_as = [0] * len(rows), list[int]()
    first, row_begin, row = 0, 0, -1
    for run, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if rows[run] != row:
            first, row_begin, row = row_begin, run, rows[run]
            if rows[first] != row - 1:
                first = run  # nothing in the row above
        while first < row_begin and ends[first] < start:
            first += 1
        name, above = -1, first
        while above < row_begin and starts[above] <= end:
            other = _root(same_as, names[above])
            if name >= 0:
                same_as[other] = name
            else:
                name = other
            above += 1
        if name < 0:
            name = len(same_as)
            same_as.append(name)
        names[run] = name
    return [_root(same_as, name) for name in names] if len(same_as) > 1 else names


def _runs(mask: NDArray[np.bool_]) -> _Runs:
    height, width = mask.shape
    padded = np.zeros(height * (width + 1) + 1, dtype=np.bool_)  # a clear cell before the first and behind every row
    padded[1:].reshape(height, width + 1)[:, :-1] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    rows, starts = np.divmod(changes[0::2], width + 1)
    return _Runs(rows, starts, changes[1::2] - rows * (width + 1))


def _root(same_as: list[int], name: int) -> int:
    while same_as[name] != name:
        same_as[name] = same_as[same_as[name]]
        name = same_as[name]
    return name


def _grouped(rows: list[int], starts: list[int], ends: list[int], names: list[int]) -> list[Runs]:
    """Return the runs of each name, in the order in which they came."""
    if names and names.count(names[0]) == len(names):  # one part alone, as nearly always
        return [(rows, starts, ends)]
    groups: dict[int, Runs] = {}
    for row, start, end, name in zip(rows, starts, ends, names, strict=True):
        group = groups.setdefault(name, ([], [], []))
        group[0].append(row)
        group[1].append(start)
        group[2].append(end)
    return list(groups.values())


def _box(rows: list[int], starts: list[int], ends: list[int]) -> Region:
    return Region(min(starts), rows[0], max(ends), rows[-1] + 1, sum(ends) - sum(starts))
