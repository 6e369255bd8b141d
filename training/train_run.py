"""From a data folder to a run folder: read, split, train, evaluate, write."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge.durable import require_unused, whole_folder
from training.dataset import Dataset, label_indices, read_dataset
from training.evaluate import Evaluation, evaluate, predicted_indices
from training.features import default_cache
from training.groups import group_rule
from training.network_settings import Paper2Settings
from training.offline import enlarge
from training.plots import save_confusion_matrix, save_curves
from training.recipe import Recipe
from training.recipe_changes import DEFAULT_RECIPE
from training.run_folder import MODEL_FILE, PICTURES_FOLDER, RunFacts, write_run
from training.split import SUBSETS, split_items
from training.tables import per_class_table
from training.train import Examples, Hears, Trained, train_network
from training.transfer import TransferData, train_transfer


@dataclass(frozen=True)
class TrainRequest:
    """What to train on and how. `group_pattern` None means the default rule of training.groups.

    feature_cache: where features of frozen backbones are kept; None means the user's cache.
    """

    data: Path
    recipe: Recipe
    group_pattern: str | None = None
    recipe_name: str = DEFAULT_RECIPE
    feature_cache: Path | None = None


class Reporter(Hears, Protocol):
    """Hears how far a run is."""

    def read(self, done: int, total: int) -> None:
        """Hear that `done` of `total` files have been read."""


@dataclass(frozen=True)
class TrainResult:
    """What a training gave, apart from the files."""

    test: Evaluation
    validation_accuracy: float
    best_epoch: int
    pictures: dict[str, int]
    skipped: int
    recipe: str
    note: str


def train_run(request: TrainRequest, out: Path, reporter: Reporter) -> TrainResult:
    """Train on `request.data` and write the run folder `out`, whole or not at all.

    Raises DataError before any training when `out` is in use or the pictures cannot be used.
    """
    require_unused(out)
    recipe = request.recipe
    rule = group_rule(request.group_pattern)
    data = read_dataset(request.data, recipe.input, rule, reporter.read)
    for skipped in data.skipped:
        reporter.say(f"Warning: skipped {skipped.reason}")
    for note in data.notes:
        reporter.say(f"Note: {note}")
    if isinstance(recipe.network, Paper2Settings):
        recipe.network.check_classes(len(data.labels))
    with whole_folder(out) as draft:
        if recipe.offline is not None:
            data = enlarge(data, recipe.offline, recipe.seed, draft / PICTURES_FOLDER)
            reporter.say(f"Note: {data.notes[-1]}")
        split = split_items(data.items, recipe.split, recipe.seed)
        reporter.say(_overview(data, split))
        trained, examples = _train(request, data, split, reporter)
        answers = {name: predicted_indices(trained.model, examples[name].inputs) for name in ("validation", "test")}
        test = evaluate(examples["test"].targets, answers["test"], data.labels)
        validation_accuracy = float(np.mean(answers["validation"] == examples["validation"].targets))
        _write_results(draft, trained, test, validation_accuracy)
        items = {name: [data.items[index] for index in split[name]] for name in SUBSETS}
        write_run(draft, _facts(request, data), data.folder, items, data.skipped)
    counts = {name: len(split[name]) for name in SUBSETS}
    return TrainResult(
        test, validation_accuracy, trained.best_epoch, counts, len(data.skipped), request.recipe_name, recipe.note
    )


def _train(
    request: TrainRequest, data: Dataset, split: dict[str, list[int]], hears: Hears
) -> tuple[Trained, dict[str, Examples]]:
    recipe, targets = request.recipe, label_indices(data.items, data.labels)
    examples = {name: Examples(data.inputs[split[name]], targets[split[name]]) for name in SUBSETS}
    if not recipe.transfers:
        classes = len(data.labels)
        return train_network(examples["train"], examples["validation"], classes, recipe, hears.epoch), examples
    digests = {name: tuple(data.items[index].sha256 for index in split[name]) for name in SUBSETS}
    transfer = TransferData(
        train=examples["train"],
        train_digests=digests["train"],
        validation=examples["validation"],
        validation_digests=digests["validation"],
        cache=request.feature_cache or default_cache(),
    )
    return train_transfer(transfer, len(data.labels), recipe, hears), examples


def _write_results(draft: Path, trained: Trained, test: Evaluation, validation_accuracy: float) -> None:
    trained.model.save(draft / MODEL_FILE)
    _write_json(
        draft / "history.json",
        {"best_epoch": trained.best_epoch, "epochs": [asdict(epoch) for epoch in trained.history]},
    )
    _write_json(
        draft / "metrics.json",
        {"subset": "test", **test.as_json(), "validation_accuracy": validation_accuracy},
    )
    (draft / "per_class.txt").write_text(per_class_table(test))
    save_curves(draft / "curves.png", trained.history, trained.best_epoch)
    title = f"Test: {test.accuracy:.1%} of {int(test.confusion.sum())} pictures right"
    save_confusion_matrix(draft / "confusion_matrix.png", test, title)


def _write_json(path: Path, facts: dict[str, Any]) -> None:
    path.write_text(json.dumps(facts, indent=2) + "\n")


def _facts(request: TrainRequest, data: Dataset) -> RunFacts:
    return RunFacts(
        labels=data.labels,
        input=request.recipe.input,
        seed=request.recipe.seed,
        data=str(request.data),
        settings={
            "recipe_name": request.recipe_name,
            "recipe": request.recipe.model_dump(mode="json"),
            "group_pattern": request.group_pattern,
        },
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in ("edge-sort", "tensorflow", "keras", "numpy", "pillow"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed as a package"
    return versions


def _overview(data: Dataset, split: dict[str, list[int]]) -> str:
    groups = len({item.group for item in data.items})
    parts = ", ".join(f"{len(split[name])} for {name}" for name in SUBSETS)
    return f"{len(data.items)} pictures of {len(data.labels)} classes in {groups} groups: {parts}"
