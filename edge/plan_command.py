"""`edge-sort plan`: does a machine fit, and which number to change where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import click

from edge.options import FiniteRange


@click.command("plan")
@click.argument("machine", type=click.Path(path_type=Path))
@click.option("--bundle", type=click.Path(path_type=Path), help="Measure what a decision takes here, with this bundle.")
@click.option(
    "--latency-ms",
    nargs=2,
    type=FiniteRange(0.01, 60_000),
    metavar="P50 P99",
    help="Time of one classification, where it was measured elsewhere (edge-sort check, on the Pi).",
)
@click.option("--find-ms", type=FiniteRange(0, 60_000), default=5.0, show_default=True, help="With --latency-ms.")
@click.option(
    "--delivery-ms", type=FiniteRange(0, 60_000), help="From the camera to the sorter. Default: one frame interval."
)
@click.option("--part-mm", type=FiniteRange(0.1, 10_000), help="Length of the parts. Default: the longest possible.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def plan_command(
    machine: Path,
    bundle: Path | None,
    latency_ms: tuple[float, float] | None,
    find_ms: float,
    delivery_ms: float | None,
    part_mm: float | None,
    as_json: bool,
) -> None:
    """Print the budget of MACHINE, a machine file, in ms and mm, and what bounds its speed and its rate.

    Exit code 1 when it cannot work; `edge-sort run` refuses it with the same words.
    """
    from edge.machine import parse_machine
    from edge.plan import Latency, make_plan
    from edge.plan_text import plan_text

    described = parse_machine(machine)
    latency = None
    if latency_ms is not None:
        if latency_ms[1] < latency_ms[0]:
            raise click.UsageError(f"--latency-ms: expected P50 before P99, found {latency_ms[0]:g} {latency_ms[1]:g}")
        latency = Latency(find_ms, find_ms, *latency_ms, source="given")
    elif bundle is not None:
        from edge.bundle import open_bundle
        from edge.line import check_labels
        from edge.measured_latency import measure_latency
        from edge.processor import load_model

        opened, asked = open_bundle(bundle), described.classifier
        check_labels(described, opened.labels)
        loaded = load_model(opened, asked.accelerator, allow_cpu=asked.allow_cpu, edgetpu=asked.edgetpu)
        latency = measure_latency(described, loaded.classifier)
    plan = make_plan(described, latency, delivery_ms=delivery_ms, part_mm=part_mm)
    click.echo(json.dumps(plan.as_dict()) if as_json else plan_text(plan))
    if not plan.fits:
        raise SystemExit(1)
