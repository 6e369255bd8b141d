"""The run folder: what one training leaves behind, whole or not at all.

    model.keras            the trained network
    run.json               labels in output order, input spec, settings, seed, versions
    split.json             which picture was used for what, with its group and digest, and what was skipped
    history.json           loss and accuracy per epoch
    report.html            what the model is worth, on one page; with metrics.json, plots and more (training.report)
    pictures/              originals and variations, of a recipe that varies pictures before it splits them

The other pictures stay where they are; `open_run` checks that they are still the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DataError
from edge.preprocess import InputSpec
from edge.problems import first_problem
from training.dataset import Item, Skipped, file_sha256
from training.split import SUBSETS, leak_of
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras

FORMAT_VERSION = 1
MODEL_FILE = "model.keras"
PICTURES_FOLDER = "pictures"
RUN_FILE = "run.json"
SPLIT_FILE = "split.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunFacts(_Record):
    """The contents of run.json. `data` is the data folder as the command was given it."""

    format_version: Literal[1] = 1
    labels: tuple[str, ...] = Field(min_length=2)
    input: InputSpec
    seed: int
    data: str
    settings: dict[str, Any]
    versions: dict[str, str]


class _SplitItem(_Record):
    path: str
    label: str
    group: str
    sha256: str


class _SplitFile(_Record):
    data: str
    train: list[_SplitItem]
    validation: list[_SplitItem]
    test: list[_SplitItem]
    foreign: list[_SplitItem] = []
    skipped: list[Skipped]


@dataclass(frozen=True)
class Run:
    """A training run on disk. `split` has the keys "train", "validation" and "test"; `foreign` was left out of it."""

    folder: Path
    labels: tuple[str, ...]
    spec: InputSpec
    seed: int
    split: dict[str, list[Item]]
    foreign: list[Item] = field(default_factory=list)

    @property
    def leak(self) -> str | None:
        """How its test flatters, a clause; None when no test picture shows what others show."""
        return leak_of(self.split)

    @property
    def network_sha256(self) -> str:
        """The digest of the trained network's file: one that is trained again has another."""
        return file_sha256(self.folder / MODEL_FILE)

    def load_model(self) -> keras.Model:
        """Load the trained network. Raises DataError when its file is damaged."""
        keras = load_keras("loading a trained model")
        path = self.folder / MODEL_FILE
        try:
            return keras.models.load_model(path, compile=False)
        except Exception as error:  # Keras raises whatever its zip, JSON and HDF5 readers raise
            reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
            if reason[0].startswith("File not found"):  # Keras says so of a file that is no zip
                reason = ["no zip file"]
            raise DataError(
                f"{path}: expected the model that edge-sort train wrote, found a damaged one ({reason[0]}); {_REMEDY}"
            ) from error


_REMEDY = "copy the run folder again or make it again with: edge-sort train"


def open_run(folder: Path, data: Path | None = None, *, check_pictures: bool = True) -> Run:
    """Read a run folder and verify that its pictures are there and unchanged.

    data: where the pictures lie now, when they have moved since training. check_pictures: False for who only wants
    the network.
    Raises DataError naming what is not a run, missing or changed.
    """
    if not (folder / RUN_FILE).is_file():
        raise DataError(f"{folder}: expected a run folder with {RUN_FILE}, found none; make one with: edge-sort train")
    facts = _parse(folder / RUN_FILE, RunFacts)
    recorded = _parse(folder / SPLIT_FILE, _SplitFile)
    if not (folder / MODEL_FILE).is_file():
        raise DataError(f"{folder / MODEL_FILE}: expected the trained model, found no such file; {_REMEDY}")
    root = (data or folder / recorded.data).resolve()
    split = {subset: [_item(root, entry) for entry in getattr(recorded, subset)] for subset in SUBSETS}
    _check_labels(folder, facts.labels, split)
    foreign = [_item(root, entry) for entry in recorded.foreign]
    if check_pictures:
        _check_pictures(root, [*(item for subset in SUBSETS for item in split[subset]), *foreign])
    return Run(folder, facts.labels, facts.input, facts.seed, split, foreign)


def write_run(
    draft: Path,
    facts: RunFacts,
    data: Path,
    split: Mapping[str, list[Item]],
    skipped: tuple[Skipped, ...],
    foreign: Sequence[Item] = (),
) -> None:
    """Write run.json and split.json into a folder that is being made (see edge.durable.whole_folder).

    data: where the pictures lie; when that is inside the run, the run can be moved with them. foreign: pictures of
    classes that were left out.
    """
    inside = data.resolve().is_relative_to(draft.resolve())
    place = data.resolve().relative_to(draft.resolve()) if inside else data.resolve()
    entries = {
        subset: [_SplitItem(path=i.relative, label=i.label, group=i.group, sha256=i.sha256) for i in items]
        for subset, items in (*split.items(), ("foreign", foreign))
    }
    record = _SplitFile(data=str(place), skipped=list(skipped), **entries)
    (draft / SPLIT_FILE).write_text(record.model_dump_json(indent=1) + "\n")
    (draft / RUN_FILE).write_text(facts.model_dump_json(indent=2) + "\n")


_AnyRecord = TypeVar("_AnyRecord", bound=BaseModel)


def _parse(path: Path, kind: type[_AnyRecord]) -> _AnyRecord:
    try:
        found = json.loads(path.read_text())
        version = found.get("format_version", FORMAT_VERSION) if isinstance(found, dict) else None
        if version != FORMAT_VERSION:
            raise DataError(
                f"{path}: expected run format {FORMAT_VERSION}, found {version}; "
                "install the edge-sort that made it, or train again with this one"
            )
        return kind.model_validate(found)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: expected a file that edge-sort train wrote, found: {first_problem(error)}; {_REMEDY}"
        ) from error


def _item(root: Path, entry: _SplitItem) -> Item:
    return Item(root / entry.path, entry.path, entry.label, entry.group, entry.sha256)


def _check_labels(folder: Path, labels: tuple[str, ...], split: Mapping[str, list[Item]]) -> None:
    for subset, items in split.items():
        found = {item.label for item in items}
        if found != set(labels):
            raise DataError(
                f"{folder / SPLIT_FILE}: expected {subset} pictures of {', '.join(labels)}, "
                f"found {', '.join(sorted(found)) or 'none'}; {_REMEDY}"
            )


def _check_pictures(root: Path, items: list[Item]) -> None:
    missing = [item for item in items if not item.path.is_file()]
    if missing:
        raise DataError(
            f"{missing[0].path}: expected the {len(items)} pictures of the training run below {root}, found "
            f"{len(missing)} of them missing, this one first; put the data folder back, or say where it lies now: "
            "--data of quantize, --run-data of report and evaluate"
        )
    for item in items:
        if file_sha256(item.path) != item.sha256:
            raise DataError(
                f"{item.path}: expected the picture that was there at training, found other contents; "
                "put the old one back, or train again on the new pictures"
            )
