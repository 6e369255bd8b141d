"""The tables of a training run, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.evaluate import Evaluation, Scores


def per_class_table(evaluation: Evaluation) -> str:
    """Return precision, recall, F1 and support per class, then accuracy and the averages, aligned for a terminal."""
    width = max(len(name) for name in (*evaluation.labels, "weighted average"))
    support = int(evaluation.confusion.sum())
    lines = [
        f"{'class':<{width}}  precision  recall     F1  support",
        *(_row(label, scores, width) for label, scores in evaluation.per_class.items()),
        "",
        f"{'accuracy':<{width}}  {'':9}  {'':6}  {evaluation.accuracy:5.3f}  {support:7d}",
        _row("macro average", evaluation.macro, width),
        _row("weighted average", evaluation.weighted, width),
    ]
    return "\n".join(lines) + "\n"


def two_classes_line(two: Mapping[str, Any]) -> str:
    """Return paper 2's figures of two classes (training.two_classes) in one line."""
    area = "" if two["auc"] is None else f", AUC {two['auc']:.3f}"
    names = {"PPV": "ppv", "NPV": "npv", "sensitivity": "sensitivity", "specificity": "specificity"}
    figures = ", ".join(f"{name} {'-' if two[key] is None else f'{two[key]:.3f}'}" for name, key in names.items())
    return f"positive {two['positive']}: {figures}{area}"


def _row(name: str, scores: Scores, width: int) -> str:
    if not scores.support:  # a recall of 0 would accuse the model of what nobody asked it
        return f"{name:<{width}}  {'-':>9}  {'-':>6}  {'-':>5}  {0:7d}"
    return f"{name:<{width}}  {scores.precision:9.3f}  {scores.recall:6.3f}  {scores.f1:5.3f}  {scores.support:7d}"
