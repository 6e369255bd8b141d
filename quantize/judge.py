"""Say yes or no to an integer model, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantize.compare import Comparison
from quantize.thresholds import BinCount, Choice


@dataclass(frozen=True)
class Limits:
    """What the user asked for: the largest drop in accuracy, and the purity of every bin. Both 0..1."""

    max_drop: float
    purity: float


@dataclass(frozen=True)
class Judgement:
    """Everything that was measured, and the verdict.

    held_out: what each choice of a threshold gives on the test pictures, in the order of `choices`.
    """

    comparison: Comparison
    limits: Limits
    choices: tuple[Choice, ...]
    held_out: tuple[BinCount, ...]
    model_bytes: int
    float_weight_bytes: int
    provenance: Mapping[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether the drop is within the limit; counted in pictures, so that rounding never decides."""
        return self.comparison.lost <= self.limits.max_drop * len(self.comparison.pictures) + 1e-9

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        before, after = self.comparison.float_model.accuracy, self.comparison.int8_model.accuracy
        return (
            f"the integer model answers {after.right} of {after.total} test pictures right, the float model "
            f"{before.right}: accuracy {_changes(self.comparison)}, allowed is a drop of {self.limits.max_drop:.4f}"
        )

    @property
    def refusal(self) -> str:
        """The sentence for the user whose model was refused: reason first, then what to try."""
        return f"refused: {self.reason}; no bundle was written; {self._advice}"

    @property
    def _advice(self) -> str:
        tested, lost = len(self.comparison.pictures), self.comparison.lost
        weight = ""
        if self.limits.max_drop * tested < 1:
            weight = f"one of {tested} test pictures weighs {1 / tested:.4f}, so more pictures judge finer; "
        return (
            f"{weight}try more calibration pictures (--calibration), look at the {len(self.comparison.flips)} "
            "changed answers, train on more or clearer pictures of those classes, or accept the loss with "
            f"--max-drop {_rounded_up(lost / tested):.3f}"
        )


def _changes(comparison: Comparison) -> str:
    if comparison.lost == 0:
        return "stays the same"
    return f"{'drops' if comparison.lost > 0 else 'rises'} by {abs(comparison.drop):.4f}"


def _rounded_up(drop: float) -> float:
    return int(drop * 1000 + 1 - 1e-9) / 1000
