"""From the options of `edge-sort compare` to the recipes that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.errors import EdgeSortError
from training.network_settings import KerasNetworkSettings
from training.recipe import Recipe, read_recipe
from training.recipe_changes import RecipeError
from training.train_options import changed_recipe


def named_recipes(
    recipes: Sequence[str], settings: Sequence[str], options: Mapping[str, Any], no_augment: bool
) -> dict[str, Recipe]:
    """Return the recipes by the names they have in a study, with the options laid over them.

    Every option holds for every recipe, but `weights` only for networks that can start from trained ones, and a
    setting NAME:KEY=VALUE only for the recipe NAME: a network made from nothing can be compared with a pretrained one.
    Raises RecipeError when two have one name, or when an option can be used by none or not by all that it is for.
    """
    by_name = _by_name(recipes)
    own = _own_settings(settings, list(by_name))
    pretrained = [name for name, recipe in by_name.items() if _can_start_from_weights(read_recipe(recipe))]
    if options.get("weights") is not None and not pretrained:
        raise RecipeError(
            f"--weights: expected a recipe whose network can start from trained weights, found {', '.join(by_name)}; "
            "leave --weights out, or compare with another recipe"
        )
    found = {}
    for name, recipe in by_name.items():
        fitting = options if name in pretrained else {**options, "weights": None}
        try:
            found[name] = changed_recipe(recipe, own[name], fitting, no_augment)
        except EdgeSortError as error:
            raise RecipeError(f"recipe {name!r}: {error}") from error
    return found


def _by_name(recipes: Sequence[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for recipe in recipes:
        name = Path(recipe).stem if recipe.endswith(".toml") else recipe
        if name in named:
            told = (
                f"{recipe!r} twice"
                if named[name] == recipe
                else f"{named[name]!r} and {recipe!r}, both called {name!r}"
            )
            raise RecipeError(
                f"--recipe: expected recipes with names of their own, found {told}; leave out or rename one"
            )
        named[name] = recipe
    return named


def _own_settings(settings: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """Deal out each `--set`: those with a name before the key to that recipe, the others to all."""
    own: dict[str, list[str]] = {name: [] for name in names}
    for setting in settings:
        before, colon, rest = setting.partition(":")
        if not colon or "=" in before:
            for name in names:
                own[name].append(setting)
        elif before in own:
            own[before].append(rest)
        else:
            raise RecipeError(
                f"--set {setting}: expected one of the recipes {', '.join(names)} before the colon, found {before!r}; "
                "correct it"
            )
    return own


def _can_start_from_weights(recipe: Recipe) -> bool:
    return isinstance(recipe.network, KerasNetworkSettings)
