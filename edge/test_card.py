"""The picture every bundle is tested with at every start, and what that test compares.

The card is arithmetic, not a file: ramps, rings and checks in every channel, so that another resize, another channel
order or another runtime changes its digest or its scores.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from edge.classifier import Classifier
from edge.errors import BundleError
from edge.preprocess import InputSpec, preprocess

CARD_WIDTH_PX, CARD_HEIGHT_PX = 320, 240

# Two TFLite runtimes differ by up to 17/256 on the same model and input with their default kernels (measured).
SCORE_TOLERANCE = 0.08


class TestCard(BaseModel):
    """What the card gave where the bundle was made."""

    __test__ = False  # the name is the trade's; pytest shall not collect it
    model_config = ConfigDict(frozen=True, extra="forbid")

    input_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    scores: tuple[float, ...]


def card_picture() -> NDArray[np.uint8]:
    """Draw the card: (240, 320, 3) uint8, the same on every machine."""
    y, x = np.mgrid[0:CARD_HEIGHT_PX, 0:CARD_WIDTH_PX]
    ramp = x * 255 // (CARD_WIDTH_PX - 1)
    rings = ((x - 160) ** 2 + (y - 120) ** 2) // 47 % 256
    checks = np.where((x // 16 + y // 16) % 2 == 0, 32 + y * 3 // 4, 223 - y // 2)
    return np.stack([ramp, rings, checks], axis=-1).astype(np.uint8)


def input_digest(spec: InputSpec) -> str:
    """Return the sha256 of the card's pixels after `preprocess`."""
    return hashlib.sha256(preprocess(card_picture(), spec).tobytes()).hexdigest()


def make_test_card(classifier: Classifier) -> TestCard:
    """Record what `classifier` answers here."""
    scores = tuple(round(float(score), 6) for score in _scores(classifier))
    return TestCard(input_sha256=input_digest(classifier.spec), scores=scores)


def check_test_card(card: TestCard, classifier: Classifier, where: str) -> None:
    """Raise BundleError when this machine prepares pictures or scores them unlike the one that made the bundle."""
    if input_digest(classifier.spec) != card.input_sha256:
        raise BundleError(
            f"{where}: the test card is resized differently here than where the bundle was made; "
            "install the same major version of Pillow, or make the bundle again"
        )
    worst = float(np.abs(_scores(classifier) - np.array(card.scores)).max())
    if not worst <= SCORE_TOLERANCE:
        raise BundleError(
            f"{where}: expected the test card's scores within {SCORE_TOLERANCE}, found one {worst:.3f} away; "
            "this machine's TFLite runtime computes the model differently, install another one"
        )


def _scores(classifier: Classifier) -> NDArray[np.float32]:
    """As the model gives them: temperature would magnify what two runtimes differ by."""
    return classifier.raw_scores_of_input(preprocess(card_picture(), classifier.spec))
