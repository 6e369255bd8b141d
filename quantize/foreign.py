"""Parts of no known class: from which score on a part is believed to be known, and what that is worth.

A network names everything it is shown. The score chosen here keeps nearly all parts it knows; how many foreign ones
it keeps out can only be measured on pictures of such, which had no say in the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle_facts import Unknown
from edge.errors import DataError
from edge.pictures import PICTURE_SUFFIXES, read_picture
from edge.preprocess import InputSpec, preprocess
from training.answers import Answers, Scorer
from training.run_folder import Run

KEPT = 0.99
_AT_ONCE = 64  # pictures in memory


def foreign_pictures(run: Run, folder: Path | None) -> list[Path]:
    """List the pictures of no known class: of the class the run left out, and those in `folder`, at any depth.

    Raises DataError when `folder` holds no picture.
    """
    own = [item.path for item in run.foreign]
    if folder is None:
        return own
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise DataError(f"{folder}: expected pictures of parts of no known class, found none; correct --foreign")
    return own + found


def foreign_scores(pictures: Sequence[Path], spec: InputSpec, labels: int, scorer: Scorer) -> NDArray[np.float32]:
    """Show them to a model, a few in memory at a time; (N, L) scores. Raises DataError when one cannot be read."""
    scores = [np.zeros((0, labels), np.float32)]
    for start in range(0, len(pictures), _AT_ONCE):
        read = [preprocess(read_picture(path), spec) for path in pictures[start : start + _AT_ONCE]]
        scores.append(scorer(np.stack(read)))
    return np.concatenate(scores)


def choose_unknown(
    validation: Answers, foreign: NDArray[np.float32], thresholds: Mapping[str, float], kept: float = KEPT
) -> Unknown:
    """Choose the highest score that `kept` of the rightly answered validation pictures reach, and measure it.

    foreign: scores, (N, L), of pictures of no known class. thresholds: lowest score per label; a foreign part is
    rejected by either.
    """
    known = np.sort(validation.confidence[validation.right])
    if not len(known):
        return Unknown()
    lowest_kept = float(known[int(np.floor((1 - kept) * len(known) + 1e-9))])
    score = np.floor(lowest_kept * 1e6) / 1e6
    lowest = np.array([thresholds[label] for label in validation.labels], np.float32)
    answered = foreign.argmax(axis=1)
    top = foreign.max(axis=1) if len(foreign) else np.zeros(0, np.float32)
    rejected = (top < score) | (top < lowest[answered])
    return Unknown(
        min_score=score,
        known_kept=float((known >= score).mean()),
        foreign_pictures=len(foreign),
        foreign_rejected=int(rejected.sum()),
    )
