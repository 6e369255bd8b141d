"""The options that change recipes, shared by the commands that train. Only click is imported at the top."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edge.errors import DataError
from edge.options import FiniteRange

if TYPE_CHECKING:
    from training.recipe import Recipe

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _checked_pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from training.groups import group_rule

    try:
        group_rule(value)
    except DataError as error:
        raise click.BadParameter(str(error).removeprefix("--group-pattern: "), ctx, param) from error
    return value


_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)

# in the order of --help
_OPTIONS = (
    click.option(
        "--weights",
        metavar="FILE|imagenet|none",
        help="What a network of keras.applications starts from: weights without top, a download, or chance.",
    ),
    click.option("--size", type=click.IntRange(8, 1024), help="Input side, pixels."),
    click.option("--color", type=click.Choice(["rgb", "grey"]), help="Input colour."),
    click.option("--epochs", type=click.IntRange(1), help="Passes over the training pictures."),
    click.option("--batch", type=click.IntRange(1), help="Pictures per step."),
    click.option("--learning-rate", type=FiniteRange(0, min_open=True), help="Of the optimizer, at the start."),
    click.option("--validation", type=_SHARE, help="Share that picks the best epoch."),
    click.option("--test", type=_SHARE, help="Share that is only measured on."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change any other key of the recipe, such as optimizer.kind=sgd or augment.flip=true. May be repeated.",
    ),
    click.option(
        "--no-augment", is_flag=True, help="Train on the pictures as they are, without turning and moving them."
    ),
    click.option(
        "--group-pattern",
        callback=_checked_pattern,
        metavar="REGEX",
        help="Pictures whose path below DATA has the same first capture group show one thing and stay on one side of "
        "the split. With several named groups, (?P<left>...)|(?P<right>...), those with the same one matching. "
        "Default: by sub-folder, and by name without a trailing _<number>.",
    ),
    click.option(
        "--feature-cache",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Where features of frozen backbones are kept from run to run.  [default: in the user's cache folder]",
    ),
)


def training_options(command: _Command) -> _Command:
    """Give a command the options that say how to train. Those of `changed_recipe` arrive as keyword arguments."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def changed_recipe(name: str, settings: Sequence[str], options: Mapping[str, Any], no_augment: bool) -> Recipe:
    """Return the recipe `name` with each `--set` and then the other options laid over it.

    Raises RecipeError when the recipe, an option or the result is none.
    """
    from training.recipe import read_recipe
    from training.recipe_changes import from_options, from_setting

    recipe = read_recipe(name)
    for setting in settings:
        if no_augment and setting.partition("=")[0].strip().startswith("augment."):
            raise click.UsageError(f"--no-augment varies nothing, but --set {setting} does; leave one of them out")
        recipe = recipe.changed(from_setting(setting), f"--set {setting}")
    return recipe.changed(from_options(options, no_augment))
