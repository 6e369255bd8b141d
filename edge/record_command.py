"""`edge-sort record`: keep what the camera sees, to run the sorter on it again, bit for bit."""

from __future__ import annotations

from pathlib import Path

import click

from edge.options import FiniteRange, given


@click.command("record")
@click.option("--machine", type=click.Path(path_type=Path), help="The machine file.")
@click.option("--emulate", is_flag=True, help="No hardware: record the emulated camera, faster than real time.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write, new or empty.")
@click.option("--frames", type=click.IntRange(1), help="Stop after so many frames.")
@click.option("--seconds", type=FiniteRange(0.1, 86_400), help="Stop after so many seconds.")
@click.option("--keep-free-mb", type=FiniteRange(0, 1e6), default=500.0, show_default=True, help="Of the disk.")
@click.option("--count", type=click.IntRange(1), default=20, show_default=True, help="With --emulate: parts to feed.")
@click.option(
    "--rate",
    "rate_per_min",
    type=FiniteRange(1, 2000),
    default=60.0,
    show_default=True,
    help="With --emulate: parts a minute, as of `run`. How often a picture is taken is the machine file's.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="With --emulate.")
def record_command(
    machine: Path | None,
    emulate: bool,
    out: Path,
    frames: int | None,
    seconds: float | None,
    keep_free_mb: float,
    count: int,
    rate_per_min: float,
    seed: int,
) -> None:
    """Record the camera's frames without loss, with their times, until a limit or Ctrl-C.

    They are the frames that the line would sort: as large and as often as [camera] of the machine file says
    (width_px, height_px, frame_rate_hz), since a replay decides as the line did only on the same frames.

    Sort a recording with: edge-sort run --bundle BUNDLE --machine machine.toml --replay FOLDER.
    """
    from edge.emulated_world import EmulateOptions
    from edge.machine import read_machine
    from edge.record import RecordLimits, record_emulated, record_machine

    _refuse_idle_options(emulate=emulate)
    described = read_machine(machine) if machine else None
    limits = RecordLimits(frames, seconds, round(keep_free_mb * 1e6))
    if emulate:
        options = EmulateOptions(machine=described, count=count, rate_per_min=rate_per_min, seed=seed)
        described, done = record_emulated(options, out, limits)
    elif described is not None:
        done = record_machine(described, out, limits, lambda line: click.echo(line, err=True))
    else:
        raise click.UsageError("expected --machine, or --emulate to record without hardware")
    table = described.camera
    click.echo(
        f"{out}: {done.frames} frames of {table.width_px}x{table.height_px} in {done.seconds:.1f} s, "
        f"{done.dropped} dropped ({done.because})"
    )


def _refuse_idle_options(*, emulate: bool) -> None:
    """Refuse what was given and would change nothing."""
    if emulate:
        return
    if given("rate_per_min"):
        raise click.UsageError(
            "--rate is how many parts --emulate feeds; how often the camera takes a picture is camera.frame_rate_hz "
            "of the machine file"
        )
    for name in ("count", "seed"):
        if given(name):
            raise click.UsageError(f"--{name} belongs to --emulate; add it")
