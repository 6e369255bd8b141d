"""`edge-sort import`: make a bundle of a .tflite classifier that was made elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.options import FiniteRange, given
from edge.telling import tell

if TYPE_CHECKING:
    from quantize.import_model import Imported

_SHARE = FiniteRange(0, 1)
_PATH = click.Path(path_type=Path)


@click.command("import")
@click.argument("model", type=_PATH)
@click.option("--labels", type=_PATH, help="Label file, any dialect. Without it: the labels inside MODEL.")
@click.option("--out", required=True, type=_PATH, help="Bundle folder to write, new or empty.")
@click.option("--data", type=_PATH, help="Folder of pictures per class: settles what is open, and thresholds.")
@click.option("--normalization", help="What MODEL's input expects: 0..1, -1..1, 0..255, -128..127, imagenet, MEAN/STD.")
@click.option(
    "--background", type=click.Choice(["first", "last"]), help="Which end, when labels and outputs are one apart."
)
@click.option("--answers", type=click.Choice(["scores", "logits"]), help="What MODEL's outputs are.")
@click.option(
    "--filter",
    "resize_filter",
    type=click.Choice(["nearest", "bilinear", "bicubic", "lanczos"]),
    help="How pictures are resized; bilinear unless given.",
)
@click.option(
    "--fit",
    type=click.Choice(["stretch", "pad", "crop"]),
    help="What becomes of a picture of another aspect; stretch unless given.",
)
@click.option("--min-score", default=0.9, show_default=True, type=_SHARE, help="Every threshold, without --data.")
@click.option(
    "--purity",
    default=0.995,
    show_default=True,
    type=_SHARE,
    help="Share of a bin that must belong, with --data.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def import_command(as_json: bool, **options: Any) -> None:
    """Make a bundle of MODEL, the .tflite of an image classifier that was made elsewhere.

    Teachable Machine, Coral, MediaPipe Model Maker, Edge Impulse: what MODEL does not say of itself is found by showing
    it the pictures of --data, or given by an option. The bundle records what was found and what was assumed.
    """
    from quantize.import_model import ImportOptions, import_model

    _refuse_idle_options(measured=options["data"] is not None)
    imported = import_model(ImportOptions(**options), tell)
    for warning in imported.known.warnings:
        click.echo(f"Note: {warning}", err=True)
    out, data = options["out"], options["data"]
    click.echo(json.dumps(_as_object(imported, out, data), indent=2) if as_json else _text(imported, out))


def _refuse_idle_options(*, measured: bool) -> None:
    """An option that would do nothing is a misunderstanding."""
    idle, wanted = ("min_score", "without --data") if measured else ("purity", "with --data")
    if given(idle):
        raise click.UsageError(f"--{idle.replace('_', '-')} is for an import {wanted}; leave it out")


def _text(imported: Imported, out: Path) -> str:
    findings = imported.known.findings
    what, value = (max(len(getattr(one, field)) for one in findings) for field in ("what", "value"))
    lines = [f"{one.what:<{what}}  {one.value:<{value}}  {one.how}" for one in findings]
    return "\n".join([*lines, "", f"bundle: {out}"])


def _as_object(imported: Imported, out: Path, data: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    from quantize.import_pack import evaluation

    known = imported.known
    return {
        "bundle": str(out),
        "labels": list(imported.bundle.labels),
        "findings": [asdict(finding) for finding in known.findings],
        "notes": list(known.warnings),
        "evaluation": evaluation(known, data),
    }
