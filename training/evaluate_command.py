"""`edge-sort evaluate`: what is a trained network, or a bundle, worth on these pictures?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from training.evaluate_run import Evaluated


@click.command("evaluate")
@click.argument("model", metavar="RUN|BUNDLE", type=click.Path(path_type=Path))
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run-data", type=click.Path(path_type=Path), help="Where the pictures of RUN lie now, if moved since training."
)
@click.option("--out", type=click.Path(path_type=Path), help="New folder for the page, the plots and the JSON files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def evaluate_command(model: Path, data: Path | None, run_data: Path | None, out: Path | None, as_json: bool) -> None:
    """Show pictures to the network of RUN, or to the integer model of BUNDLE, and count what it gets right.

    DATA is a folder per class, one divided into train, validation and test (only test is used), or the split.json of
    a run. A RUN without DATA is tested on the pictures it kept apart. A BUNDLE needs no TensorFlow.
    """
    from training.evaluate_run import evaluate_run

    if run_data is not None and data is not None:
        raise click.UsageError("--run-data says where the pictures that RUN kept apart lie; leave it or DATA out")
    evaluated = evaluate_run(model, data, out, lambda line: click.echo(line, err=True), run_data)
    if as_json:
        click.echo(json.dumps({**evaluated.facts, "report": str(out / "report.html") if out else None}, indent=2))
    else:
        click.echo(_text(evaluated, out))


def _text(evaluated: Evaluated, out: Path | None) -> str:
    from training.tables import per_class_table, two_classes_line

    examined, facts = evaluated.examined, evaluated.facts
    low, high = facts["interval"]
    two = f"{two_classes_line(facts['two_classes'])}\n" if "two_classes" in facts else ""
    report = f"Report: {out / 'report.html'}" if out else "Add --out DIR for the page with all plots."
    return (
        f"{facts['accuracy']:.3f} of {facts['pictures']} pictures answered right "
        f"(95 % interval {low:.3f} to {high:.3f}), calibration error {facts['calibration']['ece']:.3f}.\n\n"
        f"{per_class_table(examined.evaluation)}\n{two}{report}"
    )
