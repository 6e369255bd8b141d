"""Read a folder per class into model inputs: every picture used or named with the reason why not."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.labelled import labelled_folder
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from training.groups import GroupRule, join_copies


@dataclass(frozen=True)
class Item:
    """One labelled picture of a data folder.

    `relative` is its path below the data folder, with "/"; pictures of one `group` show the same thing
    and never stand on two sides of a split.
    """

    path: Path
    relative: str
    label: str
    group: str
    sha256: str


@dataclass(frozen=True)
class Skipped:
    """A file of the data folder that was left out. `path` is below the data folder; `reason` is a whole sentence."""

    path: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """The usable pictures of a data folder. `inputs[i]` are the pixels of `items[i]`, (N, H, W, C) uint8."""

    folder: Path
    labels: tuple[str, ...]
    items: tuple[Item, ...]
    inputs: NDArray[np.uint8]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def read_dataset(
    folder: Path,
    spec: InputSpec,
    rule: GroupRule,
    on_read: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read every picture below `folder`, which has one sub-folder per class.

    on_read hears how many files are done and how many there are. `notes` say how pictures were grouped.
    Raises DataError when the folder has no usable classes.
    """
    found = labelled_folder(folder)
    root = folder.resolve()
    items: list[Item] = []
    pixels: list[NDArray[np.uint8]] = []
    skipped: list[Skipped] = []
    for number, picture in enumerate(found, start=1):
        relative = picture.path.relative_to(folder).as_posix()
        try:
            pixels.append(preprocess(read_picture(picture.path), spec))
            items.append(Item(root / relative, relative, picture.label, "", file_sha256(picture.path)))
        except (DataError, OSError) as error:
            skipped.append(Skipped(relative, str(error)))
        if on_read:
            on_read(number, len(found))
    kept, contradicted = _without_contradictions(items)
    labels = tuple(sorted({picture.label for picture in found}))
    _check_every_class_is_left(folder, labels, [items[index] for index in kept])
    grouped, notes = _grouped([items[index] for index in kept], rule)
    inputs = np.stack([pixels[index] for index in kept])
    return Dataset(root, labels, grouped, inputs, (*skipped, *contradicted), notes)


def load_inputs(items: Sequence[Item], spec: InputSpec) -> NDArray[np.uint8]:
    """Read pictures as model inputs, (N, H, W, C) uint8, in the order of `items`.

    Raises DataError naming the first picture that cannot be read.
    """
    inputs = np.empty((len(items), *spec.shape), dtype=np.uint8)
    for index, item in enumerate(items):
        inputs[index] = preprocess(read_picture(item.path), spec)
    return inputs


def label_indices(items: Sequence[Item], labels: Sequence[str]) -> NDArray[np.int64]:
    """Return the position of each item's label in `labels`, (N,) int64."""
    position = {label: index for index, label in enumerate(labels)}
    return np.array([position[item.label] for item in items], dtype=np.int64)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _without_contradictions(items: Sequence[Item]) -> tuple[list[int], list[Skipped]]:
    """Leave out pictures that stand, byte for byte, under two labels: nobody knows which one is right."""
    same: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        same[item.sha256].append(item)
    kept: list[int] = []
    skipped: list[Skipped] = []
    for index, item in enumerate(items):
        others = [other for other in same[item.sha256] if other.label != item.label]
        if not others:
            kept.append(index)
            continue
        reason = (
            f"{item.path}: expected one class for a picture, found the same bytes in {others[0].relative}; "
            "keep it only under the class it shows"
        )
        skipped.append(Skipped(item.relative, reason))
    return kept, skipped


def _check_every_class_is_left(folder: Path, labels: Sequence[str], items: Sequence[Item]) -> None:
    left = {item.label for item in items}
    for label in labels:
        if label not in left:
            raise DataError(
                f"{folder / label}: expected pictures of class {label!r}, found no file that can be used as one; "
                "replace them with JPEG or PNG pictures, or delete the folder"
            )


def _grouped(items: Sequence[Item], rule: GroupRule) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    groups, notes = rule([(item.label, item.relative) for item in items])
    joined = join_copies(groups, [item.sha256 for item in items])
    return tuple(replace(item, group=group) for item, group in zip(items, joined, strict=True)), notes
