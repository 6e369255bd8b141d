"""Let another process load an unknown model first.

A digest proves that a model is the one the bundle names, not that a runtime survives it: a flatbuffer with one damaged
number passes every check of its structure and can still end the process (1 of 600 did with LiteRT, by corrupting the
heap). So a child process loads the model and runs it before the process that moves gates does, or the one that makes a
bundle of it. What the model showed comes back as numbers, never as objects: the child has run it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.children import child_environment
from edge.errors import EdgeSortError, MissingPackageError, ModelError
from edge.interpreter import TensorSpec, TfliteInterpreter, real_values
from edge.model_limits import MOST_OUTPUTS, TRIAL_TIMEOUT_S, limit_this_process
from edge.model_structure import check_structure

_MODEL_WRONG, _PACKAGE_MISSING = 3, 4
_KEPT_RUNS = 3


@dataclass(frozen=True)
class Trial:
    """What a model showed when it was first run: on the darkest input, the brightest, noise, the darkest again.

    answers: real values to all but the brightest, which is beyond what some float models expect, (3, outputs) float32;
    (3, 0) when there are too many of them for scores. runtime: what ran it.
    """

    input: TensorSpec
    output: TensorSpec
    answers: NDArray[np.float32]
    runtime: str


_passed: dict[tuple[str, str | None], Trial] = {}


def vet(model: bytes, path: Path, runtime_module: str | None = None) -> Trial:
    """Make as sure as can be that a runtime survives `model`: its structure first, then a rehearsal.

    Raises what check_structure and rehearse raise.
    """
    check_structure(model, path)
    return rehearse(model, path, runtime_module)


def rehearse(model: bytes, path: Path, runtime_module: str | None = None, timeout_s: float = TRIAL_TIMEOUT_S) -> Trial:
    """Load and run `model` in a child process, once for each model and runtime. path: its name in messages.

    Raises ModelError when the child is refused by the runtime, crashes or does not come to an end, and
    MissingPackageError when there is no runtime.
    """
    key = (hashlib.sha256(model).hexdigest(), runtime_module)
    if key not in _passed:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "edge.rehearsal", str(path), runtime_module or ""],
                input=model, capture_output=True, timeout=timeout_s, check=False, env=child_environment(),
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ModelError(_refusal(path, f"it did not come to an end within {timeout_s:g} s")) from error
        _passed[key] = _judged(path, done)
    return _passed[key]


def _judged(path: Path, done: subprocess.CompletedProcess[bytes]) -> Trial:
    if done.returncode in (_MODEL_WRONG, _PACKAGE_MISSING):
        said = done.stdout.decode(errors="replace").strip()
        raise (ModelError if done.returncode == _MODEL_WRONG else MissingPackageError)(said)
    if done.returncode < 0:
        raise ModelError(_refusal(path, f"the runtime crashed on it ({signal.Signals(-done.returncode).name})"))
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ModelError(_refusal(path, lines[-1] if lines else f"exit code {done.returncode}"))
    try:
        return _unpacked(done.stdout)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise ModelError(_refusal(path, f"its answers were lost ({error})")) from error


def _refusal(path: Path, found: str) -> str:
    return (
        f"{path}: expected a model that a process of its own can load and run, found: {found}; "
        "copy it again or convert the model again"
    )


def _packed(trial: Trial) -> bytes:
    """Write a trial as a line of JSON and the bytes of the answers."""
    specs = [
        {"shape": spec.shape, "dtype": str(spec.dtype), "scale": spec.scale, "zero_point": spec.zero_point}
        for spec in (trial.input, trial.output)
    ]
    return json.dumps({"specs": specs, "runtime": trial.runtime}).encode() + b"\n" + trial.answers.tobytes()


def _unpacked(said: bytes) -> Trial:
    head, _, rest = said.partition(b"\n")
    found = json.loads(head)
    given, output = (_spec(spec) for spec in found["specs"])
    answers = np.frombuffer(rest, np.float32)
    return Trial(given, output, answers.reshape(_KEPT_RUNS, len(answers) // _KEPT_RUNS), str(found["runtime"]))


def _spec(found: dict[str, Any]) -> TensorSpec:
    shape = tuple(int(size) for size in found["shape"])
    return TensorSpec(shape, np.dtype(str(found["dtype"])), float(found["scale"]), int(found["zero_point"]))


def _perform(path: Path, runtime_module: str | None) -> Trial:
    """In the child: read the model from stdin, load it, run it."""
    limit_this_process()
    return shown_by(TfliteInterpreter(path, runtime_module=runtime_module, content=sys.stdin.buffer.read()))


def shown_by(interpreter: TfliteInterpreter) -> Trial:
    """Run a loaded model and return what it shows; in this very process, so only for one known to be sound."""
    dark, bright, noise = _inputs(interpreter.input)
    stored = [interpreter.run(values) for values in (dark, bright, noise, dark)]
    few = math.prod(interpreter.output.shape) <= MOST_OUTPUTS
    answers = [real_values(stored[run], interpreter.output).reshape(-1)[: None if few else 0] for run in (0, 2, 3)]
    return Trial(interpreter.input, interpreter.output, np.stack(answers), interpreter.runtime_name)


def _inputs(spec: TensorSpec) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the darkest input, the brightest, and noise that reaches every level."""
    random = np.random.default_rng(0)
    if spec.dtype == np.float32:
        black, noise = np.zeros(spec.shape, np.float32), random.random(spec.shape, dtype=np.float32)
        return black, black + np.float32(255), noise
    lowest, highest = np.iinfo(spec.dtype).min, np.iinfo(spec.dtype).max
    noise = random.integers(lowest, highest, spec.shape, dtype=spec.dtype, endpoint=True)
    return np.full(spec.shape, lowest, spec.dtype), np.full(spec.shape, highest, spec.dtype), noise


def _main() -> int:
    path, runtime_module = Path(sys.argv[1]), sys.argv[2] or None
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a runtime prints does not get among the answers
        try:
            out.write(_packed(_perform(path, runtime_module)))
        except EdgeSortError as error:
            out.write(str(error).encode())
            return _PACKAGE_MISSING if isinstance(error, MissingPackageError) else _MODEL_WRONG
        except (RuntimeError, ValueError, MemoryError) as error:  # from the run itself: the runtimes' own kinds
            lines = str(error).strip().splitlines()
            out.write(_refusal(path, lines[0] if lines else type(error).__name__).encode())
            return _MODEL_WRONG
    return 0


if __name__ == "__main__":
    sys.exit(_main())
