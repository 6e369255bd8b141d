"""`edge-sort export`: the model of a bundle for a microcontroller."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from edge.options import given

_PATH = click.Path(path_type=Path)
_BELONGS_TO = {
    "like": ("c99", "pico-sorter"),
    "accelerator": ("ethos-u",),
    "vela": ("ethos-u",),
    "machine": ("pico-sorter",),
    "baud": ("pico-sorter",),
    "board": ("c99", "tflm"),
}  # of each option that not every target heeds: the targets that do


def _show_boards(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from firmware_bridge.boards import boards_table

    click.echo(boards_table())
    context.exit()


@click.command("export")
@click.argument("bundle", type=_PATH)
@click.option(
    "--target", required=True, type=click.Choice(["c99", "tflm", "ethos-u", "pico-sorter"]),
    help="c99: one C source without a library. tflm: for TensorFlow Lite Micro. "
    "ethos-u: compiled by Vela for an Arm NPU. pico-sorter: a Raspberry Pi Pico that sorts by itself.",
)  # fmt: skip
@click.option("--out", required=True, type=_PATH, help="Folder to write, new or empty.")
@click.option("--name", default="model", show_default=True, help="What files and functions begin with.")
@click.option(
    "--like", type=click.Choice(["litert", "micro"]), default="litert", show_default=True,
    help="For c99 and pico-sorter: whose reference kernels the C answers like, byte for byte; they round "
    "FULLY_CONNECTED differently.",
)  # fmt: skip
@click.option("--accelerator", default="ethos-u55-128", show_default=True, help="For ethos-u: which, by Vela's name.")
@click.option("--vela", type=_PATH, help="For ethos-u: where Vela is, if not on PATH.")
@click.option("--machine", type=_PATH, help="For pico-sorter: the machine file; all its pins are the Pico's.")
@click.option(
    "--baud", type=click.IntRange(9600, 1_000_000), default=115_200, show_default=True,
    help="For pico-sorter: of the line on which its camera sends pictures.",
)  # fmt: skip
@click.option("--board", help="For c99 and tflm: refuse when this board is too small; see --boards.")
@click.option(
    "--boards", is_flag=True, is_eager=True, expose_value=False, callback=_show_boards, help="List the boards known."
)
def export_command(
    bundle: Path,
    target: str,
    out: Path,
    name: str,
    like: Literal["litert", "micro"],
    accelerator: str,
    vela: Path | None,
    machine: Path | None,
    baud: int,
    board: str | None,
) -> None:
    """Write the model of BUNDLE for a microcontroller, into a folder with its labels and a README.

    c99 and tflm: the source, golden answers of the reference kernels, and a self-test that compares them. pico-sorter:
    the source of a whole sorter and, where a compiler is, its image. ethos-u: the compiled model and Vela's report.
    """
    from firmware_bridge.boards import find_board

    _refuse_idle_options(target)
    if target == "pico-sorter" and machine is None:
        raise click.UsageError("--target pico-sorter needs --machine FILE")
    chosen = find_board(board) if board else None
    if target == "c99":
        from firmware_bridge.export_c99 import export_c99

        made = export_c99(bundle, out, name, chosen, like)
    elif target == "tflm":
        from firmware_bridge.export_tflm import export_tflm

        made = export_tflm(bundle, out, name, chosen)
    elif machine is not None:
        from firmware_bridge.export_sorter import export_sorter

        made = export_sorter(bundle, machine, out, name, like, baud)
    else:
        from firmware_bridge.export_ethos_u import export_ethos_u

        made = export_ethos_u(bundle, out, name, accelerator, vela)
    for line in made.notes:
        click.echo(line)
    click.echo(f"wrote {made.folder}; try it: {made.folder / 'README.md'}")


def _refuse_idle_options(target: str) -> None:
    """Refuse what was given and would change nothing."""
    for name, targets in _BELONGS_TO.items():
        if target not in targets and given(name):
            belongs = " and ".join(f"--target {one}" for one in targets)
            raise click.UsageError(f"--{name} belongs to {belongs}, and --target {target} ignores it; leave it out")
