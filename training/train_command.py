"""`edge-sort train`: from a folder of pictures per class to a classifier and what it is worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.errors import DataError, EdgeSortError

if TYPE_CHECKING:
    from training.train import TrainSettings
    from training.train_run import TrainResult


def _checked_pattern(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    from training.groups import group_rule

    try:
        group_rule(value)
    except DataError as error:
        raise click.BadParameter(str(error), ctx, param) from error
    return value


_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("train")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the run.")
@click.option("--size", default=96, show_default=True, type=click.IntRange(8, 1024), help="Input side, pixels.")
@click.option("--color", default="rgb", show_default=True, type=click.Choice(["rgb", "grey"]), help="Input colour.")
@click.option("--epochs", type=click.IntRange(1), show_default="150", help="Passes over the training pictures.")
@click.option("--batch", type=click.IntRange(1), show_default="16", help="Pictures per step.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    show_default="0.002",
    help="Of Adam, at the start; it sinks to zero over the epochs.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Fixes split and training.")
@click.option("--validation", default=0.15, show_default=True, type=_SHARE, help="Share that picks the best epoch.")
@click.option("--test", default=0.15, show_default=True, type=_SHARE, help="Share that is only measured on.")
@click.option(
    "--group-pattern",
    callback=_checked_pattern,
    metavar="REGEX",
    help="Pictures whose path below DATA has the same first capture group show one thing and stay on one side of the "
    "split. Default: by sub-folder, and by name without a trailing _<number>.",
)
@click.option("--no-augment", is_flag=True, help="Train on the pictures as they are, without turning and moving them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def train_command(
    data: Path,
    out: Path,
    size: int,
    color: str,
    epochs: int | None,
    batch: int | None,
    learning_rate: float | None,
    seed: int,
    validation: float,
    test: float,
    group_pattern: str | None,
    no_augment: bool,
    as_json: bool,
) -> None:
    """Train a classifier on DATA, a folder with one sub-folder of pictures per class.

    DATA may also be divided already, into train, validation (or val) and test. Writes the run folder: model, split,
    history, metrics, plots, and report.html with all of it. Progress and warnings go to stderr.
    """
    from training.tensorflow_setup import load_tensorflow

    load_tensorflow("edge-sort train")
    from edge.preprocess import InputSpec
    from training.progress import TrainingProgress
    from training.split import Fractions
    from training.train_run import TrainRequest, train_run

    settings = _settings(epochs, batch, learning_rate, no_augment)
    spec = InputSpec.model_validate({"width_px": size, "height_px": size, "color": color})
    request = TrainRequest(data, spec, settings, seed, Fractions(validation, test), group_pattern)
    try:
        with TrainingProgress(settings.epochs) as progress:
            result = train_run(request, out, progress)
    except KeyboardInterrupt as error:
        raise EdgeSortError(f"stopped before the training ended; nothing was written to {out}") from error
    click.echo(_json(result, out) if as_json else _text(result, out))


def _settings(epochs: int | None, batch: int | None, learning_rate: float | None, no_augment: bool) -> TrainSettings:
    from training.train import TrainSettings

    given = {"epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    chosen = {name: value for name, value in given.items() if value is not None}
    return TrainSettings.model_validate({**chosen, "augment": None} if no_augment else chosen)


def _json(result: TrainResult, out: Path) -> str:
    facts = {
        **result.test.as_json(),
        "validation_accuracy": result.validation_accuracy,
        "best_epoch": result.best_epoch,
        "split": result.pictures,
        "skipped": result.skipped,
        "run": str(out),
    }
    return json.dumps(facts, indent=2)


def _text(result: TrainResult, out: Path) -> str:
    from training.tables import per_class_table

    skipped = f"{result.skipped} files were skipped; split.json names them.\n" if result.skipped else ""
    return (
        f"Test accuracy {result.test.accuracy:.3f} on {result.pictures['test']} pictures the training never saw "
        f"(validation {result.validation_accuracy:.3f}, epoch {result.best_epoch} kept).\n\n"
        f"{per_class_table(result.test)}\n{skipped}"
        f"Run:    {out}\n"
        f"Report: {out / 'report.html'}\n"
        f"Next:   edge-sort quantize {out} --out BUNDLE"
    )
