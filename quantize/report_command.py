"""`edge-sort report`: what a bundle is worth, again, on the same pictures or on others."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge.telling import tell


@click.command("report")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Labelled pictures.  [default: the run's test pictures]")
@click.option(
    "--run", type=click.Path(path_type=Path), help="The training run the bundle was made of: compare with it."
)
@click.option(
    "--run-data", type=click.Path(path_type=Path), help="Where the pictures of --run lie now, if moved since training."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder for the page and the JSON.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def report_command(
    bundle: Path, data: Path | None, run: Path | None, run_data: Path | None, out: Path, as_json: bool
) -> None:
    """Judge the integer model of BUNDLE again, with the limits it was made with, and write the page again.

    With --run beside the float network of that run, on its own test pictures or on those of --data. Without it alone,
    on the pictures of --data: the float network does not travel with a bundle. That needs no TensorFlow.

    --data is a folder per class, one divided into train, validation and test (only test is used), or the split.json
    of a run. Exit code 3 when the model would be refused on these pictures, also if it was made with --force. The
    bundle stays as it is.
    """
    from quantize.errors import QuantizationRefused
    from quantize.report_run import ReportRequest, report_alone, report_run

    if run is None and run_data is not None:
        raise click.UsageError("--run-data says where the pictures of --run lie; add that, or leave this out")
    request = ReportRequest(bundle, out, data, run_data)
    if run is None:
        from quantize.alone_page import alone_summary

        found = report_alone(request, tell)
        text = alone_summary(found)
    else:
        from quantize.quantize_command import summary
        from quantize.report import report_object

        judgement = report_run(request, run, tell)
        found, text = report_object(judgement), summary(judgement)
    page = str(out / "report.html")
    click.echo(json.dumps({**found, "report": page}, indent=2) if as_json else f"{text}\n\nreport: {page}")
    if found["verdict"] != "accepted":  # also of a bundle that was forced: that was said of other pictures
        raise QuantizationRefused(f"on these pictures this model would be refused: {found['reason']}")
