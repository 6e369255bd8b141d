"""Find parts in a frame of a moving belt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.background import Background, Differences
from edge.blobs import Blob, BlobRules
from edge.errors import CameraError
from edge.parts import Frame, Sighting
from edge.shapes import Outline

CELL_PX = 4
MOST_SHARE = 0.5  # of the picture that parts may fill; more is a hand, or another light
GIVE_UP_AFTER_FRAMES = 60  # in a row that are no picture of the belt


@dataclass(frozen=True)
class FinderSettings:
    """How a part differs from the belt, and how large it may be.

    contrast: grey levels that tell a part from the belt; half of that still holds a part together. join_mm: pieces
    closer than this can be one part (sheen splits one). min_part_mm: smaller things are dirt. crop_margin: side of the
    square crop over the part's longer side.
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
        cell_mm = settings.mm_per_px * CELL_PX
        self._rules = BlobRules(int(settings.join_mm / cell_mm), settings.min_part_mm / cell_mm)

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
        seen = self._background.differences(frame.image)
        crowd = np.count_nonzero(seen.sure) > MOST_SHARE * seen.sure.size
        blobs = None if crowd else self._rules.find(seen.sure, seen.perhaps)
        self._note_trust(blobs is not None)
        if blobs is None:
            return None
        if not seen.sure.any():
            self._background.refresh(frame.image)
        sightings = [self._sighting(frame.image, blob, seen) for blob in blobs]
        return [one for one in sightings if one is not None]

    def _note_trust(self, trusted: bool) -> None:
        self._untrusted = 0 if trusted else self._untrusted + 1
        if self._untrusted >= GIVE_UP_AFTER_FRAMES:
            raise CameraError(
                f"expected a belt with parts on it, found something else in {self._untrusted} frames in a row; "
                "take away what covers the camera or switch the light back, then start again"
            )

    def _sighting(self, image: NDArray[np.uint8], blob: Blob, seen: Differences) -> Sighting | None:
        """Describe it; None when it is only a shadow."""
        height, width = image.shape[:2]
        scale, region = self._settings.mm_per_px, blob.region
        box, inside = seen.tight(
            (region.left * CELL_PX, region.top * CELL_PX, region.right * CELL_PX, region.bottom * CELL_PX)
        )
        cut_along = region.left == 0, region.right == width // CELL_PX
        cut_sideways = region.top == 0 or region.bottom == height // CELL_PX
        if not (any(cut_along) or cut_sideways) and not seen.has_edge(box):
            return None
        left, top, right, bottom = box
        side = crop_side(box, self._settings.crop_margin, width, height)
        return Sighting(
            x_mm=((left + right) / 2 - width / 2) * scale,
            y_mm=((top + bottom) / 2 - height / 2) * scale,
            length_mm=(right - left) * scale,
            width_mm=(bottom - top) * scale,
            crop=square_crop(image, box, side),
            centred=side / 2 <= (left + right) / 2 <= width - side / 2,
            several=blob.several,
            cut_upstream=cut_along[0],
            cut_downstream=cut_along[1],
            cut_sideways=cut_sideways,
            outline=Outline(inside, 2 * scale),
        )


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
