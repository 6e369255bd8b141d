"""Which differences from the empty belt are one part, and which are several.

Two masks are looked at: where a frame surely differs from the belt, and where it perhaps does. Sheen splits a part into
sure pieces that a faint difference still holds together; a soft shadow is a faint difference too, and may reach the
next part. So pieces that hang together faintly are one part when they are also near each other; pieces further apart,
or near with nothing between them, are several parts when more than one is large enough to be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from edge.regions import Region, regions

LEAST_CELLS = 2  # of sure difference; a single one is a speck of noise


@dataclass(frozen=True)
class Blob:
    """Something on the belt, in cells. several: another one is too near to be sure that they are two."""

    region: Region
    several: bool = False


@dataclass(frozen=True)
class BlobRules:
    """join_cells: pieces at most this far apart can be one part. part_cells: the longer side of the smallest part."""

    join_cells: int
    part_cells: float

    def is_part(self, blob: Blob) -> bool:
        """Whether it is large enough to be a part."""
        region = blob.region
        return max(region.right - region.left, region.bottom - region.top) >= self.part_cells

    def find(self, sure: NDArray[np.bool_], perhaps: NDArray[np.bool_]) -> list[Blob] | None:
        """Return the parts in two masks, (H, W) bool, from left to right; None when they are mere noise."""
        faint = regions(perhaps)
        if faint is None:
            return None
        found = [blob for piece in faint for blob in self._within(piece, sure)]
        blobs = [blob for near in cluster(found, self.join_cells) for blob in self._told_apart(near)]
        return sorted((blob for blob in blobs if self.is_part(blob)), key=lambda blob: blob.region.left)

    def _within(self, faint: Region, sure: NDArray[np.bool_]) -> list[Blob]:
        """Return what surely differs inside what perhaps does."""
        pieces = regions(sure[faint.top : faint.bottom, faint.left : faint.right]) or []
        blobs = [Blob(one.moved(faint.left, faint.top)) for one in pieces if one.area >= LEAST_CELLS]
        return self._told_apart([_joined(near) for near in cluster(blobs, self.join_cells)])

    def _told_apart(self, blobs: Sequence[Blob]) -> list[Blob]:
        """Join everything to one part, unless more than one is large enough to be one."""
        large = [blob for blob in blobs if self.is_part(blob)]
        if len(large) > 1:
            return [replace(blob, several=True) for blob in large]
        return [_joined(blobs)] if blobs else []


def _joined(blobs: Sequence[Blob]) -> Blob:
    return Blob(reduce(Region.joined, (blob.region for blob in blobs)), any(blob.several for blob in blobs))


def cluster(blobs: Sequence[Blob], reach: int) -> list[list[Blob]]:
    """Put blobs whose boxes are at most `reach` cells apart together, directly or through others."""
    clusters: list[tuple[Region, list[Blob]]] = []
    for blob in blobs:
        box, members = blob.region, [blob]
        while near := [one for one in clusters if one[0].gap(box) <= reach]:
            clusters = [one for one in clusters if one not in near]
            for other, others in near:
                box, members = box.joined(other), [*others, *members]
        clusters.append((box, members))
    return [members for _, members in clusters]
