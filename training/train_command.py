"""`edge-sort train`: from a folder of pictures per class to a classifier and what it is worth."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.errors import DataError, EdgeSortError
from edge.options import FiniteRange
from training.recipe_changes import DEFAULT_RECIPE

if TYPE_CHECKING:
    from training.distribute import Distribution
    from training.recipe import Recipe
    from training.train_run import TrainResult


def _checked_pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from training.groups import group_rule

    try:
        group_rule(value)
    except DataError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    return value


_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)


@click.command("train")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the run.")
@click.option(
    "--recipe",
    "recipe_name",
    default=DEFAULT_RECIPE,
    show_default=True,
    metavar="NAME|FILE.toml",
    help="How to train; `edge-sort recipes` lists those that ship. The options below change it.",
)
@click.option(
    "--weights",
    metavar="FILE|imagenet|none",
    help="What a network of keras.applications starts from: weights without top, a download, or chance.",
)
@click.option("--size", type=click.IntRange(8, 1024), help="Input side, pixels.")
@click.option("--color", type=click.Choice(["rgb", "grey"]), help="Input colour.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training pictures.")
@click.option("--batch", type=click.IntRange(1), help="Pictures per step.")
@click.option("--learning-rate", type=FiniteRange(0, min_open=True), help="Of the optimizer, at the start.")
@click.option("--seed", type=click.IntRange(0), help="Fixes split and training.")
@click.option("--validation", type=_SHARE, help="Share that picks the best epoch.")
@click.option("--test", type=_SHARE, help="Share that is only measured on.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change any other key of the recipe, such as optimizer.kind=sgd or augment.flip=true. May be repeated.",
)
@click.option(
    "--group-pattern",
    callback=_checked_pattern,
    metavar="REGEX",
    help="Pictures whose path below DATA has the same first capture group show one thing and stay on one side of the "
    "split. Default: by sub-folder, and by name without a trailing _<number>.",
)
@click.option(
    "--feature-cache",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where features of frozen backbones are kept from run to run.  [default: in the user's cache folder]",
)
@click.option(
    "--distribute",
    type=click.Choice(["mirrored", "multiworker"]),
    help="Train on all devices of this machine, or on all machines that TF_CONFIG names: start it on each, with the "
    "same data and options. The batch is that of all together; the first of them writes the run.",
)
@click.option("--no-augment", is_flag=True, help="Train on the pictures as they are, without turning and moving them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def train_command(
    data: Path,
    out: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    group_pattern: str | None,
    feature_cache: Path | None,
    distribute: str | None,
    no_augment: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a classifier on DATA, a folder with one sub-folder of pictures per class.

    DATA may also be divided already, into train, validation (or val) and test. Writes the run folder: model, split,
    history, metrics, plots, and report.html with all of it. Progress and warnings go to stderr.
    """
    recipe = _changed_recipe(recipe_name, settings, options, no_augment)
    distribution = _distribution(distribute, recipe)
    from training.tensorflow_setup import load_tensorflow

    load_tensorflow("edge-sort train")
    from training.progress import TrainingProgress
    from training.train_run import TrainRequest, assist_run, train_run

    request = TrainRequest(data, recipe, group_pattern, recipe_name, feature_cache, distribution)
    try:
        with TrainingProgress(recipe.total_epochs) as progress:
            if distribution is not None and not distribution.is_chief:
                assist_run(request, progress)
                progress.say(f"done; the chief, {distribution.chief}, writes the run")
                return
            result = train_run(request, out, progress)
    except KeyboardInterrupt as error:
        raise EdgeSortError(f"stopped before the training ended; nothing was written to {out}") from error
    click.echo(_json(result, out) if as_json else _text(result, out))


def _distribution(kind: str | None, recipe: Recipe) -> Distribution | None:
    """Come together with the other workers, before TensorFlow does anything else."""
    if kind is None:
        return None
    from training.cluster import read_place

    place = read_place() if kind == "multiworker" else None
    from training.distribute import open_distribution
    from training.tensorflow_setup import load_tensorflow

    load_tensorflow(f"edge-sort train --distribute {kind}")
    tell = functools.partial(click.echo, err=True)
    try:
        distribution = open_distribution(kind, place, tell)
    except KeyboardInterrupt as error:
        raise EdgeSortError("stopped before the workers came together; nothing was written") from error
    distribution.check(recipe, tell)
    return distribution


def _changed_recipe(name: str, settings: tuple[str, ...], options: dict[str, Any], no_augment: bool) -> Recipe:
    from training.recipe import read_recipe
    from training.recipe_changes import from_options, from_setting

    recipe = read_recipe(name)
    for setting in settings:
        recipe = recipe.changed(from_setting(setting), f"--set {setting}")
    return recipe.changed(from_options(options, no_augment))


def _json(result: TrainResult, out: Path) -> str:
    facts = {
        **result.test.as_json(),
        "validation_accuracy": result.validation_accuracy,
        "best_epoch": result.best_epoch,
        "split": result.pictures,
        "skipped": result.skipped,
        "recipe": result.recipe,
        "note": result.note,
        "run": str(out),
    }
    return json.dumps(facts, indent=2)


def _text(result: TrainResult, out: Path) -> str:
    from training.tables import per_class_table

    skipped = f"{result.skipped} files were skipped; split.json names them.\n" if result.skipped else ""
    note = f"{result.recipe}: {result.note}\n\n" if result.note else ""
    return (
        f"Test accuracy {result.test.accuracy:.3f} on {result.pictures['test']} pictures the training never saw "
        f"(validation {result.validation_accuracy:.3f}, epoch {result.best_epoch} kept).\n\n"
        f"{per_class_table(result.test)}\n{skipped}"
        f"{note}Run:    {out}\n"
        f"Report: {out / 'report.html'}\n"
        f"Next:   edge-sort quantize {out} --out BUNDLE"
    )
