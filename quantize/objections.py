"""What speaks against an integer model: each rule one function, each objection a clause that starts with the fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edge.exact_tests import chance_of_so_few
from quantize.compare import Comparison
from quantize.thresholds import FLOOR, BinCount, Choice
from training.answers import Answers

if TYPE_CHECKING:
    from quantize.judge import Limits

_CHANCE = 0.025
_ENOUGH = 5  # pictures of a class, none of them found, before that speaks against a model


def objections(
    comparison: Comparison, limits: Limits, choices: Sequence[Choice], held_out: Sequence[BinCount]
) -> tuple[str, ...]:
    """Return everything that speaks against the model, the worst first; nothing when it may be used."""
    return (
        *losses(comparison, limits),
        *_inaccurate(comparison.int8_model, limits.min_accuracy),
        *_unreached(choices, limits),
        *_impure(
            [(choice.label, count) for choice, count in zip(choices, held_out, strict=True) if choice.reached],
            len(choices),
            limits.purity,
        ),
    )


def objections_alone(
    answers: Answers, bins: Sequence[tuple[str, BinCount]], purity: float, min_accuracy: float
) -> tuple[str, ...]:
    """Return what speaks against an integer model that no float model stands beside, the worst first."""
    return (
        *_constant(answers),
        *_never_found(answers),
        *_inaccurate(answers, min_accuracy),
        *_impure(bins, len(bins), purity),
    )


def losses(comparison: Comparison, limits: Limits) -> tuple[str, ...]:
    """Return what whole numbers themselves have done to the answers, and another way to whole numbers may mend."""
    return (*_constant(comparison.int8_model), *_silenced(comparison), *_dropped(comparison, limits))


def accuracies(comparison: Comparison) -> str:
    """Both accuracies as a clause."""
    before, after = comparison.float_model.accuracy, comparison.int8_model.accuracy
    return (
        f"the integer model answers {after.right} of {after.total} test pictures right, the float model "
        f"{before.right}: accuracy {_changes(comparison)}"
    )


def _constant(answers: Answers) -> Iterator[str]:
    """One answer to everything is what a broken conversion gives. One class among the pictures would explain it."""
    if len(np.unique(answers.truth)) > 1 and float(np.ptp(answers.scores, axis=0).max()) == 0.0:
        label = answers.labels[int(answers.answered[0])]
        yield f"the integer model gives every picture the same scores, those of {label!r}"


def _silenced(comparison: Comparison) -> Iterator[str]:
    """A class that the float model finds and the integer model never names. Counted over all its test pictures."""
    before, after = comparison.float_model, comparison.int8_model
    for index, label in enumerate(after.labels):
        pictures = before.truth == index
        if (before.answered[pictures] == index).any() and not (after.answered == index).any():
            found = int((before.answered[pictures] == index).sum())
            yield f"the integer model never answers {label!r}, which the float model finds in {found} test pictures"


def _never_found(answers: Answers) -> Iterator[str]:
    """A class that is shown often enough and never named."""
    for index, label in enumerate(answers.labels):
        pictures = int((answers.truth == index).sum())
        if pictures >= _ENOUGH and not (answers.answered == index).any():
            yield f"the integer model never answers {label!r}, of which there are {pictures} pictures"


def _dropped(comparison: Comparison, limits: Limits) -> Iterator[str]:
    """Counted in pictures, so that rounding never decides."""
    if comparison.lost > limits.max_drop * len(comparison.pictures) + 1e-9:
        yield f"{accuracies(comparison)}, allowed is a drop of {limits.max_drop:.4f}"


def _inaccurate(answers: Answers, least: float) -> Iterator[str]:
    found = answers.accuracy
    if found.right < least * found.total - 1e-9:
        yield (
            f"the integer model answers {found.right} of {found.total} test pictures right, asked for is "
            f"{least:.4f} (--min-accuracy)"
        )


def _unreached(choices: Sequence[Choice], limits: Limits) -> Iterator[str]:
    missed = [choice for choice in choices if limits.purity and not choice.reached]
    if empty := [choice.label for choice in missed if not choice.validation.right]:
        yield (
            f"no validation picture is rightly answered {_quoted(empty)} with a score of {FLOOR:g} or more: nothing "
            "would reach that bin"
        )
    if impure := [choice for choice in missed if choice.validation.right]:
        best = min(impure, key=lambda choice: choice.validation.purity.value or 0.0)
        yield (
            f"no threshold makes the bins of {_quoted([choice.label for choice in impure])} reach a purity of "
            f"{limits.purity:g}: the best for {best.label!r} is {best.validation.purity.value:.3f}"
        )


def _quoted(labels: Sequence[str]) -> str:
    return ", ".join(repr(label) for label in labels)


def _impure(counts: Sequence[tuple[str, BinCount]], bins: int, purity: float) -> Iterator[str]:
    """Only what is hardly chance: one wrong part of thirty proves nothing about one in two hundred.

    The more `bins`, the likelier that chance hits one of them, so they share the chance that is allowed (Bonferroni).
    """
    for label, count in counts:
        if chance_of_so_few(count.right, count.sorted, purity) < _CHANCE / bins:
            yield (
                f"bin {label!r} holds {count.right} right of {count.sorted} test pictures: a purity of "
                f"{count.purity.value:.3f}, surely below {purity:g}"
            )


def _changes(comparison: Comparison) -> str:
    if comparison.lost == 0:
        return "stays the same"
    return f"{'drops' if comparison.lost > 0 else 'rises'} by {abs(comparison.drop):.4f}"
