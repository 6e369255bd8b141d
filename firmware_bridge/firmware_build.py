"""The firmware of a board from its C sources: one image, ready for its flash.

RP2040: with Arm's GCC (Debian gcc-arm-none-eabi) or with zig from PyPI (ziglang). Arduino Uno: with Debian's gcc-avr.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeSortError
from firmware_bridge.compilers import find_zig

FIRMWARE = Path(__file__).parent / "firmware"
BOOT2_SIZE = 256
_PT_LOAD = 1


class BuildError(EdgeSortError):
    """The firmware cannot be built here."""


@dataclass(frozen=True)
class Compiler:
    """A command that compiles for a board. find: how it is called here, None when it is not installed."""

    name: str
    package: str
    find: Callable[[], Sequence[str] | None]
    flags: tuple[str, ...]


def _program(name: str) -> Callable[[], Sequence[str] | None]:
    def find() -> Sequence[str] | None:
        path = shutil.which(name)
        return [path] if path else None

    return find


_FLAGS = ("-ffunction-sections", "-Wall", "-Wextra", "-Wl,--gc-sections")
_NO_LIBRARY = ("-std=c99", "-ffreestanding", "-nostdlib", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables")
_ARM = (*_FLAGS, *_NO_LIBRARY, "-Wl,-e,from_flash")
_ARM_GCC = ("-mcpu=cortex-m0plus", "-mthumb", "-O2", *_ARM)
_ARM_ZIG = ("-target", "thumb-freestanding-eabi", "-mcpu=cortex_m0plus", "-Os", *_ARM)
_AVR_GCC = ("-mmcu=atmega328p", "-std=gnu99", "-Os", *_FLAGS)
COMPILERS = {
    "rp2040": (
        Compiler("gcc", "gcc-arm-none-eabi", _program("arm-none-eabi-gcc"), _ARM_GCC),
        Compiler("zig", "ziglang", find_zig, _ARM_ZIG),
    ),
    "uno": (Compiler("gcc", "gcc-avr and avr-libc", _program("avr-gcc"), _AVR_GCC),),
}


def compiler_for(board: str, name: str | None = None) -> Compiler:
    """Return the compiler of this name, or the first that is installed. Raises BuildError, naming what to install."""
    known = COMPILERS.get(board)
    if known is None:
        raise BuildError(f"expected one of {', '.join(COMPILERS)} as board, got {board!r}")
    usable = [one for one in known if name in (None, one.name)]
    if not usable:
        names = " or ".join(one.name for one in known)
        raise BuildError(f"expected {names} as compiler for {board}, got {name!r}")
    for compiler in usable:
        if compiler.find() is not None:
            return compiler
    packages = " or ".join(one.package for one in usable)
    raise BuildError(f"building the firmware for {board} needs {packages}, which is not installed here")


def build(board: str, compiler: Compiler, *options: str) -> bytes:
    """Compile the firmware. Returns the bytes from the start of flash. Raises BuildError with the compiler's words."""
    image = flat(build_elf(board, compiler, *options))
    return with_boot_checksum(image) if board == "rp2040" else image


def build_elf(board: str, compiler: Compiler, *options: str) -> bytes:
    """Compile the firmware into an ELF file, which emulators and debuggers read. Raises BuildError."""
    sources = sorted(path for path in (FIRMWARE / board).iterdir() if path.suffix in (".c", ".S"))
    sources += sorted((FIRMWARE / "core").glob("*.c"))
    script = FIRMWARE / board / f"{board}.ld"
    linking = ["-T", str(script)] if script.exists() else []
    return compile_elf(compiler, sources, (FIRMWARE / board, FIRMWARE / "core"), (*linking, *options), f"for {board}")


def compile_elf(
    compiler: Compiler, sources: Sequence[Path], folders: Sequence[Path], options: Sequence[str], what: str
) -> bytes:
    """Compile sources, with headers in folders, into an ELF file. Raises BuildError with the compiler's words."""
    command = compiler.find()
    if command is None:
        raise BuildError(f"building the firmware {what} needs {compiler.package}, which is not installed here")
    with tempfile.TemporaryDirectory() as held:
        out = Path(held) / "firmware.elf"
        line = [*command, *compiler.flags, *(f"-I{folder}" for folder in folders), *map(str, sources), *options]
        done = subprocess.run([*line, "-o", str(out)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"{compiler.name} could not build the firmware {what}:\n{done.stderr.strip()}")
        return out.read_bytes()


def flat(elf: bytes) -> bytes:
    """Return what a 32-bit little-endian ELF file puts into flash, from its lowest address on."""
    offset, size, count = (struct.unpack_from("<I", elf, 28)[0], *struct.unpack_from("<HH", elf, 42))
    headers = [struct.unpack_from("<8I", elf, offset + i * size) for i in range(count)]
    pieces = [
        (at, elf[start : start + length]) for kind, start, _, at, length, *_ in headers if kind == _PT_LOAD and length
    ]
    lowest = min(at for at, _ in pieces)
    image = bytearray(max(at + len(data) for at, data in pieces) - lowest)
    for at, data in pieces:
        image[at - lowest : at - lowest + len(data)] = data
    return bytes(image)


def boot_checksum(block: bytes) -> int:
    """The CRC-32 that the RP2040's boot ROM asks for: polynomial 0x04C11DB7, start 0xFFFFFFFF, nothing reflected.

    RP2040 datasheet 2.8.1.3.1.
    """
    crc = 0xFFFFFFFF
    for byte in block:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def with_boot_checksum(image: bytes) -> bytes:
    """Put the checksum of the second boot stage behind it. Raises BuildError when it is too long."""
    code, rest = image[: BOOT2_SIZE - 4], image[BOOT2_SIZE:]
    if any(image[BOOT2_SIZE - 4 : BOOT2_SIZE]):
        raise BuildError(f"the second boot stage is longer than {BOOT2_SIZE - 4} bytes")
    return code + boot_checksum(code).to_bytes(4, "little") + rest
