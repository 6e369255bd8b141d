"""What the runs of a study say: each recipe's figures, and whether the best two really differ."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.best_two import BestTwo, best_two
from training.network_cost import NetworkCost
from training.statistics import ResampledMean, resampled_mean
from training.study import Study
from training.study_runs import FinishedRun, as_row

_TWO_CLASSES = ("ppv", "npv", "sensitivity", "specificity", "auc")


@dataclass(frozen=True)
class RecipeResult:
    """What the finished runs of one recipe gave, at least one.

    confusion: summed over the runs. seconds: mean of a run's epochs. two_classes: means of paper 2's figures.
    fixed: whether all runs had the same test pictures, as in a folder that is divided already.
    """

    name: str
    summary: str
    note: str
    accuracy: ResampledMean
    lowest: float
    highest: float
    macro_f1: float
    cost: NetworkCost | None
    seconds: float
    confusion: NDArray[np.int64]
    two_classes: dict[str, float] | None
    fixed: bool
    test_to_train: float


@dataclass(frozen=True)
class Results:
    """All that a study says. warnings: what a reader must know before believing it, in sentences."""

    study: Study
    recipes: tuple[RecipeResult, ...]
    best_two: BestTwo | None
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        record = self.study.record
        return {
            "data": record.data,
            "pictures": len(record.pictures),
            "group_pattern": record.group_pattern,
            "seeds": list(record.seeds),
            "labels": list(self.study.finished[0].labels) if self.study.runs else [],
            "recipes": [_recipe_object(one) for one in self.recipes],
            "best_two": self.best_two.as_json() if self.best_two else None,
            "runs": [self.row(run) for run in self.study.finished],
            "failed": [
                {"recipe": name.recipe, "seed": name.seed, "reason": reason}
                for name, reason in sorted(self.study.failed.items())
            ],
            "warnings": list(self.warnings),
        }

    def row(self, run: FinishedRun) -> dict[str, Any]:
        """Return a run with its recipe's cost and its place in the study, as a row for the CSV file."""
        cost = self.study.record.recipes[run.name.recipe].cost
        return {
            **as_row(run),
            "parameters": cost.parameters if cost else None,
            "multiply_accumulates": cost.multiply_accumulates if cost else None,
            "run": run.name.folder(self.study.folder).relative_to(self.study.folder).as_posix(),
        }


def results_of(study: Study) -> Results:
    """Summarize the finished runs."""
    recipes = tuple(_recipe_result(study, name) for name in study.record.recipes if study.of(name))
    first_two = sorted(recipes, key=lambda one: -one.accuracy.mean)[:2]
    ratio = max(one.test_to_train for one in first_two) if first_two else 0.0
    best = best_two([study.of(one.name) for one in first_two], ratio)
    return Results(study, recipes, best, tuple(_warnings(study, recipes, best)))


def _recipe_result(study: Study, name: str) -> RecipeResult:
    runs, recorded = study.of(name), study.record.recipes[name]
    accuracies = [run.accuracy for run in runs]
    fixed = len(runs) > 1 and len({run.tested for run in runs}) == 1
    ratio = 0.0 if fixed else statistics.fmean(run.counts["test"] / run.counts["train"] for run in runs)
    return RecipeResult(
        name=name,
        summary=recorded.recipe.summary,
        note=recorded.recipe.note,
        accuracy=_within_shares(resampled_mean(accuracies, ratio)),
        lowest=min(accuracies),
        highest=max(accuracies),
        macro_f1=statistics.fmean(run.macro_f1 for run in runs),
        cost=recorded.cost,
        seconds=statistics.fmean(run.seconds for run in runs),
        confusion=np.sum([run.confusion for run in runs], axis=0),
        two_classes=_mean_two_classes(runs),
        fixed=fixed,
        test_to_train=ratio,
    )


def _within_shares(found: ResampledMean) -> ResampledMean:
    """An accuracy is neither below 0 nor above 1."""
    if found.interval is None:
        return found
    low, high = found.interval
    return ResampledMean(found.runs, found.mean, found.deviation, (max(0.0, low), min(1.0, high)), found.p)


def _mean_two_classes(runs: Sequence[FinishedRun]) -> dict[str, float] | None:
    figures = [run.two_classes for run in runs]
    if any(one is None for one in figures):
        return None
    means = {}
    for key in _TWO_CLASSES:
        values = [one[key] for one in figures if one and one[key] is not None]
        if values:
            means[key] = statistics.fmean(values)
    return means


def _warnings(study: Study, recipes: Sequence[RecipeResult], best: BestTwo | None) -> list[str]:
    told = []
    missing = study.wanted - len(study.runs)
    if missing:
        told.append(f"{missing} of {study.wanted} runs are missing, so the means are not all over the same seeds")
    if best and not best.same_pictures:
        told.append(
            f"{best.first} and {best.second} were not tested on the same pictures, because their recipes divide them "
            "differently or add pictures: the difference is also one of tests"
        )
    if any(one.fixed for one in recipes):
        told.append(
            "all runs were tested on the same pictures (the folder is divided already), so spread and intervals are "
            "those of repeating the training, and say nothing about other pictures"
        )
    told += sorted({run.leak for run in study.finished if run.leak})
    if best and len(recipes) > 2:
        told.append(
            f"the two best of {len(recipes)} recipes were picked by these same runs, so the winner's mean flatters it "
            "a little"
        )
    return told


def _recipe_object(one: RecipeResult) -> dict[str, Any]:
    return {
        "recipe": one.name,
        "summary": one.summary,
        "note": one.note,
        "runs": one.accuracy.runs,
        "mean": one.accuracy.mean,
        "deviation": one.accuracy.deviation,
        "interval": list(one.accuracy.interval) if one.accuracy.interval else None,
        "min": one.lowest,
        "max": one.highest,
        "macro_f1": one.macro_f1,
        "two_classes": one.two_classes,
        "parameters": one.cost.parameters if one.cost else None,
        "multiply_accumulates": one.cost.multiply_accumulates if one.cost else None,
        "training_seconds": one.seconds,
        "test_to_train": one.test_to_train,
        "fixed": one.fixed,
        "confusion_matrix": one.confusion.tolist(),
    }
