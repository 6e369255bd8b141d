"""Find labelled pictures on disk: a folder per class, or the held-out pictures of a training run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from edge.bundle_files import label_problem
from edge.errors import DataError


@dataclass(frozen=True)
class LabelledPicture:
    """A picture file and the class it was put under. The file need not be readable."""

    label: str
    path: Path


@dataclass(frozen=True)
class HeldOut:
    """The test pictures of a training run, and the folder they all lie below."""

    root: Path
    pictures: list[LabelledPicture]


def labelled_folder(data: Path, least_classes: int = 2) -> list[LabelledPicture]:
    """List every file below each class folder of `data`, in a stable order. Hidden files are passed over.

    Raises DataError when `data` is missing, has fewer than `least_classes` folders, an empty one, a name that is not
    UTF-8, or labels that a bundle could not have.
    """
    if not data.is_dir():
        found = "a file" if data.exists() else "no such folder"
        raise DataError(f"{data}: expected a folder with one sub-folder of pictures per class, found {found}")
    classes = sorted(path for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(classes) < least_classes:
        found = f"only {classes[0].name!r}" if classes else "none"
        expected = "two class folders" if least_classes > 1 else "one class folder"
        raise DataError(
            f"{data}: expected at least {expected}, found {found}; "
            "put the pictures of each class in a folder of its own"
        )
    pictures = [LabelledPicture(folder.name, path) for folder in classes for path in _files(folder)]
    for path in (*classes, *(picture.path for picture in pictures)):
        _check_name(path)
    if problem := label_problem(folder.name for folder in classes):
        raise DataError(f"{data}: {problem}; rename that class folder")
    for folder in classes:
        if not any(picture.label == folder.name for picture in pictures):
            raise DataError(
                f"{folder}: expected pictures of class {folder.name!r}, found none; add some or delete the folder"
            )
    return pictures


def held_out(split_file: Path, root: Path | None = None) -> HeldOut:
    """List the test pictures that a training run kept apart (its split.json). root: where they lie now, if moved.

    Raises DataError when the file is no split or its pictures are gone.
    """
    try:
        split = json.loads(split_file.read_text())
        root = root or split_file.parent / split["data"]  # relative when the pictures lie in the run folder itself
        pictures = [LabelledPicture(item["label"], root / item["path"]) for item in split["test"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{split_file}: expected the split.json of a training run, found something else ({error}); "
            "give the file that edge-sort train wrote, or a folder per class"
        ) from error
    missing = [picture.path for picture in pictures if not picture.path.is_file()]
    if missing or not pictures:
        raise DataError(
            f"{split_file}: expected its test pictures on disk, found {len(missing)} of {len(pictures)} missing "
            f"(first: {missing[0] if missing else 'none listed'}); put the data folder back or give a folder per class"
        )
    return HeldOut(root, pictures)


def labelled_pictures(source: Path) -> list[LabelledPicture]:
    """List the pictures of a folder per class, or the test pictures of a split.json."""
    return held_out(source).pictures if source.is_file() else labelled_folder(source)


def _check_name(path: Path) -> None:
    """Splits, digests and pages write names down in UTF-8; a name in another encoding would fail there, late."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{os.fsencode(path)!r}: expected a name in UTF-8, found other bytes; rename it") from error


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
