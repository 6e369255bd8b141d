"""The image of a board that sorts by itself, from the folder that `edge-sort export` has written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from firmware_bridge.firmware_build import (
    FIRMWARE,
    BuildError,
    compile_elf,
    compiler_for,
    flat,
    with_boot_checksum,
)
from firmware_bridge.uf2 import uf2

SETTINGS = "es_settings.h"
IMAGE, UF2 = "sorter.bin", "sorter.uf2"
_PARTS = ("core", "rp2040", "sorter", "sorter/rp2040")
_NOT_IN_IT = ("core/es_commands.c", "rp2040/main.c", "rp2040/es_board.h")  # of the gate controller


def firmware_files() -> Iterator[tuple[str, Path]]:
    """Yield the sources of the sorter: where they go in the folder, and where they are in the package."""
    for part in _PARTS:
        for path in sorted((FIRMWARE / part).iterdir()):
            name = f"{part}/{path.name}"
            if path.is_file() and name not in _NOT_IN_IT:
                yield f"firmware/{name}", path


def build_sorter(folder: Path, compiler: str | None = None) -> list[Path]:
    """Compile the folder into sorter.bin and sorter.uf2, beside its sources. Raises BuildError."""
    image = sorter_image(folder, compiler)
    paths = [folder / IMAGE, folder / UF2]
    for path, data in zip(paths, (image, uf2(image)), strict=True):
        path.write_bytes(data)
    return paths


def sorter_image(folder: Path, compiler: str | None = None) -> bytes:
    """Return the bytes from the start of flash. compiler: "gcc" or "zig", else what is installed. Raises BuildError."""
    if not (folder / SETTINGS).is_file():
        raise BuildError(
            f"{folder}: expected a folder with {SETTINGS}, found none; "
            f"make one: edge-sort export BUNDLE --target pico-sorter --machine machine.toml --out {folder}"
        )
    firmware = folder / "firmware"
    sources = [*sorted(folder.glob("*.c")), *sorted(firmware.rglob("*.c")), *sorted(firmware.rglob("*.S"))]
    headers = [folder, firmware / "sorter", firmware / "rp2040", firmware / "core"]
    script = firmware / "rp2040" / "rp2040.ld"
    elf = compile_elf(compiler_for("rp2040", compiler), sources, headers, ("-T", str(script)), f"in {folder}")
    return with_boot_checksum(flat(elf))
