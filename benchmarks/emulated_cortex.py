"""Run an exported model on an emulated Cortex-M: pictures from a file, outputs into a file, by semihosting."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.compilers import find_arm_compiler, processor
from firmware_bridge.emit import Emitted
from firmware_bridge.export_text import template

_TIMEOUT_S = 1800.0
INSTRUCTION_NS = 32.0  # of -icount shift=5


@dataclass(frozen=True)
class EmulatedBoard:
    """A board of QEMU's. ticks: where its timer counts, a tick every tick_ns; memory: of code, and as much more."""

    machine: str
    ticks: int = 0x40000004
    upwards: bool = False
    tick_ns: float = 40.0
    memory: str = "4M"
    options: tuple[str, ...] = ()


BOARDS = {
    "cortex-m3": EmulatedBoard("mps2-an385"),
    "cortex-m4": EmulatedBoard("mps2-an386"),
    "cortex-m7": EmulatedBoard("mps2-an500"),
    "cortex-m55": EmulatedBoard(
        "mps3-an547", ticks=0x59302018, upwards=True, tick_ns=31.25, memory="512K", options=("-mfloat-abi=hard",)
    ),
}

MAIN = """
#include "model.h"

int semihosting(int operation, const void *argument);
int main(void);

static int opened(const char *name, int length, int mode)
{
    const void *const how[3] = {name, (void *)mode, (void *)length};
    return semihosting(0x01, how);
}

int main(void)
{
    volatile uint32_t *const ticks = (volatile uint32_t *)TICKS;
    const int in = opened("pictures.bin", 12, 1), out = opened("outputs.bin", 11, 5);
    const int spent = opened("ticks.bin", 9, 5);
#if !UPWARDS /* a CMSDK timer: control, value, reload */
    ticks[1] = ticks[0] = 0xffffffffu;
    ticks[-1] = 1;
#endif
    for (;;) {
        const void *const from[3] = {(void *)in, model_picture(), (void *)MODEL_PIXELS};
        if (semihosting(0x06, from))
            return 0;
        const uint32_t before = *ticks;
        model_run(model_picture());
        const uint32_t passed = UPWARDS ? *ticks - before : before - *ticks;
        const void *const to[3] = {(void *)out, model_outputs(), (void *)MODEL_OUTPUTS};
        const void *const took[3] = {(void *)spent, &passed, (void *)4};
        if (semihosting(0x05, to) || semihosting(0x05, took))
            return 1;
    }
}
"""


class NoEmulator(RuntimeError):
    """Compiler or emulator are missing."""


def outputs_of(
    emitted: Emitted,
    pictures: NDArray[np.uint8],
    folder: Path,
    core: str = "cortex-m4",
    optimization: str = "-O2",
    *,
    counted: bool = True,
) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return (N, outputs) int8, and (N,) how many instructions each picture took.

    emitted: of a source named "model". Raises NoEmulator. QEMU lets 32 ns pass with each instruction, and a board's
    timer counts every 40 or 31.25 ns. counted: without it the emulator is several times faster, and the counts mean
    nothing.
    """
    compiler = find_arm_compiler()
    if compiler is None or shutil.which("qemu-system-arm") is None:
        raise NoEmulator("needs qemu-system-arm, and arm-none-eabi-gcc or pip install ziglang")
    board = BOARDS[core]
    memory = template("mps2.ld", {}).replace("4M", board.memory)
    texts = {"model.c": emitted.source, "model.h": emitted.header, "main.c": MAIN,
             "mps2.c": template("mps2.c", {}), "mps2.ld": memory}  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "pictures.bin").write_bytes(np.ascontiguousarray(pictures).tobytes())
    build = [*compiler, processor(compiler, core), "-std=c99", optimization, "-ffreestanding", *board.options]
    build += [f"-DTICKS={board.ticks:#x}", f"-DUPWARDS={board.upwards:d}"]
    build += ["-nostartfiles", "-T", "mps2.ld", "-o", "model.elf", "model.c", "main.c", "mps2.c"]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    run = ["qemu-system-arm", "-M", board.machine, "-display", "none", "-monitor", "none", "-serial", "none"]
    run += ["-icount", "shift=5"] if counted else []
    run += ["-semihosting-config", "enable=on,target=native", "-kernel", "model.elf"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(done.stderr)
    outputs = np.fromfile(folder / "outputs.bin", np.int8).reshape(len(pictures), -1)
    return outputs, np.fromfile(folder / "ticks.bin", np.uint32) * (board.tick_ns / INSTRUCTION_NS)
