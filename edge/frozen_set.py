"""The pictures on which a line's bundles are compared: a folder per class that stays the same from time to time.

Were it to change unnoticed, figures of today and of last month would not be of the same pictures; and pictures that a
training has meanwhile seen would flatter it. So their digests are written down the first time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.durable import whole_file
from edge.errors import DataError
from edge.labelled import LabelledPicture, labelled_folder
from edge.problems import first_problem

_SHOWN = 3


class FrozenSet(BaseModel):
    """What was written down: where the pictures are, and path below it -> sha256 of the file, class folder first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    recorded_at_utc: str
    pictures: dict[str, str]

    @property
    def digest(self) -> str:
        """One digest of all of them, names included."""
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(self.pictures.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class FrozenPictures:
    """The set as it is now. note: what to tell of it, if anything. to_record: not yet written down as it is."""

    folder: Path
    found: FrozenSet
    pictures: list[LabelledPicture]
    to_record: bool
    note: str | None = None


def frozen_pictures(file: Path, data: Path | None, at_utc: str, *, renew: bool) -> FrozenPictures | None:
    """Return the pictures below `data`, or where they were the last time; None when there never were any.

    renew: they are other ones on purpose. Raises DataError when they are not those that were written down.
    """
    known = _known(file)
    if data is None and known is None:
        return None
    folder = data if data is not None else Path(known.data if known else "")
    pictures = labelled_folder(folder)
    digests = {_name(folder, one.path): _sha256(one.path) for one in pictures}
    found = FrozenSet(data=str(folder.absolute()), recorded_at_utc=at_utc, pictures=digests)
    if known is None:
        return FrozenPictures(folder, found, pictures, True, f"{len(pictures)} pictures of {folder} are frozen now")
    if known.pictures == found.pictures:
        return FrozenPictures(folder, known, pictures, to_record=False)
    differences = _differences(known.pictures, found.pictures)
    if not renew:
        raise DataError(
            f"{folder}: expected the {len(known.pictures)} frozen pictures of {known.recorded_at_utc[:10]}, found "
            f"{differences}; put them back, or freeze what is there now with --renew-data"
        )
    return FrozenPictures(folder, found, pictures, True, f"the frozen pictures are other ones now: {differences}")


def record_frozen(file: Path, frozen: FrozenSet) -> None:
    """Write the set down, whole."""
    with whole_file(file, replace=True) as out:
        out.write((frozen.model_dump_json(indent=1) + "\n").encode())


def _known(file: Path) -> FrozenSet | None:
    if not file.exists():
        return None
    try:
        return FrozenSet.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{file}: expected the digests of the frozen pictures, found: {first_problem(error)}; "
            "put back a copy of it, or delete it: they are then frozen anew"
        ) from error


def _differences(before: dict[str, str], after: dict[str, str]) -> str:
    kinds = {
        "missing": sorted(before.keys() - after.keys()),
        "new": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
    }
    return ", ".join(f"{len(names)} {kind} ({_listed(names)})" for kind, names in kinds.items() if names)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: expected a picture that can be read, found: {first_problem(error)}") from error
