"""Replay what a bundle recorded: how far are this device's answers from those where the bundle was made?

Distances are in steps of the output's quantization, most often 1/256. LiteRT 2.0.2, LiteRT 2.3.0 and TensorFlow 2.21
gave the same bytes on five models with 24 inputs each on x86_64, and LiteRT did on an emulated aarch64: SAME_KERNELS is
room for processors not seen yet. tflite-runtime 2.14 has other kernels. On 1,729 pictures and four bundles (rendered
parts, metal-parts6 with three networks) it was up to 82 steps away from LiteRT where the best score was about a half,
16 where it was 0.95, 3 where it was 0.99 or more: a difference in front of the softmax, passed on as p (1 - p).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.conventions import Normalization
from edge.errors import BundleError
from edge.golden import Golden, golden_inputs, outputs_of, runtime_name
from edge.interpreter import TfliteInterpreter
from edge.preprocess import InputSpec

SAME_KERNELS_STEPS = 4.0
OTHER_KERNELS_STEPS, OTHER_KERNELS_SLOPE = 8.0, 384.0
_SAME_KERNELS = ("litert", "tensorflow")
_FLOAT_STEP = 1 / 256  # a float output is judged in the steps of an integer one
_ROUNDING = 0.01  # recorded outputs have six decimals


@dataclass(frozen=True)
class Replayed:
    """One recorded input and both answers to it, as real values of the model's output."""

    name: str
    expected: tuple[float, ...]
    found: tuple[float, ...]
    steps: float
    allowed: float

    @property
    def ok(self) -> bool:
        """Whether the answers are as near as the kernels allow; an answer that is no number never is."""
        return self.steps <= self.allowed + _ROUNDING


@dataclass(frozen=True)
class Fed:
    """A model as its bundle feeds it. scale: the output's quantization."""

    interpreter: TfliteInterpreter
    spec: InputSpec
    normalization: Normalization | None
    scale: float


def replay_golden(golden: Golden, sheet: bytes, fed: Fed, where: str) -> Iterator[Replayed]:
    """Answer every golden input here. sheet: golden.png. where: the file's name.

    Raises BundleError when the sheet is damaged.
    """
    here = runtime_name(fed.interpreter.runtime_name)
    inputs = golden_inputs(sheet, len(golden.inputs), fed.spec, where)
    for one, pixels in zip(golden.inputs, inputs, strict=True):
        found = outputs_of(fed.interpreter, pixels, fed.normalization)
        allowed = allowed_steps(golden.runtime, here, max(one.outputs))
        yield Replayed(one.name, one.outputs, found, steps_apart(one.outputs, found, fed.scale), allowed)


def check_golden(golden: Golden, sheet: bytes, fed: Fed, where: str) -> None:
    """Raise BundleError when this machine answers a golden input otherwise than the one that made the bundle."""
    for one in replay_golden(golden, sheet, fed, where):
        if not one.ok:
            raise BundleError(
                f"{where}: expected the scores of {one.name} within {one.allowed:.0f} steps, found one {one.steps:.0f} "
                "away; see all of them with edge-sort check; install the runtime that the bundle was made with, or "
                "copy the bundle again"
            )


def steps_apart(expected: Sequence[float], found: Sequence[float], scale: float) -> float:
    """Return the largest difference of two outputs in quantization steps; infinite when they cannot be compared."""
    if len(expected) != len(found):
        return float("inf")
    worst = float(np.abs(np.subtract(found, expected)).max()) / step(scale)
    return worst if np.isfinite(worst) else float("inf")


def step(scale: float) -> float:
    """Return the output's quantization step in real values."""
    return scale if scale > 0 else _FLOAT_STEP


def allowed_steps(made_on: str, here: str, score: float) -> float:
    """Return how many steps two runtimes may differ where the best score was `score`."""
    if made_on == here or (made_on in _SAME_KERNELS and here in _SAME_KERNELS):
        return SAME_KERNELS_STEPS
    likely = score if 0 <= score <= 1 else 0.5  # no probability: as wide as for the most doubtful one
    return OTHER_KERNELS_STEPS + OTHER_KERNELS_SLOPE * likely * (1 - likely)
