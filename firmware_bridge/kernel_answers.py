"""What TensorFlow Lite's own kernels answer, asked in a child process: some models abort whoever runs them.

`litert`: LiteRT's reference kernels. `micro`: TensorFlow Lite Micro, of the Python package tflite-micro, which also
says what memory it took.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.children import child_environment
from edge.errors import EdgeSortError, MissingPackageError, ModelError
from edge.extras import need
from edge.interpreter import TfliteInterpreter
from firmware_bridge.lower import Like

KERNELS: dict[Like, str] = {"litert": "LiteRT's reference kernels", "micro": "TensorFlow Lite Micro"}
TIMEOUT_S = 600.0
_REFUSED, _MISSING = 3, 4
_ARENA = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


@dataclass(frozen=True)
class Answers:
    """outputs: (N, outputs) as the model stores them. arena: bytes by "total", "head", "tail"; empty if not told."""

    outputs: NDArray[Any]
    arena: dict[str, int]


def ask_kernels(kernels: Like, model: bytes, inputs: NDArray[Any], timeout_s: float = TIMEOUT_S) -> Answers:
    """Run a model on inputs, (N, *input shape) as the model stores them.

    Raises ModelError when the child refuses the model, crashes on it or does not come to an end, MissingPackageError
    when there is no such runtime.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sort-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(model)
        np.save(folder / "inputs.npy", inputs)
        command = [sys.executable, "-P", "-m", "firmware_bridge.kernel_answers", kernels, name]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=timeout_s, check=False, env=child_environment(), cwd=name
            )
        except subprocess.TimeoutExpired as error:
            raise ModelError(_problem(kernels, f"no end within {timeout_s:g} s")) from error
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode:
            raise _failure(kernels, done.returncode, folder, said)
        return Answers(np.load(folder / "outputs.npy"), {part: int(size) for part, size in _ARENA.findall(said)})


def _failure(kernels: Like, code: int, folder: Path, said: str) -> EdgeSortError:
    refusal = folder / "refusal.txt"
    if code in (_REFUSED, _MISSING) and refusal.exists():
        return (ModelError if code == _REFUSED else MissingPackageError)(refusal.read_text(encoding="utf-8"))
    lines = [line for line in said.strip().splitlines() if "Error" in line or "rror:" in line or "find" in line]
    found = lines[-1].strip()[:200] if lines else f"exit code {code}" if code > 0 else f"signal {-code}"
    return ModelError(_problem(kernels, found))


def _problem(kernels: Like, found: str) -> str:
    runtime = KERNELS[kernels]
    return f"expected a model that {runtime} can run, found: {found}; convert the model again"


def _reference(model: bytes, inputs: NDArray[Any]) -> NDArray[Any]:
    interpreter = TfliteInterpreter(Path("model.tflite"), content=model, reference_kernels=True)
    return np.stack([interpreter.run(one[np.newaxis]).reshape(-1) for one in inputs])


def _micro(model: bytes, inputs: NDArray[Any]) -> NDArray[Any]:
    # no extra of ours brings it: there is one wheel, for Linux on x86_64, and only for --target tflm
    runtime = need("tflite_micro", "dev", "TensorFlow Lite Micro").runtime
    interpreter = runtime.Interpreter.from_bytes(model)
    answers = []
    for one in inputs:
        interpreter.set_input(one[np.newaxis], 0)
        interpreter.invoke()
        answers.append(interpreter.get_output(0).reshape(-1).copy())
    interpreter.print_allocations()
    return np.stack(answers)


def _main(kernels: str, folder: Path) -> int:
    model, inputs = (folder / "model.tflite").read_bytes(), np.load(folder / "inputs.npy")
    try:
        outputs = _micro(model, inputs) if kernels == "micro" else _reference(model, inputs)
    except EdgeSortError as error:
        (folder / "refusal.txt").write_text(str(error), encoding="utf-8")
        return _MISSING if isinstance(error, MissingPackageError) else _REFUSED
    np.save(folder / "outputs.npy", outputs)
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], Path(sys.argv[2])))
