"""Find what is wrong with a study before the first of its trainings, and count what its networks cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.errors import DataError
from training.dataset import Dataset, file_sha256, read_dataset
from training.folders import find_pictures
from training.groups import group_rule
from training.network_cost import NetworkCost, network_cost
from training.networks import build_network
from training.recipe import Recipe
from training.split import split_items
from training.study_record import StudyRequest
from training.train_run import Reporter


def picture_digests(data: Path, on_read: Callable[[int, int], None]) -> dict[str, str]:
    """Return path below `data` and sha256 of every file a training would try to read.

    Raises DataError when there are no usable classes. A file that cannot be read has an empty digest.
    """
    found = find_pictures(data)
    digests = {}
    for number, picture in enumerate(found, start=1):
        relative = picture.path.relative_to(data).as_posix()
        try:
            digests[relative] = file_sha256(picture.path)
        except OSError:
            digests[relative] = ""
        on_read(number, len(found))
    return digests


def check_study(request: StudyRequest, reporter: Reporter) -> dict[str, NetworkCost]:
    """Read the pictures, divide them by every seed, build every network; return what each recipe's costs.

    Raises DataError, with the recipe's name, for whatever would end a training before its first epoch.
    """
    recipes = request.recipes
    spec = next(iter(recipes.values())).input  # the division does not depend on it
    data = read_dataset(request.data, spec, group_rule(request.group_pattern), reporter.read)
    for skipped in data.skipped:
        reporter.say(f"Warning: skipped {skipped.reason}")
    for note in data.notes:
        reporter.say(f"Note: {note}")
    _check_splits(data, request)
    return {name: _cost(name, recipe, len(data.labels)) for name, recipe in recipes.items()}


def _check_splits(data: Dataset, request: StudyRequest) -> None:
    """Pictures that a recipe adds are left out: with them it is not harder to have every class on every side."""
    if data.given_split is not None:
        return
    for fractions in dict.fromkeys(recipe.split for recipe in request.recipes.values()):
        for seed in request.seeds:
            try:
                split_items(data.items, fractions, seed)
            except DataError as error:
                raise DataError(f"seed {seed}: {error}") from error


def _cost(name: str, recipe: Recipe, classes: int) -> NetworkCost:
    try:
        return network_cost(build_network(classes, recipe.input, recipe.network))
    except DataError as error:
        raise DataError(f"recipe {name!r}: {error}") from error
