"""`edge-sort train`: from a folder of pictures per class to a classifier and what it is worth."""

from __future__ import annotations

import errno
import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.counted import counted
from edge.errors import EdgeSortError
from training.recipe_changes import DEFAULT_RECIPE, LARGEST_SEED
from training.train_options import changed_recipe, training_options

if TYPE_CHECKING:
    from training.distribute import Distribution
    from training.recipe import Recipe
    from training.train_run import TrainResult


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
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), help="Fixes split and training.")
@training_options
@click.option(
    "--leave-out",
    multiple=True,
    metavar="LABEL",
    help="Do not train on this class; quantize shows its pictures to the model as parts of no known class. May be "
    "repeated.",
)
@click.option("--resume", is_flag=True, help="Go on with the same training where it was stopped or killed.")
@click.option(
    "--tensorboard",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also write TensorBoard logs there.",
)
@click.option(
    "--distribute",
    type=click.Choice(["mirrored", "multiworker"]),
    help="Train on all devices of this machine, or on all machines that TF_CONFIG names: start it on each, with the "
    "same data and options. The batch is that of all together; the first of them writes the run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def train_command(
    data: Path,
    out: Path,
    recipe_name: str,
    settings: tuple[str, ...],
    group_pattern: str | None,
    leave_out: tuple[str, ...],
    feature_cache: Path | None,
    distribute: str | None,
    no_augment: bool,
    resume: bool,
    tensorboard: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a classifier on DATA, a folder with one sub-folder of pictures per class.

    DATA may also be divided already, into train, validation (or val) and test. Writes the run folder: model, split,
    history, metrics, plots, and report.html with all of it. Progress and warnings go to stderr. Stopped or killed on
    the way, it leaves OUT.unfinished: the same command with --resume goes on from there.
    """
    if resume and distribute == "multiworker":
        raise click.UsageError(
            "--resume goes on with a training on one machine only; leave out --distribute multiworker"
        )
    recipe = changed_recipe(recipe_name, settings, options, no_augment)
    # before TensorFlow, weights from afar and other workers are waited for
    if distribute != "multiworker":  # where only one of them writes
        from training.folders import require_outside
        from training.unfinished import require_place

        require_place(out, resume)
        require_outside(out, data)
    if leave_out:
        from training.dataset import check_left_out

        check_left_out(data, leave_out)
    distribution = _distribution(distribute, recipe)
    from training.tensorflow_setup import load_tensorflow

    load_tensorflow("edge-sort train")
    from training.progress import TrainingProgress
    from training.train_request import TrainRequest
    from training.train_run import assist_run, train_run

    request = TrainRequest(
        data=data,
        recipe=recipe,
        group_pattern=group_pattern,
        recipe_name=recipe_name,
        feature_cache=feature_cache,
        resume=resume,
        tensorboard=tensorboard,
        leave_out=leave_out,
        distribution=distribution,
    )
    try:
        with TrainingProgress(recipe.total_epochs) as progress:
            if distribution is not None and not distribution.is_chief:
                assist_run(request, progress)
                progress.say(f"done; the chief, {distribution.chief}, writes the run")
                return
            result = train_run(request, out, progress)
    except KeyboardInterrupt as error:
        raise EdgeSortError(f"stopped before the training ended; {_what_is_left(out)}") from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise EdgeSortError(f"the disk is full; free some space. Of this training, {_what_is_left(out)}") from error
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


def _what_is_left(out: Path) -> str:
    from training.unfinished import epochs_kept, unfinished_place

    if epochs := epochs_kept(out):
        return f"{unfinished_place(out)} keeps epochs 1 to {epochs}: the same command with --resume goes on from there"
    return f"nothing was written to {out}"


def _json(result: TrainResult, out: Path) -> str:
    facts = {
        **result.test.as_json(),
        "validation_accuracy": result.validation_accuracy,
        "best_epoch": result.best_epoch,
        "split": result.pictures,
        "skipped": result.skipped,
        "recipe": result.recipe,
        "note": result.note,
        "leak": result.leak,
        "run": str(out),
    }
    return json.dumps(facts, indent=2)


def _text(result: TrainResult, out: Path) -> str:
    from training.tables import per_class_table

    skipped = f"Skipped {counted(result.skipped, 'file')}; split.json names them.\n" if result.skipped else ""
    note = f"{result.recipe}: {result.note}\n\n" if result.note else ""
    leak = f"But {result.leak}.\n" if result.leak else ""
    return (
        f"Test accuracy {result.test.accuracy:.3f} on {result.pictures['test']} pictures"
        f"{'' if result.leak else ' the training never saw'} "
        f"(validation {result.validation_accuracy:.3f}, epoch {result.best_epoch} kept).\n"
        f"{leak}\n"
        f"{per_class_table(result.test)}\n{skipped}"
        f"{note}Run:    {out}\n"
        f"Report: {out / 'report.html'}\n"
        f"Next:   edge-sort quantize {out} --out BUNDLE"
    )
