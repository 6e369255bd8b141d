"""From a data folder to a run folder: read, split, train, evaluate, write."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from training.answers import Answers, answers_to, network_scorer
from training.checkpoints import Checkpoints
from training.course import Course, Examples
from training.dataset import Dataset, label_indices
from training.doubts import doubts
from training.evaluate import Evaluation
from training.features import default_cache
from training.folders import require_outside
from training.history import Epoch, write_history
from training.memory import keep_freed_memory, memory_errors_explained
from training.networks import check_weights
from training.overview import overview
from training.report import Examination, write_report
from training.run_folder import MODEL_FILE, PICTURES_FOLDER, write_run
from training.run_pictures import Reads, divided, read_pictures
from training.split import SUBSETS, leak_of
from training.tensorboard import TensorBoardLog
from training.train import Hears, Trained, train_network
from training.train_request import TrainRequest, result_facts, run_facts, versions
from training.transfer import TransferData, train_transfer
from training.unfinished import UnfinishedRun


class Reporter(Hears, Reads, Protocol):
    """Hears how far a run is."""


@dataclass(frozen=True)
class TrainResult:
    """What a training gave, apart from the files. leak: how the test flatters, a clause; None when it does not."""

    test: Evaluation
    validation_accuracy: float
    best_epoch: int
    pictures: dict[str, int]
    skipped: int
    recipe: str
    note: str
    leak: str | None = None


def train_run(request: TrainRequest, out: Path, reporter: Reporter) -> TrainResult:
    """Train on `request.data` and write the run folder `out`, whole or not at all.

    Stopped or killed, it leaves `out`.unfinished, from which the same request with `resume` goes on.
    Raises DataError before any training when `out` is in use or among the pictures, or those cannot be used;
    EdgeSortError when memory runs out, ClusterError when a worker is gone.
    """
    require_outside(out, request.data)
    on_epoch = _on_epoch(request, reporter)
    with UnfinishedRun(out, request.resume) as unfinished, memory_errors_explained(request.recipe):
        check_weights(request.recipe.input, request.recipe.network)  # minutes before they are needed
        data = read_pictures(request, reporter)
        data, split = divided(data, request.recipe, unfinished.folder / PICTURES_FOLDER, reporter)
        unfinished.begin(result_facts(request, data, split))
        # who goes on after a kill goes on alone: what other machines had is not in a checkpoint
        alone = request.distribution is None or request.distribution.place is None
        checkpoints = Checkpoints(unfinished.folder if alone else None)
        course = Course(on_epoch, checkpoints, request.distribution)
        trained = _train(request, data, split, course, reporter)
        result = _write(request, data, split, trained, unfinished.folder, out.name)
        unfinished.finish()
    return result


def _on_epoch(request: TrainRequest, reporter: Reporter) -> Callable[[Epoch], None]:
    if request.tensorboard is None:
        return reporter.epoch
    log = TensorBoardLog(request.tensorboard)

    def both(epoch: Epoch) -> None:
        reporter.epoch(epoch)
        log.epoch(epoch)

    return both


def assist_run(request: TrainRequest, reporter: Reporter) -> None:
    """Train as one of several workers that is not their chief: the same work, of which nothing is written.

    Raises as `train_run`.
    """
    with tempfile.TemporaryDirectory() as folder, memory_errors_explained(request.recipe):
        data = read_pictures(request, reporter)
        data, split = divided(data, request.recipe, Path(folder), reporter)
        _train(request, data, split, Course(reporter.epoch, distribution=request.distribution), reporter)


def _write(
    request: TrainRequest, data: Dataset, split: dict[str, list[int]], trained: Trained, draft: Path, name: str
) -> TrainResult:
    """Write all that a run folder holds into `draft`; the pictures of a recipe that makes some are there."""
    trained.model.save(draft / MODEL_FILE)
    write_history(draft, trained.history, trained.best_epoch)
    answers = answers_to(
        data.inputs, label_indices(data.items, data.labels), network_scorer(trained.model), data.labels
    )
    items = {side: [data.items[index] for index in split[side]] for side in SUBSETS}
    leak = leak_of(items)
    examined = replace(
        _examined(request, data, split, trained, answers, name), warnings=() if leak is None else (leak,)
    )
    write_report(draft, examined)
    write_run(draft, run_facts(request, data), data.folder, items, data.skipped, data.foreign)
    return TrainResult(
        test=examined.evaluation,
        validation_accuracy=examined.extra["validation_accuracy"],
        best_epoch=trained.best_epoch,
        pictures={name: len(split[name]) for name in SUBSETS},
        skipped=len(data.skipped),
        recipe=request.recipe_name,
        note=request.recipe.note,
        leak=leak,
    )


def _train(request: TrainRequest, data: Dataset, split: dict[str, list[int]], course: Course, hears: Hears) -> Trained:
    keep_freed_memory()
    recipe, targets = request.recipe, label_indices(data.items, data.labels)
    if request.distribution is not None:
        facts = result_facts(request, data, split)
        request.distribution.agree("pictures and recipe", json.dumps([facts["recipe"], facts["pictures"]]))
    examples = {name: Examples(data.inputs[split[name]], targets[split[name]]) for name in ("train", "validation")}
    if course.history:
        hears.say(f"going on after epoch {len(course.history)}")
    if not recipe.transfers:
        return train_network(examples["train"], examples["validation"], len(data.labels), recipe, course)
    digests = {name: tuple(data.items[index].sha256 for index in split[name]) for name in examples}
    transfer = TransferData(
        train=examples["train"],
        train_digests=digests["train"],
        validation=examples["validation"],
        validation_digests=digests["validation"],
        cache=request.feature_cache or default_cache(),
    )
    return train_transfer(transfer, len(data.labels), recipe, course, hears)


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
            "Test": f"{len(split['test'])} pictures, kept apart from both",
            "Recipe": _recipe_line(request),
            "Seed": str(request.recipe.seed),
            "Versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        },
    )


def _recipe_line(request: TrainRequest) -> str:
    """Name the recipe with what people change most: its summary tells the values it shipped with."""
    spec = request.recipe.input
    return (
        f"{request.recipe_name}: {spec.width_px} x {spec.height_px} px, {spec.color}, "
        f"at most {request.recipe.total_epochs} epochs; run.json has all of it"
    )
