"""Thresholds of an imported model: measured on labelled pictures, or assumed and said to be so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle_facts import Threshold
from quantize.import_choices import Finding, is_background
from quantize.thresholds import NEVER, Choice, choose_thresholds
from training.answers import Answers

UNMEASURED = 0.9  # goes to its bin from here on as long as no picture has shown what a score is worth

_MOST_NAMED = 10


@dataclass(frozen=True)
class Thresholds:
    """A threshold for each label, how they came about, and what the user must hear of them."""

    by_label: Mapping[str, Threshold]
    finding: Finding
    warnings: tuple[str, ...]


def assumed_thresholds(labels: Sequence[str], min_score: float) -> Thresholds:
    """Take one score for every label, and none for a background class: that is no part."""
    scores = {label: NEVER if is_background(label) else min_score for label in labels}
    return Thresholds(
        {label: Threshold(min_score=score) for label, score in scores.items()},
        Finding("thresholds", f"{min_score:g} for every label", "assumed: unmeasured"),
        ("what a score is worth was not measured; give a folder of pictures per class with --data",),
    )


def measured_thresholds(judged: Answers, purity: float) -> Thresholds:
    """Choose the thresholds by the rule that our own bundles follow. A label without pictures goes to reject."""
    choices = choose_thresholds(judged, purity)
    accuracy = judged.accuracy
    how = f"measured on {accuracy.total} pictures, {accuracy.right} of them answered right"
    return Thresholds(
        {choice.label: choice.threshold for choice in choices},
        Finding("thresholds", f"for purity {purity:g}", how),
        tuple(_warnings(judged, choices, purity)),
    )


def _warnings(judged: Answers, choices: Sequence[Choice], purity: float) -> list[str]:
    classes = len(np.unique(judged.truth))
    found = []
    if judged.accuracy.right <= 1.5 * judged.accuracy.total / classes:
        found.append(
            f"only {judged.accuracy.right} of {judged.accuracy.total} pictures of {classes} classes are right: "
            "hardly more than by guessing; are the labels and the normalization those of this model?"
        )
    unseen = [choice.label for choice in choices if choice.validation.of_label == 0]
    if unseen:
        found.append(f"{_listed(unseen)} had no pictures: their parts go to reject")
    missed = [choice.label for choice in choices if choice.validation.of_label and not choice.reached]
    if missed:
        found.append(f"purity {purity:g} is not reached for {_listed(missed)}")
    return found


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_MOST_NAMED])
    return shown if len(labels) <= _MOST_NAMED else f"{shown} and {len(labels) - _MOST_NAMED} more"
