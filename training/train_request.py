"""What a training was asked for, and the record of it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.dataset import Dataset
from training.distribute import Distribution
from training.recipe import Recipe
from training.recipe_changes import DEFAULT_RECIPE
from training.run_folder import RunFacts
from training.split import SUBSETS


@dataclass(frozen=True)
class TrainRequest:
    """What to train on and how. `group_pattern` None means the default rule of training.groups.

    feature_cache: where features of frozen backbones are kept; None means the user's cache. resume: go on with a
    training of the same that was stopped. tensorboard: where to write logs for it; None means nowhere. leave_out:
    classes not to train on, whose pictures quantize shows to the model as parts of no known class. distribution: the
    devices that train; None means this process alone on one.
    """

    data: Path
    recipe: Recipe
    group_pattern: str | None = None
    recipe_name: str = DEFAULT_RECIPE
    feature_cache: Path | None = None
    resume: bool = False
    tensorboard: Path | None = None
    leave_out: tuple[str, ...] = ()
    distribution: Distribution | None = None


def result_facts(request: TrainRequest, data: Dataset, split: dict[str, list[int]]) -> dict[str, Any]:
    """Return all that decides what comes out of the training: the same facts, the same result."""
    used = [(name, data.items[index]) for name in SUBSETS for index in sorted(split[name])]
    pictures = repr([(name, item.relative, item.label, item.sha256) for name, item in used])
    return {
        "recipe": request.recipe.model_dump(mode="json", exclude={"summary", "note"}),
        "pictures": {"labels": data.labels, "digest": hashlib.sha256(pictures.encode()).hexdigest()},
        "versions": versions(),
    }


def run_facts(request: TrainRequest, data: Dataset) -> RunFacts:
    """Return the contents of run.json."""
    return RunFacts(
        labels=data.labels,
        input=request.recipe.input,
        seed=request.recipe.seed,
        data=str(request.data),
        settings={
            "recipe_name": request.recipe_name,
            "recipe": request.recipe.model_dump(mode="json"),
            "group_pattern": request.group_pattern,
            "leave_out": list(request.leave_out),
            "distribute": request.distribution.as_json() if request.distribution else None,
        },
        versions=versions(),
    )


def versions() -> dict[str, str]:
    """Return the versions of all that had a hand in it, by name."""
    found = {"python": platform.python_version()}
    for package in ("edge-sort", "tensorflow", "keras", "numpy", "pillow"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
