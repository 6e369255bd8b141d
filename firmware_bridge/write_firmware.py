"""The firmware as files to put on a board."""

from __future__ import annotations

from pathlib import Path

from firmware_bridge.firmware_build import build, compiler_for
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
