"""`edge-sort calibrate`: measure what the machine file should say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.options import FiniteRange

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.calibrate_gate import SweepPoint
    from edge.gate_tables import GateTable
    from edge.machine import Machine

_machine = click.option("--machine", type=click.Path(path_type=Path), required=True, help="The machine file.")
_emulate = click.option("--emulate", is_flag=True, help="No hardware: a pretend belt or gate that is a little off.")
_seed = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="With --emulate.")


@click.group("calibrate")
def calibrate_command() -> None:
    """Measure what the machine file should say."""


@calibrate_command.command("belt")
@_machine
@click.option("--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="Parts to time.")
@_emulate
@_seed
def belt_command(machine: Path, count: int, emulate: bool, seed: int) -> None:
    """Time parts that pass the camera one at a time; print the belt's speed, and its encoder's step.

    No gate moves. camera.mm_per_px must be right: a ruler on the belt tells.
    """
    from edge.machine import read_machine
    from edge.machine_lock import gates_of

    described = read_machine(machine)
    with gates_of(machine):
        if emulate:
            from edge.calibrate_emulated import measure_emulated_belt
            from edge.part_sources import RenderedParts

            measured, real_mm_s = measure_emulated_belt(described, RenderedParts(), count, seed, click.echo)
        else:
            from edge.calibrate_machine import measure_real_belt

            measured = measure_real_belt(described, count, click.echo)
    click.echo(measured.sentence())
    if emulate:
        click.echo(f"the pretend belt really goes at {real_mm_s:.1f} mm/s")
    click.echo(f"\nsuggestion for {machine}:\n{measured.suggestion()}")


@calibrate_command.command("gate")
@click.argument("name")
@_machine
@click.option("--bundle", type=click.Path(path_type=Path), help="The bundle to know the parts with. Default: packaged.")
@click.option("--span-ms", type=FiniteRange(10, 5000), help="Sweep so far to both sides. Default: dwell_ms / 2 + 120.")
@click.option("--step-ms", type=FiniteRange(1, 500), default=20.0, show_default=True)
@click.option("--repeats", type=click.IntRange(1, 100), default=2, show_default=True, help="Parts at each offset.")
@click.option("--eye", type=click.IntRange(0, 27), help="BCM pin of a photo-eye in the bin's chute; else you answer.")
@_emulate
@_seed
def gate_command(
    name: str,
    machine: Path,
    bundle: Path | None,
    span_ms: float | None,
    step_ms: float,
    repeats: int,
    eye: int | None,
    emulate: bool,
    seed: int,
) -> None:
    """Sweep the moment at which the gate NAME moves over passing parts of its classes, and print the best one.

    Feed such parts one at a time, well apart. Whether each fell into the bin, a photo-eye tells, or you do.
    """
    from edge.bundle import open_bundle
    from edge.calibrate_gate import best_offset, sweep_offsets, usual_span_ms
    from edge.emulated_world import packaged_bundle
    from edge.gate_test import named_gate
    from edge.machine import read_machine
    from edge.machine_lock import gates_of

    if emulate and eye is not None:
        raise click.UsageError("--eye: expected a real gate, found --emulate, whose pretend bins tell; leave one out")
    described = read_machine(machine)
    gate = named_gate(described, name)
    opened = open_bundle(bundle or packaged_bundle())
    offsets = sweep_offsets(span_ms or usual_span_ms(gate), step_ms, repeats)
    click.echo(
        f"gate {name!r}: {len(offsets)} parts of {', '.join(gate.labels)}, "
        f"offsets from {offsets[0]:+.0f} to {max(offsets):+.0f} ms"
    )
    with gates_of(machine):
        if emulate:
            points = _emulated_sweep(described, gate, opened, offsets, seed)
        else:
            from edge.calibrate_machine import sweep_real_gate

            points = sweep_real_gate(opened, described, gate, offsets, eye, click.echo)
    for point in points:
        click.echo(f"{point.offset_ms:+8.0f} ms   {point.hits} of {point.tries}")
    best = best_offset(points)
    click.echo(best.sentence)
    click.echo(f"\nsuggestion for gate {name!r} in {machine}:\n{best.suggestion(gate, described)}")


def _emulated_sweep(
    machine: Machine, gate: GateTable, bundle: Bundle, offsets: list[float], seed: int
) -> list[SweepPoint]:
    from edge.calibrate_emulated import parts_fed, sweep_emulated_gate
    from edge.line import line_model
    from edge.part_sources import RenderedParts

    count = parts_fed(offsets)
    with click.progressbar(length=count, label=f"{count} pretend parts pass", show_pos=True) as bar:
        found = sweep_emulated_gate(
            machine, gate, line_model(bundle), RenderedParts(gate.labels), offsets, seed, bar.update
        )
    click.echo(f"the pretend gate's lag is really {found.real_lag_ms:.0f} ms")
    return found.points
