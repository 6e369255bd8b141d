"""The labelled pictures of any folder, as the judge wants them: each read once, and few of them in memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labelled import held_out
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from training.answers import Answers, Scorer
from training.dataset import Item, file_sha256, label_indices
from training.folders import find_pictures

_AT_ONCE = 64  # pictures in memory, as model inputs: at 224 px a float network makes 38 MB of them
_READERS = 4  # of them being decoded at a time, at most


@dataclass(frozen=True)
class Shown:
    """What models answered to the pictures that could be read, in the order of `items`; a sentence for each other."""

    answers: tuple[Answers, ...]
    items: tuple[Item, ...]
    skipped: tuple[str, ...]


def list_pictures(place: Path, labels: Sequence[str]) -> list[Item]:
    """List a folder per class, the test pictures of a divided folder, or those of a run's split.json.

    Raises DataError when there are none, or some of a class that is not among `labels`.
    """
    if place.is_file():
        found = [(one.label, one.path, f"{one.label}/{one.path.name}") for one in held_out(place).pictures]
    else:
        found = [(one.label, one.path, one.name) for one in find_pictures(place) if one.side in (None, "test")]
    if unknown := sorted({label for label, _, _ in found} - set(labels)):
        raise DataError(
            f"{place}: expected pictures of {', '.join(labels)}, found {', '.join(unknown)}; rename or remove them"
        )
    return [Item(path.resolve(), name, label, "", file_sha256(path)) for label, path, name in found]


def show(scorers: Sequence[Scorer], items: Sequence[Item], spec: InputSpec, labels: tuple[str, ...]) -> Shown:
    """Read every picture once and show it to each model. They share input spec and labels.

    What cannot be read, or stands under two labels byte for byte, is skipped. Raises DataError when that is everything.
    """
    items, skipped = _without_contradictions(items)
    kept: list[Item] = []
    scores: list[list[NDArray[np.float32]]] = [[] for _ in scorers]
    for start in range(0, len(items), _AT_ONCE):
        inputs: list[NDArray[np.uint8]] = []
        for item, read in _read(items[start : start + _AT_ONCE], spec):
            if isinstance(read, DataError):
                skipped.append(_named(item, str(read)))
            else:
                kept.append(item)
                inputs.append(read)
        if inputs:
            for given, scorer in zip(scores, scorers, strict=True):
                given.append(scorer(np.stack(inputs)))
    if not kept:
        raise DataError(
            f"expected pictures to judge on, found none that can be used among {len(skipped)}; {skipped[0]}"
        )
    truth = label_indices(kept, labels)
    return Shown(tuple(Answers(labels, truth, np.concatenate(given)) for given in scores), tuple(kept), tuple(skipped))


def _read(items: Sequence[Item], spec: InputSpec) -> Iterator[tuple[Item, NDArray[np.uint8] | DataError]]:
    """Decode with as many threads as there are cores: Pillow lets go of Python's lock while it does."""
    readers = min(_READERS, len(os.sched_getaffinity(0)))
    with ThreadPoolExecutor(readers) as pool:
        yield from zip(items, pool.map(partial(_input, spec=spec), items), strict=True)


def _input(item: Item, spec: InputSpec) -> NDArray[np.uint8] | DataError:
    try:
        return preprocess(read_picture(item.path), spec)
    except DataError as error:
        return error


def _named(item: Item, sentence: str) -> str:
    """Name the picture as it lies below its folder: a report travels."""
    return f"{item.relative}: {sentence.removeprefix(f'{item.path}: ')}"


def _without_contradictions(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """Leave out pictures that stand, byte for byte, under two labels: nobody knows which one is right."""
    labels: dict[str, set[str]] = defaultdict(set)
    for item in items:
        labels[item.sha256].add(item.label)
    kept = [item for item in items if len(labels[item.sha256]) == 1]
    skipped = [
        f"{item.relative}: expected one class for a picture, found the same bytes under "
        f"{' and '.join(sorted(labels[item.sha256]))}; keep it only under the class it shows"
        for item in items
        if len(labels[item.sha256]) > 1
    ]
    return kept, skipped
