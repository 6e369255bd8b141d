"""How many calibration pictures are enough: until more of them change nothing any more.

The ranges that the converter learns grow with every picture; from some number on the integer model stays what it is.
That number differs from network to network, so it is looked for: the number is doubled until the scores of pictures
that are not calibrated with move by less than one step of the 8-bit output on average, and no answer changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize.calibrate import BLACK_AND_WHITE, calibration_inputs
from quantize.integer_model import IntegerModel
from training.answers import classifier_scorer
from training.dataset import Item

FIRST, MOST = 25, 400
ONE_STEP = 1 / 256
PROBES = 100


@dataclass(frozen=True)
class Step:
    """What doubling the pictures to `pictures` changed: answers, and the mean over pictures of the largest change."""

    pictures: int
    answers_changed: int | None
    score_change: float | None

    @property
    def stable(self) -> bool:
        """Whether the model was as good with half as many."""
        return self.answers_changed == 0 and self.score_change is not None and self.score_change < ONE_STEP


@dataclass(frozen=True)
class Converted:
    """The integer model, the pictures it was calibrated with, and how their number was found (empty: given)."""

    model: IntegerModel
    chosen: tuple[Item, ...]
    inputs: NDArray[np.uint8]
    steps: tuple[Step, ...]


def converted_stably(
    make: Callable[[NDArray[np.uint8]], IntegerModel],
    candidates: Sequence[Item],
    probes: NDArray[np.uint8],
    spec: Any,
    count: int | None,
) -> Converted:
    """Convert with `count` of the candidates, or with as many as it takes.

    make: converts with calibration inputs, (N, H, W, C) uint8. candidates: in the order in which they are taken.
    probes: pictures to compare models on, (P, H, W, C) uint8; the first PROBES of them are used.
    """
    inputs = calibration_inputs(candidates[: count or MOST], spec)
    if count is not None:
        return Converted(make(inputs), tuple(candidates[:count]), inputs, ())
    steps: list[Step] = []
    before: NDArray[np.float32] | None = None
    for pictures in _counts(min(len(candidates), MOST)):
        model = make(inputs[: BLACK_AND_WHITE + pictures])
        scores = np.asarray(classifier_scorer(model.classifier)(probes[:PROBES]))
        steps.append(_step(pictures, before, scores))
        if steps[-1].stable:
            break
        before = scores
    return Converted(model, tuple(candidates[:pictures]), inputs[: BLACK_AND_WHITE + pictures], tuple(steps))


def _counts(available: int) -> list[int]:
    """FIRST, doubled as long as there are pictures, and all of them at the end."""
    counts = [FIRST * 2**power for power in range(10) if FIRST * 2**power < available]
    return [*counts, available]


def _step(pictures: int, before: NDArray[np.float32] | None, after: NDArray[np.float32]) -> Step:
    if before is None:
        return Step(pictures, None, None)
    return Step(
        pictures,
        int((before.argmax(axis=1) != after.argmax(axis=1)).sum()),
        float(np.abs(before - after).max(axis=1).mean()),
    )
