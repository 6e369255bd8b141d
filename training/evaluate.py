"""What a classifier is worth on pictures it has not seen. scikit-learn does the arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.extras import need


@dataclass(frozen=True)
class Scores:
    """Precision, recall and F1 (0..1; 0 where undefined) and the number of true pictures."""

    precision: float
    recall: float
    f1: float
    support: int

    def as_json(self) -> dict[str, Any]:
        """Return the figures; null without pictures, as 0 would accuse the model of what nobody asked it."""
        facts = asdict(self)
        return facts if self.support else {**dict.fromkeys(facts), "support": 0}


@dataclass(frozen=True)
class Evaluation:
    """The answers on one set of pictures. `confusion` has a row per true class, a column per answer.

    The averages are over the classes that have pictures.
    """

    labels: tuple[str, ...]
    accuracy: float
    per_class: dict[str, Scores]
    macro: Scores
    weighted: Scores
    confusion: NDArray[np.int64]

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain dictionaries, lists and numbers."""
        return {
            "accuracy": self.accuracy,
            "pictures": int(self.confusion.sum()),
            "labels": list(self.labels),
            "per_class": {label: scores.as_json() for label, scores in self.per_class.items()},
            "macro": asdict(self.macro),
            "weighted": asdict(self.weighted),
            "confusion_matrix": self.confusion.tolist(),
        }


def evaluate(truth: NDArray[np.int64], answers: NDArray[np.int64], labels: Sequence[str]) -> Evaluation:
    """Compare answers with the truth, both positions in `labels`."""
    metrics = need("sklearn.metrics", "desktop", "evaluating a classifier")
    positions = range(len(labels))
    columns = metrics.precision_recall_fscore_support(truth, answers, labels=positions, zero_division=0)
    return Evaluation(
        labels=tuple(labels),
        accuracy=float(metrics.accuracy_score(truth, answers)),
        per_class={
            label: Scores(float(precision), float(recall), float(f1), int(support))
            for label, precision, recall, f1, support in zip(labels, *columns, strict=True)
        },
        macro=_average(metrics, truth, answers, "macro"),
        weighted=_average(metrics, truth, answers, "weighted"),
        confusion=metrics.confusion_matrix(truth, answers, labels=positions).astype(np.int64),
    )


def _average(metrics: Any, truth: NDArray[np.int64], answers: NDArray[np.int64], average: str) -> Scores:
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, answers, labels=np.unique(truth), average=average, zero_division=0
    )
    return Scores(float(precision), float(recall), float(f1), len(truth))
