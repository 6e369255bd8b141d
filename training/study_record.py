"""What a study is about: recipes, seeds and pictures, kept in study.json so that the study can be gone on with.

More recipes and seeds may join later. What is there already may not change: figures of different pictures or of
different settings under one name cannot be compared.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DataError, EdgeSortError
from edge.problems import first_problem
from training.dataset import file_sha256
from training.network_cost import NetworkCost
from training.recipe import SHIPPED, Recipe, read_recipe

STUDY_FILE = "study.json"


@dataclass(frozen=True)
class StudyRequest:
    """What to compare on what. recipes: by name, as the options have changed them; their seeds are not used.

    group_pattern and feature_cache are those of training.train_run.TrainRequest.
    """

    data: Path
    recipes: Mapping[str, Recipe]
    seeds: tuple[int, ...]
    group_pattern: str | None = None
    feature_cache: Path | None = None


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StudyRecipe(_Record):
    """A recipe of a study. weights_sha256: of its weights file, if it starts from one. cost: known once checked."""

    recipe: Recipe
    weights_sha256: str | None = None
    cost: NetworkCost | None = None

    @property
    def contents(self) -> dict[str, Any]:
        """Everything that decides its figures, as flat keys. A weights file is what it holds, wherever it lies."""
        plain = dict(_flat(self.recipe.model_dump(mode="json", exclude={"seed", "summary", "note"})))
        return plain if self.weights_sha256 is None else {**plain, "network.weights": f"sha256 {self.weights_sha256}"}

    def changes(self, name: str) -> dict[str, Any]:
        """Return where it departs from the shipped recipe of that name, as flat keys; empty where none ships."""
        if not (SHIPPED / f"{name}.toml").is_file():
            return {}
        shipped, own = StudyRecipe(recipe=read_recipe(name)).contents, self.contents
        return {key: own.get(key) for key in sorted({*shipped, *own}) if own.get(key) != shipped.get(key)}


class StudyRecord(_Record):
    """The contents of study.json. `data` is the data folder as the command was given it; pictures: path to sha256."""

    format_version: Literal[1] = 1
    data: str
    group_pattern: str | None
    seeds: tuple[int, ...] = Field(min_length=1)
    recipes: dict[str, StudyRecipe] = Field(min_length=1)
    pictures: dict[str, str]


def requested(request: StudyRequest, pictures: Mapping[str, str]) -> StudyRecord:
    """Write down a request. pictures: path below the data folder to sha256."""
    return StudyRecord(
        data=str(request.data),
        group_pattern=request.group_pattern,
        seeds=request.seeds,
        recipes={name: _study_recipe(recipe) for name, recipe in request.recipes.items()},
        pictures=dict(pictures),
    )


def joined(folder: Path, old: StudyRecord, new: StudyRecord) -> StudyRecord:
    """Return the study of `folder` with the recipes and seeds of `new` added.

    Raises DataError naming the difference when pictures, grouping or a recipe are not what they were.
    """
    if difference := _difference(old, new):
        raise DataError(
            f"{folder}: expected the study that was begun there, found {difference}; repeat the command as it was, or "
            "choose a new --out"
        )
    mine = {
        name: recipe.model_copy(update={"cost": old.recipes[name].cost}) if name in old.recipes else recipe
        for name, recipe in new.recipes.items()
    }
    return new.model_copy(update={"seeds": tuple(sorted({*old.seeds, *new.seeds})), "recipes": {**old.recipes, **mine}})


def with_costs(record: StudyRecord, costs: Mapping[str, NetworkCost]) -> StudyRecord:
    """Return `record` with what its networks cost."""
    recipes = {
        name: one.model_copy(update={"cost": costs[name]}) if name in costs else one
        for name, one in record.recipes.items()
    }
    return record.model_copy(update={"recipes": recipes})


def read_study(folder: Path) -> StudyRecord | None:
    """Read the study of a folder; None when none was begun there. Raises DataError when study.json is damaged."""
    path = folder / STUDY_FILE
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        return StudyRecord.model_validate_json(text)
    except (EdgeSortError, ValueError) as error:
        raise DataError(
            f"{path}: expected the record that edge-sort compare keeps, found: {first_problem(error)}; delete this "
            "file and repeat the whole command: finished runs are kept if they fit it"
        ) from error


def write_study(folder: Path, record: StudyRecord) -> None:
    """Write study.json whole or not at all."""
    with tempfile.NamedTemporaryFile(
        "w", dir=folder, prefix=f".{STUDY_FILE}-", suffix=".partial", delete=False
    ) as file:
        draft = Path(file.name)
        try:
            file.write(record.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
            draft.chmod(0o644)
            draft.replace(folder / STUDY_FILE)
        finally:
            draft.unlink(missing_ok=True)


def _study_recipe(recipe: Recipe) -> StudyRecipe:
    weights = getattr(recipe.network, "weights", "none")
    named_file = weights not in ("none", "imagenet")
    if named_file and not Path(weights).is_file():
        raise DataError(
            f"{weights}: expected a file of weights for {recipe.network.kind}, found none; correct --weights"
        )
    return StudyRecipe(
        recipe=recipe.model_copy(update={"seed": 0}), weights_sha256=file_sha256(Path(weights)) if named_file else None
    )


def _difference(old: StudyRecord, new: StudyRecord) -> str | None:
    if old.group_pattern != new.group_pattern:
        return f"--group-pattern {_shown(new.group_pattern)} instead of {_shown(old.group_pattern)}"
    for name in sorted({*old.pictures, *new.pictures}):
        if name not in new.pictures:
            return f"that the picture {name} is gone from {new.data}"
        if name not in old.pictures:
            return f"a new picture {name} in {new.data}"
        if old.pictures[name] != new.pictures[name]:
            return f"other contents in the picture {name} of {new.data}"
    for name, recipe in new.recipes.items():
        if name in old.recipes and (found := changed_keys(old.recipes[name], recipe)):
            return f"recipe {name!r} with {found}"
    return None


def changed_keys(old: StudyRecipe, new: StudyRecipe) -> str | None:
    """Say in what two recipes of one name differ, the first three keys; None when they do not."""
    before, after = old.contents, new.contents
    keys = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    shown = [f"{key} {_shown(after.get(key))} instead of {_shown(before.get(key))}" for key in keys[:3]]
    more = [f"{len(keys) - 3} more"] if len(keys) > 3 else []
    return ", ".join((*shown, *more)) or None


def _shown(value: Any) -> str:
    return "none" if value is None else repr(value)


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
