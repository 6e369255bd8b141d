"""The records that travel from the camera to the journal.

The gate process imports this file too and has its memory locked, so NumPy is imported only by who has a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.shapes import Outline

REJECT_BIN = "reject"


@dataclass(frozen=True)
class Frame:
    """A picture of the belt, which runs from left to right in it.

    image: (H, W, 3) uint8 RGB. taken_at: the middle of the exposure, seconds on the machine clock.
    number: counts up from 0; a gap means frames were dropped.
    """

    image: NDArray[np.uint8]
    taken_at: float
    number: int


@dataclass(frozen=True)
class Sighting:
    """Something on the belt in one frame.

    x_mm and y_mm are the centre of its box, from the centre of the picture, along and across the belt (downstream is
    positive); length_mm and width_mm its extent along and across. crop: (n, n, 3) uint8, square, around it.
    centred: the part is in the middle of its crop along the belt; near the picture's ends the crop had to move aside.
    several: another part is too near to tell their pieces apart. cut_...: the picture's end shows only a piece of it.
    outline: which of its pixels differ from the belt; None where nobody looked. eyed: the photo-eye
    saw it too, where the machine has one beside the picture.
    """

    x_mm: float
    y_mm: float
    length_mm: float
    width_mm: float
    crop: NDArray[np.uint8]
    centred: bool = True
    several: bool = False
    cut_upstream: bool = False
    cut_downstream: bool = False
    cut_sideways: bool = False
    outline: Outline | None = None
    eyed: bool = True

    @property
    def angle_deg(self) -> float | None:
        """The direction of its longer axis from the belt's, growing clockwise in the picture, in (-90, 90]."""
        shape = self.outline.shape if self.outline else None
        return shape.angle_deg if shape else None

    @cached_property
    def sharpness(self) -> float:
        """The blur score of its crop: the lower, the more blurred (see edge.sharpness)."""
        from edge.sharpness import sharpness

        return sharpness(self.crop)

    @property
    def whole(self) -> bool:
        """Whether all of it along the belt is in the picture, so that its centre is known."""
        return not (self.cut_upstream or self.cut_downstream)


class Reason(StrEnum):
    """Why a part goes to the bin it goes to. Everything but SORTED means reject."""

    SORTED = "sorted"
    BELOW_THRESHOLD = "below_threshold"
    UNKNOWN = "unknown"
    NO_BIN = "no_bin"
    CROWDED = "crowded"
    TOUCHING = "touching"
    ODD_SIZE = "odd_size"
    BLURRED = "blurred"
    NO_EYE = "no_eye"
    TOO_LONG = "too_long"
    OUT_OF_VIEW = "out_of_view"
    LOST = "lost"
    UNCLASSIFIED = "unclassified"
    LATE = "late"
    GATE_RESTING = "gate_resting"
    BELT = "belt"
    BIN_FULL = "bin_full"
    NOT_ARMED = "not_armed"
    LINE_STOPPED = "line_stopped"
    GATE_CUT = "gate_cut"


@dataclass(frozen=True)
class Decision:
    """Which bin, and why. label and score are empty when no frame of the part could be classified."""

    bin: str
    reason: Reason
    label: str = ""
    score: float = 0.0
    scores: tuple[float, ...] = ()

    def rejected(self, reason: Reason) -> Decision:
        """Return the same findings with the reject bin and another reason."""
        return Decision(REJECT_BIN, reason, self.label, self.score, self.scores)
