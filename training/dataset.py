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
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from training.folders import Found, find_pictures, given_split, given_split_notes
from training.groups import GroupRule, join_same_shots
from training.look_alikes import Look, LookAlike, look, look_alikes


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
    """The usable pictures of a data folder, position by position.

    `inputs` are the model inputs, (N, H, W, C) uint8; `sizes_px` width and height of the files; `look_alikes` the pairs
    that seem to be one shot. `foreign` are pictures of classes that were left out. `given_split` holds the positions of
    each subset when the folder was divided already.
    """

    folder: Path
    labels: tuple[str, ...]
    items: tuple[Item, ...]
    inputs: NDArray[np.uint8]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    sizes_px: tuple[tuple[int, int], ...]
    look_alikes: tuple[LookAlike, ...]
    given_split: dict[str, list[int]] | None = None
    foreign: tuple[Item, ...] = ()


OnRead = Callable[[int, int], None]


def read_dataset(
    folder: Path, spec: InputSpec, rule: GroupRule, on_read: OnRead | None = None, leave_out: Sequence[str] = ()
) -> Dataset:
    """Read every picture below `folder`, which has one sub-folder per class, or train, validation and test with such.

    on_read hears how many files are done and how many there are. `notes` say how pictures were grouped. leave_out:
    classes whose pictures become `foreign` and nothing else.
    Raises DataError when the folder has no usable classes, or not those to leave out.
    """
    found = _found(folder, leave_out)
    data = read_found([one for one in found if one.label not in leave_out], folder, spec, rule, on_read)
    foreign, skipped = _foreign([one for one in found if one.label in leave_out], folder)
    return replace(data, foreign=foreign, skipped=(*data.skipped, *skipped))


def check_left_out(folder: Path, leave_out: Sequence[str]) -> None:
    """Raise DataError when `folder` has not the classes to leave out, as `read_dataset` does. No picture is read."""
    _found(folder, leave_out)


def _found(folder: Path, leave_out: Sequence[str]) -> list[Found]:
    found = find_pictures(folder)
    _check_left_out(folder, {one.label for one in found}, leave_out)
    return found


def read_found(
    found: Sequence[Found], folder: Path, spec: InputSpec, rule: GroupRule, on_read: OnRead | None = None
) -> Dataset:
    """Read these pictures, all below `folder`. See `read_dataset`."""
    read: list[_Read] = []
    skipped: list[Skipped] = []
    for number, picture in enumerate(found, start=1):
        relative = picture.path.relative_to(folder).as_posix()
        try:
            read.append(_read(picture, folder.resolve() / relative, relative, spec))
        except (DataError, OSError) as error:
            skipped.append(Skipped(relative, str(error)))
        if on_read:
            on_read(number, len(found))
    labels = tuple(sorted({picture.label for picture in found}))
    readable = [one.item for one in read]
    kept, contradicted = _without_contradictions(readable)
    _check_every_class_is_left(folder, labels, readable, [readable[index] for index in kept])
    read = [read[index] for index in kept]
    alike = look_alikes([one.look for one in read])
    items, notes = _grouped(read, rule, alike)
    split = given_split([one.found for one in read])
    return Dataset(
        folder=folder.resolve(),
        labels=labels,
        items=items,
        inputs=np.stack([one.pixels for one in read]),
        skipped=(*skipped, *contradicted),
        notes=notes if split is None else given_split_notes([item.group for item in items], split),
        sizes_px=tuple(one.size_px for one in read),
        look_alikes=tuple(alike),
        given_split=split,
    )


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


def _check_left_out(folder: Path, labels: set[str], leave_out: Sequence[str]) -> None:
    if unknown := sorted(set(leave_out) - labels):
        raise DataError(
            f"{folder}: expected class {unknown[0]!r}, which is to be left out, found only {', '.join(sorted(labels))}"
            "; correct --leave-out"
        )
    if leave_out and len(labels - set(leave_out)) < 2:
        raise DataError(f"{folder}: expected two classes at least to be left to train on; leave out fewer")


def _foreign(found: Sequence[Found], folder: Path) -> tuple[tuple[Item, ...], list[Skipped]]:
    """List the pictures of left-out classes that can be read."""
    items, skipped = [], []
    for one in found:
        relative = one.path.relative_to(folder).as_posix()
        try:
            read_picture(one.path)
            items.append(Item(folder.resolve() / relative, relative, one.label, relative, file_sha256(one.path)))
        except (DataError, OSError) as error:
            skipped.append(Skipped(relative, str(error)))
    return tuple(items), skipped


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


def _check_every_class_is_left(
    folder: Path, labels: Sequence[str], readable: Sequence[Item], kept: Sequence[Item]
) -> None:
    read, left = ({item.label for item in items} for items in (readable, kept))
    for label in labels:
        if label in left:
            continue
        found, remedy = (
            "no file that can be used as one",
            "replace them with JPEG or PNG pictures, or delete the folder",
        )
        if label in read:
            found = "only such as stand under another class too, byte for byte"
            remedy = "keep each only under the class it shows"
        raise DataError(f"{folder / label}: expected pictures of class {label!r}, found {found}; {remedy}")


@dataclass(frozen=True)
class _Read:
    found: Found
    item: Item
    pixels: NDArray[np.uint8]
    size_px: tuple[int, int]
    look: Look


def _read(found: Found, path: Path, relative: str, spec: InputSpec) -> _Read:
    image = read_picture(found.path)
    sha256 = file_sha256(found.path)
    item = Item(path, relative, found.label, "", sha256)
    return _Read(found, item, preprocess(image, spec), (image.shape[1], image.shape[0]), look(image, sha256))


def _grouped(
    read: Sequence[_Read], rule: GroupRule, alike: Sequence[LookAlike]
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    groups, notes = rule([(one.item.label, one.found.name) for one in read])
    items = [one.item for one in read]
    pairs = [(pair.first, pair.second) for pair in alike]
    copies = [(first, second) for first, second in pairs if items[first].sha256 == items[second].sha256]
    joined, more = join_same_shots([item.label for item in items], groups, pairs, copies)
    return tuple(replace(item, group=group) for item, group in zip(items, joined, strict=True)), (*notes, *more)
