"""Purity and recovery of a bin over all thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.answers import Answers


@dataclass(frozen=True)
class Sweep:
    """What a bin would hold at every threshold, (S,) each, and the threshold that was chosen.

    purity is not a number where nothing would go in.
    """

    label: str
    chosen: float
    scores: NDArray[np.float64]
    purity: NDArray[np.float64]
    recovery: NDArray[np.float64]


def sweep(answers: Answers, label: str, chosen: float) -> Sweep:
    """Count the bin of `label` at every score that an answer with this label has, and at 0 and 1."""
    index = answers.labels.index(label)
    said = answers.answered == index
    order = np.argsort(answers.scores[said, index])
    tops = answers.scores[said, index][order].astype(np.float64)
    right = (answers.truth[said] == index)[order]
    scores = np.unique(np.concatenate([[0.0], tops, [1.0]]))
    first = np.searchsorted(tops, scores, side="left")  # the answers from here on reach the threshold
    rights = np.concatenate([np.cumsum(right[::-1])[::-1], [0]])[first]
    sorted_in = len(tops) - first
    with np.errstate(invalid="ignore", divide="ignore"):
        purity = np.where(sorted_in > 0, rights / sorted_in, np.nan)
        recovery = rights / max(int((answers.truth == index).sum()), 1)
    return Sweep(label, chosen, scores, purity, recovery)
