"""Let another process load an unknown model first.

A digest proves that a model is the one the bundle names, not that a runtime survives it: a flatbuffer with one damaged
number passes every check of its structure and can still end the process (1 of 600 did with LiteRT, by corrupting the
heap). So a child process loads the model and runs it twice before the process that moves gates does.
"""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from edge.errors import EdgeSortError, MissingPackageError, ModelError
from edge.model_structure import check_structure

TIMEOUT_S = 120.0  # importing TensorFlow from a memory card takes half a minute
MOST_MEMORY_BYTES = 4 << 30  # of a child whose model asks for absurd tensors
_MODEL_WRONG, _PACKAGE_MISSING = 3, 4
_passed: set[tuple[str, str | None]] = set()


def vet(model: bytes, path: Path, runtime_module: str | None = None) -> None:
    """Make as sure as can be that a runtime survives `model`: its structure first, then a rehearsal.

    Raises what check_structure and rehearse raise.
    """
    check_structure(model, path)
    rehearse(model, path, runtime_module)


def rehearse(model: bytes, path: Path, runtime_module: str | None = None) -> None:
    """Load and run `model` in a child process, once for each model and runtime. path: its name in messages.

    Raises ModelError when the child is refused by the runtime, crashes or does not come to an end, and
    MissingPackageError when there is no runtime.
    """
    key = (hashlib.sha256(model).hexdigest(), runtime_module)
    if key in _passed:
        return
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "edge.rehearsal", str(path), runtime_module or ""],
            input=model, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ModelError(_refusal(path, f"it did not come to an end within {TIMEOUT_S:.0f} s")) from error
    _judge(path, done)
    _passed.add(key)


def _judge(path: Path, done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode == 0:
        return
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode == _MODEL_WRONG:
        raise ModelError(said)
    if done.returncode == _PACKAGE_MISSING:
        raise MissingPackageError(said)
    if done.returncode < 0:
        raise ModelError(_refusal(path, f"the runtime crashed on it ({signal.Signals(-done.returncode).name})"))
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    raise ModelError(_refusal(path, lines[-1] if lines else f"exit code {done.returncode}"))


def _refusal(path: Path, found: str) -> str:
    return (
        f"{path}: expected a model that a process of its own can load and run, found: {found}; "
        "copy the bundle again or convert the model again"
    )


def _environment() -> dict[str, str]:
    """The child finds this very package, whatever folder it is started in."""
    here = str(Path(__file__).resolve().parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}


def _perform(path: Path, runtime_module: str | None) -> None:
    """In the child: read the model from stdin, load it, run it on the darkest and the brightest input."""
    from edge.interpreter import TfliteInterpreter, input_encoder

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    import numpy as np

    content = sys.stdin.buffer.read()
    interpreter = TfliteInterpreter(path, runtime_module=runtime_module, content=content)
    encode = input_encoder(interpreter.input)
    for level in (0, 255):
        interpreter.run(encode(np.full(interpreter.input.shape, level, np.uint8)))


def _main() -> int:
    path, runtime_module = Path(sys.argv[1]), sys.argv[2] or None
    try:
        _perform(path, runtime_module)
    except EdgeSortError as error:
        print(error)
        return _PACKAGE_MISSING if isinstance(error, MissingPackageError) else _MODEL_WRONG
    except (RuntimeError, ValueError, MemoryError) as error:  # from the run itself: the runtimes' own kinds
        lines = str(error).strip().splitlines()
        print(_refusal(path, lines[0] if lines else type(error).__name__))
        return _MODEL_WRONG
    return 0


if __name__ == "__main__":
    sys.exit(_main())
