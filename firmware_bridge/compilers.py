"""The C compilers of this machine: for the host, and for a Cortex-M."""

from __future__ import annotations

import importlib.util
import shutil
import sys

HOST_COMPILERS = ("cc", "gcc", "clang")
ARM_COMPILER = "arm-none-eabi-gcc"


def find_host_compiler() -> list[str] | None:
    """Return how to call a compiler for this machine, or None: one on PATH, or the Python package ziglang's."""
    for name in HOST_COMPILERS:
        if found := shutil.which(name):
            return [found]
    return find_zig()


def find_arm_compiler() -> list[str] | None:
    """Return how to call a compiler for Cortex-M, its processor left open (-mcpu), or None."""
    if found := shutil.which(ARM_COMPILER):
        return [found, "-mthumb"]
    zig = find_zig()
    return [*zig, "-target", "thumb-freestanding-eabi"] if zig else None


def find_zig() -> list[str] | None:
    """Return how to call the compiler of the Python package ziglang, or None."""
    return [sys.executable, "-m", "ziglang", "cc"] if has_ziglang() else None


def has_ziglang() -> bool:
    """Whether the Python package ziglang is installed."""
    return importlib.util.find_spec("ziglang") is not None


def processor(compiler: list[str], name: str) -> str:
    """Return the -mcpu option for a processor as this compiler spells it ("cortex-m4", "cortex_m4")."""
    return f"-mcpu={name.replace('-', '_') if 'ziglang' in compiler else name}"
