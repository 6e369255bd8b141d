"""`edge-sort mcu build` and `mcu feed`: a board that sorts by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from firmware_bridge.sorter_run import Told

_FOLDER = click.Path(path_type=Path)


@click.command("build")
@click.argument("folder", type=_FOLDER)
@click.option("--compiler", type=click.Choice(["gcc", "zig"]), help="With this one; else what is installed.")
def build_command(folder: Path, compiler: str | None) -> None:
    """Compile FOLDER, which `edge-sort export --target pico-sorter` has written, into sorter.uf2.

    Copy that onto the drive that a Pico shows when it is plugged in with BOOTSEL held.
    """
    from firmware_bridge.sorter_build import build_sorter

    click.echo("compiling the sorter, for half a minute or so", err=True)
    for path in build_sorter(folder, compiler):
        click.echo(f"{path}: {path.stat().st_size:,} bytes")


@click.command("feed")
@click.argument("folder", type=_FOLDER)
@click.argument("pictures", nargs=-1, required=True, type=_FOLDER)
@click.option("--port", help="The Pico's serial port, such as /dev/ttyACM0.")
@click.option("--emulate", is_flag=True, help="No Pico: run FOLDER's own image on an emulated one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def feed_command(folder: Path, pictures: tuple[Path, ...], port: str | None, emulate: bool, as_json: bool) -> None:
    """Be the camera of a Pico that sorts by itself: for each part that its photo-eye sees, send the next of PICTURES.

    FOLDER is what was exported. With --emulate a part breaks the beam for each picture, and the gates' edges are read
    from the emulated pins. Ctrl-C ends it; the Pico goes on without a camera, and every part then goes to reject.
    """
    import json

    from firmware_bridge.sorter_run import run_sorter

    if emulate == (port is not None):
        found = ", not both" if emulate else "; found neither"
        raise click.UsageError(f"give --port PORT for a Pico, or --emulate where there is none{found}")
    if emulate:
        click.echo(f"starting the image of {folder} on an emulated Pico, for half a minute or so", err=True)
    told = run_sorter(folder, pictures, port, (lambda _one: None) if as_json else _say)
    if as_json:
        click.echo(json.dumps({"parts": [one.as_dict() for one in told]}, indent=2))


def _say(told: Told) -> None:
    click.echo(told.sentence)
