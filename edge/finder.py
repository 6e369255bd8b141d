"""Find parts in a frame of a moving belt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from edge.background import Background
from edge.errors import CameraError
from edge.parts import Frame, Sighting
from edge.regions import Region, regions

CELL_PX = 4
LEAST_CELLS = 2  # a single cell is a speck of noise
MOST_SHARE = 0.5  # of the picture that parts may fill; more is a hand, or another light
GIVE_UP_AFTER_FRAMES = 60  # in a row that are no picture of the belt


@dataclass(frozen=True)
class FinderSettings:
    """How a part differs from the belt, and how large it may be.

    contrast: grey levels between part and belt. join_mm: pieces closer than this are one part (sheen can split one).
    min_part_mm: smaller things are dirt. crop_margin: side of the square crop over the part's longer side.
    """

    mm_per_px: float
    contrast: int = 30
    join_mm: float = 2.0
    min_part_mm: float = 4.0
    crop_margin: float = 1.15


class Finder:
    """Compares each frame with the empty belt; the first frames teach it what that looks like."""

    def __init__(self, settings: FinderSettings) -> None:
        self._settings = settings
        self._background = Background(settings.contrast)
        self._untrusted = 0
        self._join_cells = round(settings.join_mm / (settings.mm_per_px * CELL_PX))

    @property
    def ready(self) -> bool:
        """Whether the empty belt is known; before that no part is found."""
        return self._background.learned

    def find(self, frame: Frame) -> list[Sighting] | None:
        """Return what is on the belt, from upstream to downstream.

        None when the frame is no picture of a belt with parts (noise, a light switched, a hand): nothing in it
        can be trusted. Raises CameraError when that lasts, or when the belt is never empty at start.
        """
        if not self._background.learned:
            self._background.learn(frame.image)
            return []
        mask = self._background.differences(frame.image)
        pieces = regions(mask) if np.count_nonzero(mask) <= MOST_SHARE * mask.size else None
        self._note_trust(pieces is not None)
        if pieces is None:
            return None
        if not pieces:
            self._background.refresh(frame.image)
        clusters = cluster([piece for piece in pieces if piece.area >= LEAST_CELLS], self._join_cells)
        found = [self._sighting(frame.image, pieces) for pieces in clusters]
        return [one for one in found if max(one.length_mm, one.width_mm) >= self._settings.min_part_mm]

    def _note_trust(self, trusted: bool) -> None:
        self._untrusted = 0 if trusted else self._untrusted + 1
        if self._untrusted >= GIVE_UP_AFTER_FRAMES:
            raise CameraError(
                f"expected a belt with parts on it, found something else in {self._untrusted} frames in a row; "
                "take away what covers the camera or switch the light back, then start again"
            )

    def _sighting(self, image: NDArray[np.uint8], pieces: list[Region]) -> Sighting:
        height, width = image.shape[:2]
        scale = self._settings.mm_per_px
        whole = reduce(Region.joined, pieces)
        left, top = whole.left * CELL_PX, whole.top * CELL_PX
        right = width if whole.right >= width // CELL_PX else whole.right * CELL_PX
        bottom = height if whole.bottom >= height // CELL_PX else whole.bottom * CELL_PX
        box = (left, top, right, bottom)
        side = crop_side(box, self._settings.crop_margin, width, height)
        return Sighting(
            x_mm=((left + right) / 2 - width / 2) * scale,
            y_mm=((top + bottom) / 2 - height / 2) * scale,
            length_mm=(right - left) * scale,
            width_mm=(bottom - top) * scale,
            crop=square_crop(image, box, side),
            centred=side / 2 <= (left + right) / 2 <= width - side / 2,
            several=sum(self._is_part(piece) for piece in pieces) > 1,
            cut_upstream=left == 0,
            cut_downstream=right == width,
            cut_sideways=top == 0 or bottom == height,
        )

    def _is_part(self, piece: Region) -> bool:
        size_px = max(piece.right - piece.left, piece.bottom - piece.top) * CELL_PX
        return size_px * self._settings.mm_per_px >= self._settings.min_part_mm


def cluster(pieces: list[Region], reach: int) -> list[list[Region]]:
    """Put pieces whose boxes are at most `reach` cells apart together, directly or through others."""
    clusters: list[tuple[Region, list[Region]]] = []
    for piece in pieces:
        box, members = piece, [piece]
        near = [one for one in clusters if one[0].gap(box) <= reach]
        while near:
            clusters = [one for one in clusters if one not in near]
            for other, others in near:
                box, members = box.joined(other), [*others, *members]
            near = [one for one in clusters if one[0].gap(box) <= reach]
        clusters.append((box, members))
    return [members for _, members in clusters]


def crop_side(box: tuple[int, int, int, int], margin: float, width: int, height: int) -> int:
    """Return the side of the square crop of `box`, in pixels: `margin` times its longer side, or what there is."""
    left, top, right, bottom = box
    return min(round(max(right - left, bottom - top) * margin), height, width)


def square_crop(image: NDArray[np.uint8], box: tuple[int, int, int, int], side: int) -> NDArray[np.uint8]:
    """Cut a square of this side around `box` (left, top, right, bottom), moved to stay inside the picture."""
    left, top, right, bottom = box
    height, width = image.shape[:2]
    x = min(max((left + right - side) // 2, 0), width - side)
    y = min(max((top + bottom - side) // 2, 0), height - side)
    return image[y : y + side, x : x + side]
