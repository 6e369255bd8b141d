"""Load a model that nobody has vouched for: first in a process of its own.

A runtime can abort or crash on a file whose structure is damaged, and then takes its whole process with it; it can
also ask for more memory than there is, or compute for ever.
"""

from __future__ import annotations

import multiprocessing
import resource
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeSortError, ModelError
from edge.interpreter import TensorSpec, TfliteInterpreter, real_values

TIMEOUT_S = 120.0
_MOST_MEMORY_BYTES = 6 << 30


@dataclass(frozen=True)
class Trial:
    """What a model showed when it was first run, on black, on noise and on black again.

    answers: real values, (3, outputs) float32. runtime: what ran it.
    """

    input: TensorSpec
    output: TensorSpec
    answers: NDArray[np.float32]
    runtime: str


def try_model(path: Path, timeout_s: float = TIMEOUT_S) -> Trial:
    """Load and run a model in a child process; when this returns, it can be loaded in ours.

    Raises ModelError when the runtime refuses the model, crashes on it or does not come to an end.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_try, args=(path, sender), daemon=True)
    child.start()
    sender.close()
    try:
        found = receiver.recv() if receiver.poll(timeout_s) else None
    except EOFError:
        child.join(5)
        raise ModelError(
            f"{path}: expected a model this runtime can execute, found one that crashes it (exit code "
            f"{child.exitcode}); the file is damaged, export it again"
        ) from None
    finally:
        child.kill()
        child.join()
        receiver.close()
    if found is None:
        raise ModelError(f"{path}: expected an answer within {timeout_s:.0f} s, found none; use a smaller model")
    if isinstance(found, EdgeSortError):
        raise found
    trial: Trial = found
    return trial


def _try(path: Path, sender: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, allowed = resource.getrlimit(resource.RLIMIT_AS)
    most = _MOST_MEMORY_BYTES if allowed == resource.RLIM_INFINITY else min(_MOST_MEMORY_BYTES, allowed)
    resource.setrlimit(resource.RLIMIT_AS, (most, allowed))
    try:
        sender.send(_trial(path))
    except EdgeSortError as error:
        sender.send(error)
    except Exception as error:  # a runtime raises every kind there is
        sender.send(ModelError(f"{path}: expected a model this runtime can execute, found: {error}; export it again"))


def _trial(path: Path) -> Trial:
    interpreter = TfliteInterpreter(path)
    spec = interpreter.input
    black, noise = np.zeros(spec.shape, spec.dtype), _noise(spec)
    answers = [real_values(interpreter.run(values), interpreter.output).reshape(-1) for values in (black, noise, black)]
    return Trial(spec, interpreter.output, np.stack(answers), interpreter.runtime_name)


def _noise(spec: TensorSpec) -> NDArray[np.generic]:
    random = np.random.default_rng(0)
    if spec.dtype == np.float32:
        return random.random(spec.shape, dtype=np.float32)
    limits = np.iinfo(spec.dtype)
    return random.integers(limits.min, limits.max, spec.shape, dtype=spec.dtype, endpoint=True)
