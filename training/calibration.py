"""Whether scores mean what they say: of the answers with score 0.9, nine in ten should be right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from training.answers import Answers

BINS = 10


@dataclass(frozen=True)
class ScoreBin:
    """The answers whose score lies above `low` and up to `high`: their mean score and the share that is right."""

    low: float
    high: float
    pictures: int
    mean_score: float
    share_right: float


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram of the answered labels, its empty bins left out.

    ece: the expected calibration error, the mean over the pictures of the distance between score and share right of
    their bin. overconfidence: mean score minus accuracy.
    """

    bins: tuple[ScoreBin, ...]
    ece: float
    overconfidence: float

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return asdict(self)


def calibration(answers: Answers) -> Calibration:
    """Sort the answers into ten bins of equal width by their score, and compare score and truth in each."""
    score, right = answers.confidence.astype(np.float64), answers.right
    place = np.clip(np.ceil(score * BINS).astype(int) - 1, 0, BINS - 1)
    bins = tuple(
        ScoreBin(
            low=number / BINS,
            high=(number + 1) / BINS,
            pictures=int(inside.sum()),
            mean_score=float(score[inside].mean()),
            share_right=float(right[inside].mean()),
        )
        for number in range(BINS)
        if (inside := place == number).any()
    )
    ece = sum(one.pictures * abs(one.mean_score - one.share_right) for one in bins) / max(len(score), 1)
    return Calibration(bins, float(ece), float(score.mean() - right.mean()))
