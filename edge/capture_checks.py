"""Is a picture good enough to learn from: sharp, neither burnt out nor too dark?"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from edge.sharpness import sharpness

CLIPPED_LEVEL = 254  # a channel at its end says nothing any more
_BRIGHTEST = 99.0  # percentile; a few hot pixels make no picture bright
_COMPARED = 50  # of the last pictures, which later ones are compared with
_LEAST_COMPARED = 10


@dataclass(frozen=True)
class PictureLimits:
    """What a picture must keep to; 0, or 1 for max_clipped, leaves a limit out.

    min_sharpness: lowest blur score (edge.sharpness), for a machine where it was measured. min_sharpness_share: lowest
    share of the middle score of the pictures before it. max_clipped: share of the pixels with a channel at its end.
    min_bright: grey level, 0..255, that the brightest hundredth of the picture must reach.
    """

    min_sharpness: float = 0.0
    min_sharpness_share: float = 0.15
    max_clipped: float = 0.25
    min_bright: float = 60.0

    def as_dict(self) -> dict[str, float]:
        """Return them by name."""
        return asdict(self)


@dataclass(frozen=True)
class PictureQuality:
    """What was measured of a picture, and what is wrong with it: `blurred`, `clipped`, `dark`, or nothing."""

    sharpness: float
    clipped: float
    bright: float
    problem: str | None = None

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        measured = f"sharpness {self.sharpness:.3f}, clipped {self.clipped:.1%}, brightest {self.bright:.0f} of 255"
        return f"{self.problem}: {measured}" if self.problem else measured


class PictureCheck:
    """Judges pictures one after the other. A blur score depends on part and scale, so it is compared with the others'.

    A session's first pictures cannot be compared with anything: they only have the absolute limit.
    """

    def __init__(self, limits: PictureLimits) -> None:
        self._limits = limits
        self._scores: deque[float] = deque(maxlen=_COMPARED)

    def judge(self, image: NDArray[np.uint8]) -> PictureQuality:
        """Judge a picture, (h, w, 3) uint8."""
        score = sharpness(image)
        clipped = float(np.mean((image >= CLIPPED_LEVEL).any(axis=2)))
        bright = float(np.percentile(image.max(axis=2), _BRIGHTEST))
        problem = self._problem(score, clipped, bright)
        if problem != "blurred":
            self._scores.append(score)
        return PictureQuality(score, clipped, bright, problem)

    def _problem(self, score: float, clipped: float, bright: float) -> str | None:
        limits = self._limits
        if bright < limits.min_bright:
            return "dark"
        if clipped > limits.max_clipped:
            return "clipped"
        usual = statistics.median(self._scores) if len(self._scores) >= _LEAST_COMPARED else 0.0
        return "blurred" if score < max(limits.min_sharpness, limits.min_sharpness_share * usual) else None
