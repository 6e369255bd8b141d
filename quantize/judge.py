"""Say yes or no to an integer model, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.bundle_facts import Unknown
from quantize.compare import Comparison
from quantize.cost import NOT_FULL_INTEGER, Cost
from quantize.layers import LayerError
from quantize.objections import accuracies, objections
from quantize.purity_advice import purity_advice
from quantize.rescue import Rescue
from quantize.thresholds import BinCount, Choice
from training.answers import Answers


@dataclass(frozen=True)
class Limits:
    """What the user asked for: the largest drop in accuracy, the purity of every bin, the least accuracy. All 0..1."""

    max_drop: float
    purity: float
    min_accuracy: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """Why there is no bundle, and what to try, a clause each."""

    reason: str
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """Everything that was measured, and the verdict.

    choices: the thresholds, chosen on `validation`, whose scores are softened by `temperature`. held_out: what each of
    them gives on the test pictures, in their order. forced: whether the bundle was asked for whatever the verdict.
    layers: what int8 does to each of the plain int8 model; empty when that was not looked at. rescue: what was tried
    when that lost too much. notes: what to know of the pictures, a clause each, when they are not the run's own.
    float_choices: the float network's thresholds, chosen alike; only asked for when a bin does not reach its purity.
    """

    comparison: Comparison
    limits: Limits
    choices: tuple[Choice, ...]
    held_out: tuple[BinCount, ...]
    validation: Answers
    temperature: float
    unknown: Unknown
    cost: Cost
    provenance: Mapping[str, Any]
    forced: bool = False
    layers: tuple[LayerError, ...] = ()
    rescue: Rescue | None = None
    notes: tuple[str, ...] = ()
    float_choices: tuple[Choice, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether nothing speaks against the model."""
        return not self.objections

    @property
    def verdict(self) -> str:
        """One word: accepted, refused, or forced."""
        if self.accepted:
            return "accepted"
        return "forced" if self.forced else "refused"

    @property
    def objections(self) -> tuple[str, ...]:
        """Everything that speaks against the model, a clause each, the worst first."""
        return objections(self.comparison, self.limits, self.choices, self.held_out)

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        reason = "; ".join(self.objections)
        if self.accepted:
            reason = f"{accuracies(self.comparison)}, allowed is a drop of {self.limits.max_drop:.4f}"
        told = [reason] if self.rescue is None else [reason, self.rescue.sentence]
        return "; ".join(told if self.cost.full_integer else [*told, NOT_FULL_INTEGER])

    @property
    def refusal(self) -> Refusal | None:
        """Why there may be no bundle; None when there may."""
        return Refusal(self.reason, self._advice) if self.verdict == "refused" else None

    @property
    def _advice(self) -> tuple[str, ...]:
        tested, lost = len(self.comparison.pictures), self.comparison.lost
        advice = []
        if lost > self.limits.max_drop * tested + 1e-9:
            if self.limits.max_drop * tested < 1:
                advice.append(f"one of {tested} test pictures weighs {1 / tested:.4f}, so more pictures judge finer")
            if self.rescue is None:
                advice.append("try --rescue")
            advice.append(
                f"look at the {self.comparison.changed} changed answers, or accept the loss with "
                f"--max-drop {_rounded_up(lost / tested):.3f}"
            )
        elif alike := self.comparison.wrong_alike:
            wrong = tested - self.comparison.int8_model.accuracy.right
            advice.append(
                f"{alike} of {wrong} wrong answers are the float network's too, so look first at its training's report"
            )
        advice += purity_advice(self.choices, self.float_choices, self.provenance)
        advice.append("train on more or clearer pictures, or insist with --force")
        return tuple(advice)


def _rounded_up(drop: float) -> float:
    return int(drop * 1000 + 1 - 1e-9) / 1000
