"""What a compiled C file takes of flash and memory, read from its sections."""

from __future__ import annotations

import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware_bridge.compilers import find_arm_compiler, processor

_WRITABLE, _ALLOCATED, _NO_BITS = 1, 2, 8
MEASURED_ON = "cortex-m4"


@dataclass(frozen=True)
class Sizes:
    """flash, memory: bytes. how: what they come from, for a person."""

    flash: int
    memory: int
    how: str


def elf_sizes(data: bytes) -> tuple[int, int]:
    """Return (flash, memory) of a 32-bit little-endian ELF: sections that are loaded, and those that can be written."""
    if data[:6] != b"\x7fELF\x01\x01":
        raise ValueError("expected a 32-bit little-endian ELF")
    start, size, count = struct.unpack_from("<I", data, 32)[0], *struct.unpack_from("<2H", data, 46)
    flash = memory = 0
    for index in range(count):
        kind, flags = struct.unpack_from("<2I", data, start + index * size + 4)
        length = struct.unpack_from("<I", data, start + index * size + 20)[0]
        if flags & _ALLOCATED:
            flash += 0 if kind == _NO_BITS else length
            memory += length if flags & _WRITABLE else 0
    return flash, memory


def measure(source: str, header: str, name: str, core: str = MEASURED_ON) -> Sizes | None:
    """Compile a model for a Cortex-M and return its sizes; None without such a compiler, or one that fails."""
    compiler = find_arm_compiler()
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="edge-sort-") as held:
        folder = Path(held)
        (folder / f"{name}.c").write_text(source, encoding="utf-8")
        (folder / f"{name}.h").write_text(header, encoding="utf-8")
        command = [
            *compiler,
            processor(compiler, core),
            "-std=c99",
            "-O2",
            "-ffreestanding",
            "-c",
            "-o",
            "model.o",
        ]
        done = subprocess.run([*command, f"{name}.c"], cwd=folder, capture_output=True, check=False)
        if done.returncode:
            return None
        flash, memory = elf_sizes((folder / "model.o").read_bytes())
    with_what = "ziglang" if "ziglang" in compiler else Path(compiler[0]).name
    return Sizes(flash, memory, f"measured: {with_what}, {core.replace('cortex-m', 'Cortex-M')}, -O2")
