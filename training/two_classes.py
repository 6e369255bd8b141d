"""The figures that paper 2 gives for two classes. Positive is the first label, as its part A."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge.extras import need
from training.answers import Answers
from training.evaluate import Evaluation


@dataclass(frozen=True)
class Rates:
    """What a confusion matrix of two classes says, each 0..1.

    ppv and npv: the share of the answers "positive" and "negative" that are right. sensitivity and specificity: the
    share of the positive and of the negative pictures that are answered right. None for a class without pictures, else
    0 where nothing is there to divide by.
    """

    positive: str
    negative: str
    accuracy: float
    ppv: float | None
    npv: float | None
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True)
class Roc:
    """Sensitivity against false alarms (1 - specificity) for every threshold on the positive score, and the area."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    auc: float


def rates(evaluation: Evaluation) -> Rates:
    """Return the figures of two classes. They are precision and recall of either class under other names."""
    positive, negative = evaluation.labels
    a, b = (evaluation.per_class[label].as_json() for label in (positive, negative))
    return Rates(positive, negative, evaluation.accuracy, a["precision"], b["precision"], a["recall"], b["recall"])


def roc(answers: Answers) -> Roc | None:
    """Return the curve of the first of two labels; None when one of them has no pictures."""
    metrics = need("sklearn.metrics", "desktop", "drawing the ROC curve")
    positive = answers.truth == 0
    if positive.all() or not positive.any():
        return None
    false_alarms, hits, _ = metrics.roc_curve(positive, answers.scores[:, 0])
    area = float(metrics.auc(false_alarms, hits))
    return Roc(tuple(map(float, false_alarms)), tuple(map(float, hits)), area)


def two_classes_json(evaluation: Evaluation, answers: Answers) -> dict[str, Any] | None:
    """Return the figures and the curve as plain values; None unless there are two classes."""
    if len(evaluation.labels) != 2:
        return None
    curve = roc(answers)
    return {**asdict(rates(evaluation)), "auc": curve.auc if curve else None, "roc": asdict(curve) if curve else None}
