"""Show an imported model labelled pictures: to settle what its file leaves open, and to choose its thresholds."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.classifier import Classifier
from edge.errors import DataError
from edge.pictures import read_picture
from edge.preprocess import preprocess
from quantize.import_choices import LabelChoice
from training.answers import Answers
from training.folders import Found, find_pictures

TRIED_ON = 300  # pictures that settle what is open; all of them choose the thresholds


@dataclass(frozen=True)
class LabelledPictures:
    """The picture files of a data folder, the classes in turn; `lines` is where each one's label stands in its file."""

    folder: Path
    paths: tuple[Path, ...]
    lines: tuple[int, ...]
    classes: tuple[str, ...]

    def some(self, count: int) -> LabelledPictures:
        """Return the first `count`, which hold every class alike."""
        return LabelledPictures(self.folder, self.paths[:count], self.lines[:count], self.classes)


@dataclass(frozen=True)
class Shown:
    """What classifiers, by name, said of the pictures that could be read: a row of scores for each, (N, L).

    paths: those pictures. skipped: why the others could not be read, a sentence each.
    """

    folder: Path
    paths: tuple[Path, ...]
    scores: Mapping[str, NDArray[np.float32]]
    lines: NDArray[np.int64]
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """How one way of feeding the model and naming its outputs did. belief: mean score of the true label."""

    normalization: str
    labels: str
    right: int
    total: int
    belief: float


def labelled_pictures(folder: Path, names: Sequence[str]) -> LabelledPictures:
    """List a folder per class, or the validation pictures of a divided folder; `names` are the lines of a label file.

    Raises DataError when there are no classes, or one is named like no label.
    """
    found = _in_turn(picture for picture in find_pictures(folder) if picture.side in (None, "validation"))
    line_of = _lines_of({picture.label for picture in found}, names, folder)
    return LabelledPictures(
        folder=folder,
        paths=tuple(picture.path for picture in found),
        lines=tuple(line_of[picture.label] for picture in found),
        classes=tuple(sorted(line_of)),
    )


def show(pictures: LabelledPictures, classifiers: Mapping[str, Classifier]) -> Shown:
    """Read each picture once and show it to every classifier; they share their input spec.

    A picture that cannot be read is skipped. Raises DataError when that is all of them.
    """
    rows: dict[str, list[NDArray[np.float32]]] = {name: [] for name in classifiers}
    spec = next(iter(classifiers.values())).spec
    paths, lines, skipped = [], [], []
    for path, line in zip(pictures.paths, pictures.lines, strict=True):
        try:
            pixels = preprocess(read_picture(path), spec)
        except DataError as error:
            skipped.append(str(error))
            continue
        paths.append(path)
        lines.append(line)
        for name, classifier in classifiers.items():
            rows[name].append(classifier.scores_of_input(pixels))
    if not lines:
        raise DataError(f"{pictures.folder}: expected pictures, found none readable among {len(skipped)}; {skipped[0]}")
    scores = {name: np.stack(found) for name, found in rows.items()}
    return Shown(pictures.folder, tuple(paths), scores, np.array(lines), tuple(skipped))


def answers_of(name: str, shown: Shown, choice: LabelChoice) -> Answers:
    """Return what one classifier answered, its outputs named by `choice`.

    Raises DataError when a class is left without an output.
    """
    truth = shown.lines + choice.shift
    if truth.min() < 0 or truth.max() >= len(choice.labels):
        raise DataError(
            f"{shown.folder}: expected pictures of labels that have an output, found some of the one that has none "
            f"({choice.name}); take that class folder out"
        )
    return Answers(choice.labels, truth, shown.scores[name])


def tried(shown: Shown, choices: Sequence[LabelChoice]) -> list[tuple[LabelChoice, Tried]]:
    """Judge every classifier with every way of naming the outputs, the best first."""
    found = []
    for name, scores in shown.scores.items():
        for choice in choices:
            truth = shown.lines + choice.shift
            has_output = (truth >= 0) & (truth < scores.shape[1])
            of_truth = scores[np.arange(len(scores)), np.where(has_output, truth, 0)]
            right = int((has_output & (scores.argmax(axis=1) == truth)).sum())
            belief = float(np.where(has_output, of_truth, 0).mean())
            found.append((choice, Tried(name, choice.name, right, len(scores), round(belief, 6))))
    return sorted(found, key=lambda one: (-one[1].right, -one[1].belief))


def _in_turn(found: Iterable[Found]) -> list[Found]:
    by_label: dict[str, list[Found]] = defaultdict(list)
    for picture in found:
        by_label[picture.label].append(picture)
    return [picture for picture in chain.from_iterable(zip_longest(*by_label.values())) if picture is not None]


def _lines_of(classes: Iterable[str], names: Sequence[str], folder: Path) -> dict[str, int]:
    exact = {name: line for line, name in enumerate(names)}
    alike: dict[str, set[int]] = defaultdict(set)
    for line, name in enumerate(names):
        for one in (name, *name.split(",")):  # ImageNet's labels list synonyms: "hotdog, hot dog, red hot"
            alike[_plain(one)].add(line)
    lines = {}
    for label in sorted(classes):
        found = {exact[label]} if label in exact else alike[_plain(label)]
        if len(found) != 1:
            which = ", ".join(repr(names[line]) for line in sorted(found)) or f"none like it among {len(names)}"
            raise DataError(
                f"{folder / label}: expected a folder named like one label, found {which}; rename the folder"
            )
        (lines[label],) = found
    return lines


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()
