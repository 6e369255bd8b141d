"""Parts that differ by their colour only, and a scorer that is right about them: quick where the model is no matter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.line import LineModel
from edge.render import Sprite

COLOURS = {"red": (200, 40, 40), "green": (30, 170, 40), "blue": (40, 40, 210)}
SIDE_MM = (10.0, 35.0)
_SURE, _THRESHOLD = 0.98, 0.5
_LEAST_SPREAD = 80  # between the channels of a pixel that belongs to a part; the belt is grey


class ColouredParts:
    """Rectangles of random size, one colour per class."""

    labels = tuple(COLOURS)

    def sprite(self, label: str, rng: np.random.Generator, px_per_mm: float) -> Sprite:
        """Draw one part of a class."""
        width_px, height_px = (int(rng.uniform(*SIDE_MM) * px_per_mm) for _ in range(2))
        alpha = np.ones((height_px, width_px), dtype=np.float32)
        rgb = np.empty((height_px, width_px, 3), dtype=np.uint8)
        rgb[:] = COLOURS[label]
        return Sprite(rgb, alpha, np.zeros_like(alpha), width_px / px_per_mm, height_px / px_per_mm)


class ColourScorer:
    """Answers by the mean of the coloured pixels."""

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture, (H, W, 3) uint8, in the order of COLOURS; all the same where nothing has a colour."""
        red, green, blue = (image[:, :, channel] for channel in range(3))
        most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
        coloured = image[most - least > _LEAST_SPREAD]
        if not len(coloured):
            return np.full(len(COLOURS), 1 / len(COLOURS), dtype=np.float32)
        distances = [np.abs(coloured.mean(axis=0) - np.array(colour)).sum() for colour in COLOURS.values()]
        scores = np.full(len(COLOURS), (1 - _SURE) / (len(COLOURS) - 1), dtype=np.float32)
        scores[int(np.argmin(distances))] = _SURE
        return scores


def colour_model() -> LineModel:
    """Return the scorer with the thresholds of a bundle."""
    return LineModel(ColouredParts.labels, dict.fromkeys(COLOURS, _THRESHOLD), ColourScorer())
