"""The pictures of a run: read, enlarged should the recipe say so, and divided; the same on every worker."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge.errors import DataError
from training.dataset import Dataset, read_dataset
from training.groups import group_rule
from training.network_settings import Paper2Settings
from training.offline import enlarge
from training.recipe import Recipe
from training.split import SUBSETS, split_items
from training.train_request import TrainRequest


class Reads(Protocol):
    """Hears how far the reading is."""

    def say(self, line: str) -> None:
        """Hear a remark for the user."""

    def read(self, done: int, total: int) -> None:
        """Hear that `done` of `total` files have been read."""


def read_pictures(request: TrainRequest, reporter: Reads) -> Dataset:
    """Read the data folder as the recipe wants it, and tell what was left out. Raises DataError as `read_dataset`."""
    recipe, rule = request.recipe, group_rule(request.group_pattern)
    if request.leave_out and recipe.offline is not None:
        raise DataError("--leave-out: expected a recipe without [offline], found one with; choose another recipe")
    data = read_dataset(request.data, recipe.input, rule, reporter.read, request.leave_out)
    for skipped in data.skipped:
        reporter.say(f"Warning: skipped {skipped.reason}")
    for note in data.notes:
        reporter.say(f"Note: {note}")
    if isinstance(recipe.network, Paper2Settings):
        recipe.network.check_classes(len(data.labels))
    return data


def divided(data: Dataset, recipe: Recipe, pictures: Path, reporter: Reads) -> tuple[Dataset, dict[str, list[int]]]:
    """Enlarge the data, should the recipe say so, with pictures in that folder; return it and its split."""
    if recipe.offline is not None:
        data = enlarge(data, recipe.offline, recipe.seed, pictures)
        reporter.say(f"Note: {data.notes[-1]}")
    split = data.given_split or split_items(data.items, recipe.split, recipe.seed)
    reporter.say(_overview(data, split))
    return data, split


def _overview(data: Dataset, split: dict[str, list[int]]) -> str:
    groups = len({item.group for item in data.items})
    parts = ", ".join(f"{len(split[name])} for {name}" for name in SUBSETS)
    return f"{len(data.items)} pictures of {len(data.labels)} classes in {groups} groups: {parts}"
