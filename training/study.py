"""A study: recipes x seeds, each cell an ordinary training run, made one after the other and gone on with later.

    study.json                the recipes, seeds and pictures (training.study_record)
    runs/RECIPE-seedN/        the run folders (training.run_folder)
    logs/                     what the processes printed that did the work
    report.html, runs.csv ...  the results (training.study_report)

A run folder is there whole or not at all, so what is there is finished, and what is not is trained, from where it was
stopped if it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from edge.errors import EdgeSortError
from training.child_process import in_child_process
from training.folders import require_outside
from training.network_cost import NetworkCost
from training.study_check import check_study, picture_digests
from training.study_folder import LOGS_FOLDER, check_study_folder, held
from training.study_record import (
    StudyRecord,
    StudyRequest,
    joined,
    read_study,
    requested,
    with_costs,
    write_study,
)
from training.study_runs import FinishedRun, RunName, finished_run, finished_runs, planned
from training.train_request import TrainRequest
from training.train_run import Reporter, train_run


class StudyReporter(Reporter, Protocol):
    """Hears how far a study is, and how far the run that is being made."""

    def begins(self, runs: list[RunName], finished: Mapping[RunName, FinishedRun]) -> None:
        """Hear which runs there are to be, and which are finished already."""

    def run_begins(self, name: RunName, epochs: int) -> None:
        """Hear that a run of at most so many epochs begins."""

    def run_ends(self, name: RunName, accuracy: float | None) -> None:
        """Hear that a run has ended; None: it failed."""


class Trainer(Protocol):
    """Does the work with TensorFlow. Both raise an EdgeSortError with the reason when it fails."""

    def check(self, request: StudyRequest, log: Path, reporter: Reporter) -> dict[str, NetworkCost]:
        """Do what training.study_check.check_study does."""

    def train(self, request: TrainRequest, out: Path, log: Path, reporter: Reporter) -> None:
        """Write the run folder `out`, whole or not at all."""


class ChildTrainer:
    """Works in a process of its own each time: memory comes back, and a crash ends one run only."""

    def check(self, request: StudyRequest, log: Path, reporter: Reporter) -> dict[str, NetworkCost]:
        return in_child_process(partial(check_study, request), reporter, log)

    def train(self, request: TrainRequest, out: Path, log: Path, reporter: Reporter) -> None:
        in_child_process(partial(train_run, replace(request, resume=True), out), reporter, log)


@dataclass(frozen=True)
class Study:
    """What there is of a study. failed: why a run did not end well, in the words for the user."""

    folder: Path
    record: StudyRecord
    runs: Mapping[RunName, FinishedRun]
    failed: Mapping[RunName, str] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        """How many runs there are to be."""
        return len(planned(self.record))

    @property
    def finished(self) -> list[FinishedRun]:
        """The finished runs, seed by seed, recipes in the order of the study."""
        return [self.runs[name] for name in planned(self.record) if name in self.runs]

    def of(self, recipe: str) -> list[FinishedRun]:
        """The finished runs of a recipe, by seed."""
        return [run for run in self.finished if run.name.recipe == recipe]


class StudyStopped(KeyboardInterrupt):
    """Ctrl-C in the middle of a study; `study` is what there was of it."""

    def __init__(self, study: Study) -> None:
        super().__init__()
        self.study = study


def run_study(request: StudyRequest, folder: Path, reporter: StudyReporter, trainer: Trainer) -> Study:
    """Train what is missing of the study in `folder`, after joining what is requested to it.

    Raises an EdgeSortError before the first training when the folder, the pictures or a recipe cannot be used; a run
    that fails is only noted. Raises StudyStopped at Ctrl-C.
    """
    check_study_folder(folder)
    require_outside(folder, request.data)
    new = requested(request, picture_digests(request.data, reporter.read))
    with held(folder):
        old = read_study(folder)
        record = new if old is None else joined(folder, old, new)
        study = Study(folder, record, finished_runs(folder, record))
        missing = [name for name in planned(record) if name not in study.runs]
        if record != old:  # what is recorded has been checked
            study = replace(study, record=_checked(study, request, reporter, trainer))
            write_study(folder, study.record)
        return _train_missing(study, missing, request, reporter, trainer)


def _checked(study: Study, request: StudyRequest, reporter: Reporter, trainer: Trainer) -> StudyRecord:
    every = {name: one.recipe for name, one in study.record.recipes.items()}
    log = study.folder / LOGS_FOLDER / "check.txt"
    asked = replace(request, recipes=every, seeds=study.record.seeds)
    return with_costs(study.record, trainer.check(asked, log, reporter))


def _train_missing(
    study: Study, missing: list[RunName], request: StudyRequest, reporter: StudyReporter, trainer: Trainer
) -> Study:
    runs, failed = dict(study.runs), dict(study.failed)
    reporter.begins(planned(study.record), runs)
    for name in missing:
        recipe = study.record.recipes[name.recipe].recipe.model_copy(update={"seed": name.seed})
        asked = TrainRequest(request.data, recipe, request.group_pattern, name.recipe, request.feature_cache)
        reporter.run_begins(name, recipe.total_epochs)
        try:
            trainer.train(asked, name.folder(study.folder), study.folder / LOGS_FOLDER / f"{name}.txt", reporter)
            runs[name] = finished_run(study.folder, study.record, name)
        except EdgeSortError as error:
            failed[name] = str(error)
        except KeyboardInterrupt as error:
            raise StudyStopped(replace(study, runs=runs, failed=failed)) from error
        reporter.run_ends(name, runs[name].accuracy if name in runs else None)
    return replace(study, runs=runs, failed=failed)
