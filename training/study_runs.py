"""The runs of a study on disk: which are finished, whether they belong to it, and what they gave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from edge.errors import DataError, EdgeSortError
from edge.problems import first_problem
from training.history import Epoch, read_history
from training.recipe import Recipe
from training.report import METRICS_FILE
from training.run_folder import RUN_FILE, Run, RunFacts, open_run
from training.split import SUBSETS
from training.study_record import StudyRecipe, StudyRecord, changed_keys

RUNS_FOLDER = "runs"
_VARIED = re.compile(r"(\.varied\d+)?\.png$")  # what training.offline adds to the name of a picture


@dataclass(frozen=True, order=True)
class RunName:
    """One cell of a study's table of seeds and recipes."""

    seed: int
    recipe: str

    def __str__(self) -> str:
        return f"{self.recipe}-seed{self.seed}"

    def folder(self, study: Path) -> Path:
        """Where its run folder is, or will be."""
        return study / RUNS_FOLDER / str(self)


class _Macro(BaseModel):
    f1: float


class _TwoClasses(BaseModel):
    positive: str
    ppv: float
    npv: float
    sensitivity: float
    specificity: float
    auc: float | None


class _Metrics(BaseModel):
    accuracy: float
    labels: tuple[str, ...]
    macro: _Macro
    confusion_matrix: list[list[int]]
    validation_accuracy: float
    two_classes: _TwoClasses | None = None


@dataclass(frozen=True)
class FinishedRun:
    """What one run gave on its test pictures. counts: pictures of each subset. tested: the names of the test pictures.

    two_classes: paper 2's figures, each 0..1, where there are two classes. leak: how its test flatters, a clause.
    """

    name: RunName
    labels: tuple[str, ...]
    accuracy: float
    macro_f1: float
    validation_accuracy: float
    confusion: NDArray[np.int64]
    two_classes: dict[str, Any] | None
    history: tuple[Epoch, ...]
    best_epoch: int
    counts: dict[str, int]
    tested: frozenset[str]
    leak: str | None = None

    @property
    def seconds(self) -> float:
        """What its epochs took, without reading pictures, computing features and writing."""
        return sum(epoch.seconds for epoch in self.history)


def planned(record: StudyRecord) -> list[RunName]:
    """List all runs of a study, seed by seed: stopped half-way, it has all recipes on the same seeds."""
    return [RunName(seed, recipe) for seed in record.seeds for recipe in record.recipes]


def finished_runs(study: Path, record: StudyRecord) -> dict[RunName, FinishedRun]:
    """Read the runs that are there. Raises DataError naming one that is damaged or not what this study asks for."""
    names = [name for name in planned(record) if name.folder(study).exists()]
    return {name: finished_run(study, record, name) for name in names}


def finished_run(study: Path, record: StudyRecord, name: RunName) -> FinishedRun:
    """Read one run and verify that it is of this study. Raises DataError."""
    folder = name.folder(study)
    try:
        run = open_run(folder, check_pictures=False)
        facts = RunFacts.model_validate_json((folder / RUN_FILE).read_text())
        recipe = Recipe.model_validate(facts.settings["recipe"])
        metrics = _Metrics.model_validate_json((folder / METRICS_FILE).read_text())
        history, best_epoch = read_history(folder)
        _check_agreement(run, metrics)
    except (EdgeSortError, OSError, ValueError, KeyError) as error:
        reason = str(error) if isinstance(error, EdgeSortError) else first_problem(error)
        raise _not_ours(folder, f"a damaged one ({reason})") from error
    if difference := _difference(record, name, facts, recipe, run):
        raise _not_ours(folder, difference)
    return FinishedRun(
        name=name,
        labels=metrics.labels,
        accuracy=metrics.accuracy,
        macro_f1=metrics.macro.f1,
        validation_accuracy=metrics.validation_accuracy,
        confusion=np.array(metrics.confusion_matrix, np.int64),
        two_classes=metrics.two_classes.model_dump() if metrics.two_classes else None,
        history=history,
        best_epoch=best_epoch,
        counts={subset: len(run.split[subset]) for subset in SUBSETS},
        tested=frozenset(item.relative for item in run.split["test"]),
        leak=run.leak,
    )


def _check_agreement(run: Run, metrics: _Metrics) -> None:
    classes = len(run.labels)
    if metrics.labels != run.labels or [len(row) for row in metrics.confusion_matrix] != [classes] * classes:
        raise ValueError(f"{METRICS_FILE} and {RUN_FILE} do not have the same classes")
    if (metrics.two_classes is None) == (classes == 2):
        raise ValueError(f"{METRICS_FILE} should have figures of two classes where there are two")


def _not_ours(folder: Path, found: str) -> DataError:
    return DataError(
        f"{folder}: expected a finished run of this study, found {found}; delete that folder and repeat the command to "
        "have it trained anew, or choose a new --out"
    )


def _difference(record: StudyRecord, name: RunName, facts: RunFacts, recipe: Recipe, run: Run) -> str | None:
    if recipe.seed != name.seed:
        return f"one of seed {recipe.seed}"
    expected = record.recipes[name.recipe]
    trained = StudyRecipe(recipe=recipe, weights_sha256=expected.weights_sha256)
    if keys := changed_keys(expected, trained):
        return f"one trained with {keys}"
    if facts.settings.get("group_pattern") != record.group_pattern:
        return f"one with --group-pattern {facts.settings.get('group_pattern')!r}"
    for item in (item for subset in SUBSETS for item in run.split[subset]):
        if recipe.offline is not None:
            if _VARIED.sub("", item.relative) not in record.pictures:
                return f"one of other pictures ({item.relative})"
        elif record.pictures.get(item.relative) != item.sha256:
            return f"one of other pictures ({item.relative})"
    return None


def as_row(run: FinishedRun) -> dict[str, Any]:
    """Return a run as a row of the CSV file: plain values, the same columns for every run of a study."""
    two = {key: value for key, value in (run.two_classes or {}).items() if key != "positive"}
    return {
        "recipe": run.name.recipe,
        "seed": run.name.seed,
        "accuracy": run.accuracy,
        "macro_f1": run.macro_f1,
        **two,
        "validation_accuracy": run.validation_accuracy,
        "best_epoch": run.best_epoch,
        "epochs": len(run.history),
        "training_seconds": round(run.seconds, 1),
        **{f"{subset}_pictures": count for subset, count in run.counts.items()},
    }
