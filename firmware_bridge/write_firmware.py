"""The firmware as files to put on a board: `python -m firmware_bridge.write_firmware rp2040 --out DIR`."""

from __future__ import annotations

from pathlib import Path

import click

from edge.errors import EdgeSortError
from firmware_bridge.firmware_build import COMPILERS, build, compiler_for
from firmware_bridge.ready_image import BOARDS, ready_image
from firmware_bridge.uf2 import uf2


def write_firmware(board: str, folder: Path, compiler: str | None = None) -> list[Path]:
    """Write edge-sort-BOARD.bin, for an RP2040 also .uf2; returns the files. Raises BuildError.

    compiler: build it with this one; None: the image that comes with the package, or else the first that is installed.
    """
    ready = compiler is None and board in BOARDS
    image = ready_image(board) if ready else build(board, compiler_for(board, compiler))
    files = {".bin": image} | ({".uf2": uf2(image)} if board == "rp2040" else {})
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"edge-sort-{board}{ending}" for ending in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    return paths


@click.command()
@click.argument("board", type=click.Choice(sorted(COMPILERS)))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@click.option(
    "--compiler", type=click.Choice(["gcc", "zig"]), help="Build it with this; default: what comes with the package."
)
def main(board: str, out: Path, compiler: str | None) -> None:
    """Write the gate controller's firmware for a board as files."""
    try:
        paths = write_firmware(board, out, compiler)
    except EdgeSortError as error:
        raise click.ClickException(str(error)) from error
    for path in paths:
        click.echo(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
