"""Which pictures a data folder holds: a folder per class, or the same already divided into train, validation, test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from edge.labelled import labelled_folder

# What people call the three sides of a split, each with a folder per class inside; in capitals or not.
SIDES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "val", "valid"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True)
class Found:
    """A picture file. `name` is its path below its data folder, or below its side when the folder is divided."""

    label: str
    path: Path
    name: str
    side: str | None = None


def find_pictures(folder: Path, least_classes: int = 2) -> list[Found]:
    """List every file below the class folders of `folder`, which may be divided already.

    Raises DataError when there are no usable classes, or the sides of a divided folder do not have the same ones.
    """
    sides = given_sides(folder)
    if not sides:
        return _listed(folder, None, least_classes)
    missing = [name for name in ("train", "validation", "test") if name not in dict(sides)]
    if missing:
        raise DataError(
            f"{folder}: expected train, validation (or val) and test, each with a folder per class, found no "
            f"{' and no '.join(missing)}; add it, or put all pictures of a class in one folder and let edge-sort divide"
        )
    found = [picture for side, place in sides for picture in _listed(place, side)]
    _check_same_classes(sides, found)
    return found


def require_outside(out: Path, data: Path) -> None:
    """Raise DataError when `out` lies in the folder of the pictures, where it would be taken for a class of them."""
    if data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise DataError(
            f"{out}: expected a folder outside the pictures, found it in {data}, where it would be taken for some; "
            "choose another --out"
        )


def given_sides(folder: Path) -> list[tuple[str, Path]]:
    """Return each side's name and folder when `folder` is divided already, else nothing.

    It is when what is called train holds folders, and so does another side, or nothing else is there. A class of that
    name holds pictures. Raises DataError when there are other folders beside the sides.
    """
    inside = _folders_in(folder)
    sides = [(SIDES[path.name.casefold()], path) for path in inside if path.name.casefold() in SIDES]
    nested = [side for side, path in sides if _folders_in(path)]
    if "train" not in nested or (len(nested) == 1 and len(sides) < len(inside)):
        return []
    if others := [path.name for path in inside if path.name.casefold() not in SIDES]:
        raise DataError(
            f"{folder}: expected nothing beside train, validation and test, which divide these pictures, found the "
            f"folder {others[0]!r}; move it elsewhere"
        )
    return sides


def given_split(found: Sequence[Found]) -> dict[str, list[int]] | None:
    """Return the positions of each side's pictures; None when they are not divided."""
    split: dict[str, list[int]] = defaultdict(list)
    for index, picture in enumerate(found):
        if picture.side:
            split[picture.side].append(index)
    return dict(split) or None


def given_split_notes(groups: Sequence[str], split: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Tell the user that his division is kept, and whether one thing stands on two sides of it."""
    sides = {side: {groups[index] for index in indices} for side, indices in split.items()}
    notes = ["the folder is divided already: its sides are kept, and --validation, --test and --seed do not move them"]
    leaked = sides["test"] & (sides["train"] | sides["validation"])
    if leaked:
        pictures = sum(groups[index] in leaked for index in split["test"])
        notes.append(
            f"{pictures} of {len(split['test'])} test pictures show what a training or validation picture shows (by "
            f"name or by look; first: {min(leaked)}), so the test will flatter; divide by thing, not by picture"
        )
    return tuple(notes)


def _folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, without hidden ones, in order; none where it is no folder."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]


def _listed(folder: Path, side: str | None, least_classes: int = 2) -> list[Found]:
    pictures = labelled_folder(folder, least_classes)
    return [Found(one.label, one.path, one.path.relative_to(folder).as_posix(), side) for one in pictures]


def _check_same_classes(sides: list[tuple[str, Path]], found: list[Found]) -> None:
    every = {one.label for one in found}
    for side, place in sides:
        if lacking := sorted(every - {one.label for one in found if one.side == side}):
            raise DataError(
                f"{place}: expected the classes {', '.join(sorted(every))} as in the other sides, found no "
                f"{lacking[0]!r}; add pictures of it there, or delete the class everywhere"
            )
