"""Float model against integer model, picture by picture, on pictures neither has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.classifier import Classifier
from edge.errors import DataError
from edge.exact_tests import mcnemar
from quantize.shown_pictures import show
from training.answers import Answers, classifier_scorer, network_scorer
from training.dataset import Item


@dataclass(frozen=True)
class ClassFigures:
    """Precision, recall and F1 of one label; None where there is nothing to divide by."""

    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class ClassChange:
    """One label before and after: `pictures` is how many of it were tested."""

    label: str
    pictures: int
    float_model: ClassFigures
    int8_model: ClassFigures


@dataclass(frozen=True)
class Flip:
    """A picture that the two models answer differently."""

    index: int
    picture: str
    truth: str
    float_label: str
    float_score: float
    int8_label: str
    int8_score: float


@dataclass(frozen=True)
class Comparison:
    """Both models' answers to the same pictures."""

    pictures: tuple[str, ...]
    float_model: Answers
    int8_model: Answers

    @property
    def changed(self) -> int:
        """How many pictures the two models answer differently."""
        return int((self.float_model.answered != self.int8_model.answered).sum())

    @property
    def lost(self) -> int:
        """How many pictures fewer the integer model gets right; negative when it gets more."""
        return self.float_model.accuracy.right - self.int8_model.accuracy.right

    @property
    def drop(self) -> float:
        """Accuracy of the float model minus that of the integer model."""
        return self.lost / len(self.pictures)

    @property
    def only_float_right(self) -> int:
        """Pictures that the float model alone gets right."""
        return int((self.float_model.right & ~self.int8_model.right).sum())

    @property
    def only_int8_right(self) -> int:
        """Pictures that the integer model alone gets right."""
        return int((~self.float_model.right & self.int8_model.right).sum())

    @property
    def wrong_alike(self) -> int:
        """Pictures that both models give the same wrong answer."""
        same = self.float_model.answered == self.int8_model.answered
        return int((same & ~self.int8_model.right).sum())

    @property
    def p_value(self) -> float:
        """McNemar's exact test: how likely a difference this large is if both are equally good."""
        return mcnemar(self.only_float_right, self.only_int8_right)

    @property
    def flips(self) -> list[Flip]:
        """Every picture whose answer changed, in test order."""
        changed = np.flatnonzero(self.float_model.answered != self.int8_model.answered)
        return [self._flip(int(index)) for index in changed]

    @property
    def per_class(self) -> list[ClassChange]:
        """Each label's figures with both models."""
        before, after = class_figures(self.float_model), class_figures(self.int8_model)
        counts = np.bincount(self.float_model.truth, minlength=len(before))
        labels = self.float_model.labels
        return [ClassChange(labels[i], int(counts[i]), before[i], after[i]) for i in range(len(labels))]

    def _flip(self, index: int) -> Flip:
        labels = self.float_model.labels
        before, after = int(self.float_model.answered[index]), int(self.int8_model.answered[index])
        return Flip(
            index=index,
            picture=self.pictures[index],
            truth=labels[int(self.float_model.truth[index])],
            float_label=labels[before],
            float_score=round(float(self.float_model.scores[index, before]), 6),
            int8_label=labels[after],
            int8_score=round(float(self.int8_model.scores[index, after]), 6),
        )


def class_figures(answers: Answers) -> list[ClassFigures]:
    """Return precision, recall and F1 of every label."""
    matrix = answers.confusion
    hits, answered, present = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    return [
        ClassFigures(
            precision=_ratio(hits[i], answered[i]),
            recall=_ratio(hits[i], present[i]),
            f1=_ratio(2 * hits[i], answered[i] + present[i]),
        )
        for i in range(len(answers.labels))
    ]


def compare(model: Any, classifier: Classifier, items: Sequence[Item]) -> Comparison:
    """Show every picture to the float model and, through the device's own classifier, to the integer model.

    Raises DataError when one cannot be used: whoever gives `items` has seen them before.
    """
    shown = show([network_scorer(model), classifier_scorer(classifier)], items, classifier.spec, classifier.labels)
    if shown.skipped:
        raise DataError(shown.skipped[0])
    float_model, int8_model = shown.answers
    return Comparison(tuple(item.relative for item in items), float_model, int8_model)


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part) / float(whole) if whole else None
