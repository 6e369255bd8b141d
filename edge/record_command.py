"""`edge-sort record`: keep what the camera sees, to run the sorter on it again, bit for bit."""

from __future__ import annotations

from pathlib import Path

import click

from edge.options import FiniteRange


@click.command("record")
@click.option("--machine", type=click.Path(path_type=Path), help="The machine file.")
@click.option("--emulate", is_flag=True, help="No hardware: record the emulated camera, faster than real time.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write, new or empty.")
@click.option("--frames", type=click.IntRange(1), help="Stop after so many frames.")
@click.option("--seconds", type=FiniteRange(0.1, 86_400), help="Stop after so many seconds.")
@click.option("--keep-free-mb", type=FiniteRange(0, 1e6), default=500.0, show_default=True, help="Of the disk.")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="With --emulate: parts to feed.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="With --emulate.")
def record_command(
    machine: Path | None,
    emulate: bool,
    out: Path,
    frames: int | None,
    seconds: float | None,
    keep_free_mb: float,
    count: int,
    seed: int,
) -> None:
    """Record the camera's frames without loss, with their times, until a limit or Ctrl-C.

    Sort a recording with: edge-sort run --bundle BUNDLE --machine machine.toml --replay FOLDER.
    """
    from edge.emulated_world import EmulateOptions
    from edge.machine import read_machine
    from edge.record import RecordLimits, record_emulated, record_machine

    described = read_machine(machine) if machine else None
    limits = RecordLimits(frames, seconds, round(keep_free_mb * 1e6))
    if emulate:
        described, done = record_emulated(EmulateOptions(machine=described, count=count, seed=seed), out, limits)
    elif described is not None:
        done = record_machine(described, out, limits, lambda line: click.echo(line, err=True))
    else:
        raise click.UsageError("expected --machine, or --emulate to record without hardware")
    table = described.camera
    click.echo(
        f"{out}: {done.frames} frames of {table.width_px}x{table.height_px} in {done.seconds:.1f} s, "
        f"{done.dropped} dropped ({done.because})"
    )
