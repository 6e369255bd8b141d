"""Instructions that one picture takes on this computer, counted by valgrind: what two pictures take more than one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.children import child_environment
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.emit import Emitted

_COLLECTED = re.compile(r"Collected : (\d+)")
_MAIN = """
#include "model.h"

int main(int count, char **words)
{
    static uint8_t pixels[MODEL_PIXELS];
    for (int i = 0; i < MODEL_PIXELS; i++)
        pixels[i] = (uint8_t)(i * 7919 >> 3);
    (void)words;
    for (int i = 0; i < count; i++)
        model_run(pixels);
    return 0;
}
"""


class NoCounter(RuntimeError):
    """Compiler or valgrind are missing."""


def c99_instructions(emitted: Emitted, folder: Path, optimization: str = "-O2") -> int:
    """Return how many one picture takes. emitted: of a source named "model". Raises NoCounter."""
    compiler = find_host_compiler()
    if compiler is None or shutil.which("valgrind") is None:
        raise NoCounter("needs valgrind, and a C compiler: cc, gcc or clang on PATH, or pip install ziglang")
    for name, text in {"model.c": emitted.source, "model.h": emitted.header, "main.c": _MAIN}.items():
        (folder / name).write_text(text)
    build = [*compiler, "-std=c99", optimization, "-o", "counted", "model.c", "main.c"]
    subprocess.run(build, cwd=folder, check=True)
    once, twice = (_counted(["./counted", *more], folder) for more in ([], ["again"]))
    return twice - once


def micro_instructions(model: bytes, stored: NDArray[np.int8]) -> int:
    """Return how many one picture takes in the Python package tflite-micro. stored: (1, ...), as the model takes it."""
    counts = []
    for pictures in (1, 2):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "model.tflite").write_bytes(model)
            np.save(folder / "inputs.npy", stored.repeat(pictures, axis=0))
            counts.append(
                _counted([sys.executable, "-P", "-m", "firmware_bridge.kernel_answers", "micro", name], folder)
            )
    return counts[1] - counts[0]


def _counted(command: list[str], folder: Path) -> int:
    watched = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    environment = {**child_environment(), "PYTHONHASHSEED": "0"}
    done = subprocess.run(watched, cwd=folder, capture_output=True, text=True, check=True, env=environment)
    found = _COLLECTED.search(done.stderr)
    assert found is not None, done.stderr
    return int(found[1])
