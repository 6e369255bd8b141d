"""`edge-sort classify`: what does this bundle see in these pictures?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

_MOST_SHOWN = 9  # other labels on a line; --json has them all


@click.command("classify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--accelerator",
    type=click.Choice(["cpu", "edgetpu"]),
    default="cpu",
    show_default=True,
    help="What computes the model; edgetpu needs a bundle made with --edgetpu.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def classify_command(
    bundle: Path, images: tuple[Path, ...], accelerator: Literal["cpu", "edgetpu"], as_json: bool
) -> None:
    """Classify each IMAGE, a picture of one part, with BUNDLE.

    Exit code 1 when a picture cannot be read; the others are still answered.
    """
    from edge.bundle import open_bundle
    from edge.errors import DataError
    from edge.pictures import read_picture
    from edge.processor import load_model

    opened = open_bundle(bundle)
    classifier = load_model(opened, accelerator).classifier
    answers, failures = [], []
    for path in images:
        try:
            prediction = classifier.classify(read_picture(path))
        except DataError as error:
            failures.append(str(error))
            click.echo(f"Error: {error}", err=True)
            continue
        scores = dict(zip(classifier.labels, (round(score, 6) for score in prediction.scores), strict=True))
        sure = prediction.score >= opened.facts.thresholds[prediction.label].min_score
        answer = {"image": str(path), "label": prediction.label, "score": scores[prediction.label]}
        answers.append({**answer, "above_threshold": sure, "scores": scores})
        if not as_json:
            click.echo(_line(str(path), prediction.label, scores, sure))
    if as_json:
        click.echo(json.dumps({"results": answers, "errors": failures}, indent=2))
    if failures:
        raise SystemExit(1)


def _line(image: str, label: str, scores: dict[str, float], sure: bool) -> str:
    others = sorted((item for item in scores.items() if item[0] != label), key=lambda item: -item[1])
    rest = "  ".join(f"{name} {score:.3f}" for name, score in others[:_MOST_SHOWN])
    if len(others) > _MOST_SHOWN:
        rest += f"  and {len(others) - _MOST_SHOWN} more"
    doubt = "" if sure else "  (below its threshold: would go to reject)"
    return f"{image}: {label} {scores[label]:.3f}{doubt}   {rest}"
