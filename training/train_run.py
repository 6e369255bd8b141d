"""From a data folder to a run folder: read, split, train, evaluate, write."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from edge.durable import require_unused, whole_folder
from training.answers import Answers, answers_to, network_scorer
from training.dataset import Dataset, label_indices
from training.distribute import Distribution
from training.doubts import doubts
from training.evaluate import Evaluation
from training.features import default_cache
from training.overview import overview
from training.recipe import Recipe
from training.recipe_changes import DEFAULT_RECIPE
from training.report import Examination, write_report
from training.run_folder import HISTORY_FILE, MODEL_FILE, PICTURES_FOLDER, RunFacts, write_run
from training.run_pictures import Reads, divided, read_pictures
from training.split import SUBSETS
from training.train import Examples, Hears, Trained, train_network
from training.transfer import TransferData, train_transfer


@dataclass(frozen=True)
class TrainRequest:
    """What to train on and how. `group_pattern` None means the default rule of training.groups.

    feature_cache: where features of frozen backbones are kept; None means the user's cache. distribution: the devices
    that train; None means this process alone on one.
    """

    data: Path
    recipe: Recipe
    group_pattern: str | None = None
    recipe_name: str = DEFAULT_RECIPE
    feature_cache: Path | None = None
    distribution: Distribution | None = None


class Reporter(Hears, Reads, Protocol):
    """Hears how far a run is."""


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

    Raises DataError before any training when `out` is in use or the pictures cannot be used, and ClusterError when a
    worker is gone.
    """
    require_unused(out)
    recipe = request.recipe
    data = read_pictures(request.data, recipe, request.group_pattern, reporter)
    with whole_folder(out) as draft:
        data, split = divided(data, recipe, draft / PICTURES_FOLDER, reporter)
        trained = _train(request, data, split, reporter)
        _write_model(draft, trained)
        answers = answers_to(
            data.inputs, label_indices(data.items, data.labels), network_scorer(trained.model), data.labels
        )
        examined = _examined(request, data, split, trained, answers, out.name)
        write_report(draft, examined)
        items = {name: [data.items[index] for index in split[name]] for name in SUBSETS}
        write_run(draft, _facts(request, data), data.folder, items, data.skipped)
    counts = {name: len(split[name]) for name in SUBSETS}
    return TrainResult(
        examined.evaluation,
        examined.extra["validation_accuracy"],
        trained.best_epoch,
        counts,
        len(data.skipped),
        request.recipe_name,
        recipe.note,
    )


def assist_run(request: TrainRequest, reporter: Reporter) -> None:
    """Train as one of several workers that is not their chief: the same work, of which nothing is written.

    Raises as `train_run`.
    """
    data = read_pictures(request.data, request.recipe, request.group_pattern, reporter)
    with tempfile.TemporaryDirectory() as folder:
        data, split = divided(data, request.recipe, Path(folder), reporter)
        _train(request, data, split, reporter)


def _train(request: TrainRequest, data: Dataset, split: dict[str, list[int]], hears: Hears) -> Trained:
    recipe, targets, distribution = request.recipe, label_indices(data.items, data.labels), request.distribution
    if distribution is not None:
        digests_of = {name: [data.items[index].sha256 for index in split[name]] for name in SUBSETS}
        distribution.agree("pictures and recipe", json.dumps([recipe.model_dump(mode="json"), digests_of]))
    examples = {name: Examples(data.inputs[split[name]], targets[split[name]]) for name in ("train", "validation")}
    if not recipe.transfers:
        return train_network(
            examples["train"], examples["validation"], len(data.labels), recipe, hears.epoch, distribution
        )
    digests = {name: tuple(data.items[index].sha256 for index in split[name]) for name in examples}
    transfer = TransferData(
        train=examples["train"],
        train_digests=digests["train"],
        validation=examples["validation"],
        validation_digests=digests["validation"],
        cache=request.feature_cache or default_cache(),
    )
    return train_transfer(transfer, len(data.labels), recipe, hears, distribution)


def _write_model(draft: Path, trained: Trained) -> None:
    trained.model.save(draft / MODEL_FILE)
    history = {"best_epoch": trained.best_epoch, "epochs": [asdict(epoch) for epoch in trained.history]}
    (draft / HISTORY_FILE).write_text(json.dumps(history, indent=2) + "\n")


def _examined(
    request: TrainRequest, data: Dataset, split: dict[str, list[int]], trained: Trained, answers: Answers, name: str
) -> Examination:
    pictures = overview(data, split, request.recipe.seed)
    validation_accuracy = float(answers.of(split["validation"]).right.mean())
    return Examination(
        name=name,
        answers=answers.of(split["test"]),
        items=[data.items[index] for index in split["test"]],
        overview=pictures,
        doubts=doubts(data.items, pictures.subset_of, answers),
        asked=len(data.items),
        seed=request.recipe.seed,
        history=trained.history,
        best_epoch=trained.best_epoch,
        extra={"validation_accuracy": validation_accuracy},
        origin={
            "Model": f"trained on {len(split['train'])} pictures, epoch {trained.best_epoch} kept by "
            f"{len(split['validation'])} validation pictures ({validation_accuracy:.1%} right)",
            "Test": f"{len(split['test'])} pictures that had no say in either",
            "Seed": str(request.recipe.seed),
            "Versions": ", ".join(f"{name} {version}" for name, version in _versions().items()),
        },
    )


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
            "distribute": request.distribution.as_json() if request.distribution else None,
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
