"""`edge-sort report`: float against integer again, on the same pictures or on others."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("report")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--run", required=True, type=click.Path(path_type=Path), help="The training run the bundle was made of.")
@click.option("--data", type=click.Path(path_type=Path), help="Other test pictures, a folder per class.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the page and the JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def report_command(bundle: Path, run: Path, data: Path | None, out: Path, as_json: bool) -> None:
    """Judge the integer model of BUNDLE against the float network of its run again, with the limits it was made with.

    On the run's own test pictures, or on those of --data. Exit code 3 when the model would be refused on them. The
    bundle stays as it is. Without the run: edge-sort evaluate BUNDLE DATA.
    """
    from quantize.errors import QuantizationRefused
    from quantize.quantize_command import summary
    from quantize.report import report_object
    from quantize.report_run import ReportRequest, report_run

    judgement = report_run(ReportRequest(bundle, run, out, data), tell=lambda line: click.echo(f"{line} ...", err=True))
    if as_json:
        click.echo(json.dumps({**report_object(judgement), "report": str(out / "report.html")}, indent=2))
    else:
        click.echo(f"{summary(judgement)}\n\nreport: {out / 'report.html'}")
    if judgement.verdict == "refused":
        raise QuantizationRefused(f"on these pictures this model would be refused: {judgement.reason}")
