"""Suspected wrong labels: the pictures that a trained model is surest to contradict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.answers import Answers
from training.dataset import Item


@dataclass(frozen=True)
class Doubt:
    """A picture whose label the model contradicts. `score` is that of its answer, `own_score` that of the label."""

    path: Path
    picture: str
    subset: str
    label: str
    answer: str
    score: float
    own_score: float


def doubts(items: Sequence[Item], subsets: Sequence[str], answers: Answers) -> list[Doubt]:
    """List every contradicted picture, the surest contradiction first. `subsets` names each picture's."""
    wrong = np.flatnonzero(~answers.right).tolist()
    order = sorted(wrong, key=lambda index: (-float(answers.confidence[index]), items[index].relative))
    return [
        Doubt(
            path=items[index].path,
            picture=items[index].relative,
            subset=subsets[index],
            label=items[index].label,
            answer=answers.labels[int(answers.answered[index])],
            score=round(float(answers.confidence[index]), 6),
            own_score=round(float(answers.scores[index, answers.truth[index]]), 6),
        )
        for index in order
    ]
