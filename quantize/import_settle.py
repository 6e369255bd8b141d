"""Settle what a model's file leaves open: by what the user gave, by the file, or by trying on labelled pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.classifier import Classifier
from edge.errors import DataError, ModelError
from quantize.import_choices import (
    NORMALIZATIONS,
    Finding,
    LabelChoice,
    NormalizationChoice,
    is_background,
)
from quantize.import_evaluation import TRIED_ON, LabelledPictures, Tried, show, tried

# From a way to feed the model and a way to name its outputs to a classifier.
MakeClassifier = Callable[[NormalizationChoice, LabelChoice], Classifier]


@dataclass(frozen=True)
class Settled:
    """How the model is fed and its outputs are named; how that is known; and what was tried to find out."""

    way: NormalizationChoice
    names: LabelChoice
    findings: tuple[Finding, Finding]
    tried: tuple[Tried, ...] = ()


def settle(
    model: Path,
    ways: tuple[Sequence[NormalizationChoice], str],
    names: tuple[Sequence[LabelChoice], str],
    pictures: LabelledPictures | None,
    classifier: MakeClassifier,
) -> Settled:
    """Choose one way to feed the model and one way to name its outputs; each list comes with how it is known.

    Raises ModelError when something is open and there are no pictures, DataError when they do not settle it.
    """
    if len(ways[0]) == len(names[0]) == 1:
        return Settled(ways[0][0], names[0][0], _findings(ways[0][0], ways[1], names[0][0], names[1]))
    if pictures is None:
        raise ModelError(f"{model}: {_open(ways[0], names[0])}")
    some = pictures.some(TRIED_ON)
    shown = show(some, {way.name: classifier(way, names[0][0]) for way in ways[0]})
    ranked = tried(shown, names[0])
    name, best = ranked[0]
    _check_told(model, pictures.folder, ranked)
    way = next(way for way in ways[0] if way.name == best.normalization)
    every = tuple(one for _, one in ranked)
    way_how = _how([one for one in every if one.labels == best.labels]) if len(ways[0]) > 1 else ways[1]
    same_way = [one for one in every if one.normalization == best.normalization]
    name_how = _how(same_way) if len(names[0]) > 1 else names[1]
    return Settled(way, name, _findings(way, way_how, name, name_how), every)


def assumed_background(names: Sequence[str], outputs: int) -> bool:
    """Whether the first of one label too many says itself that it is the background class."""
    return len(names) == outputs + 1 and is_background(names[0])


def _check_told(model: Path, folder: Path, ranked: Sequence[tuple[LabelChoice, Tried]]) -> None:
    """Raise DataError when the pictures do not tell which way is right."""
    name, best = ranked[0]
    if not best.right:
        raise DataError(
            f"{folder}: expected pictures that the model knows, found that none of {len(ranked)} ways to feed it "
            f"answers any of {best.total} right; give the label file that belongs to {model}, or other pictures"
        )
    if best.right == max((one.right for choice, one in ranked if choice != name), default=-1):
        raise DataError(
            f"{folder}: expected pictures that tell where the background class is, found {best.right} of {best.total} "
            "right either way; give more pictures, or --background first or last"
        )


def _findings(way: NormalizationChoice, way_how: str, name: LabelChoice, name_how: str) -> tuple[Finding, Finding]:
    return Finding("normalization", way.name, way_how), Finding("labels", name.name, name_how)


def _how(ranked: Sequence[Tried]) -> str:
    best, second = ranked[:2]
    return f"by evaluation: {best.right} of {best.total} right, otherwise {second.right} at most"


def _open(ways: Sequence[NormalizationChoice], names: Sequence[LabelChoice]) -> str:
    if len(ways) > 1:
        return (
            f"its input does not tell how pixels become its values; give --normalization ({', '.join(NORMALIZATIONS)}, "
            "or MEAN/STD), or a folder of pictures per class with --data, to find out"
        )
    return (
        f"it has one output more or less than there are labels: either {names[0].name}, or {names[1].name}; say which "
        "with --background first or last, or give a folder of pictures per class with --data, to find out"
    )
