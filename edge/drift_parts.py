"""How sure, how sharp and of which classes parts are: learnt from the first ones, then compared window by window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.drift_baseline import Baseline
from edge.drift_tables import DriftTable
from edge.drift_tests import chance_of_falling, chance_of_mix
from edge.drift_words import fallen, other_mix
from edge.incidents import IncidentKind
from edge.parts import Decision, Reason
from edge.sharpness import sharpness

CALM = 0.01  # a p-value above it ends a condition
KINDS = (IncidentKind.CONFIDENCE_DRIFT, IncidentKind.SHARPNESS_DRIFT, IncidentKind.MIX_DRIFT)
_MOST_WAITING = 64  # parts, whose crops may each hold on to a frame
_SEEN = frozenset(
    {
        Reason.SORTED,
        Reason.BELOW_THRESHOLD,
        Reason.UNKNOWN,
        Reason.NO_BIN,
        Reason.LATE,
        Reason.GATE_RESTING,
        Reason.BIN_FULL,
    }
)  # of parts that were seen well, each by itself
_UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class _Met:
    """What is kept of a part."""

    label: str
    score: float
    crop: NDArray[np.uint8] | None


@dataclass
class _Window:
    """The parts since the last comparison."""

    scores: dict[str, list[float]] = field(default_factory=dict)
    sharpness: dict[str, list[float]] = field(default_factory=dict)

    @property
    def mix(self) -> dict[str, int]:
        return {label: len(scores) for label, scores in self.scores.items()}


class PartDrift:
    """Takes parts in the sorter's thread; all that takes time is done when they are fetched."""

    def __init__(self, table: DriftTable) -> None:
        self._table = table
        self._met: deque[_Met] = deque(maxlen=_MOST_WAITING)
        self._window = _Window()

    def decided(self, decision: Decision, crop: NDArray[np.uint8] | None) -> None:
        """Take in a part, in the sorter's thread. crop: as it was last seen."""
        if decision.reason in _SEEN and decision.scores:
            label = _UNKNOWN if decision.reason is Reason.UNKNOWN else decision.label
            self._met.append(_Met(label, round(decision.score, 4), crop))

    def forget(self) -> None:
        """Begin a new window: what is seen of a line that does not sort says nothing."""
        self._met.clear()
        self._window = _Window()

    def learn(self, baseline: Baseline) -> None:
        """Put the parts that have come into the baseline, until that has enough."""
        while self._met and baseline.parts < self._table.learn_parts:
            _add(self._met.popleft(), baseline)

    def compare(self, baseline: Baseline) -> dict[IncidentKind, str | None]:
        """Return what has changed, or None, for each kind that can be told; nothing until a window is full."""
        found: dict[IncidentKind, str | None] = {}
        while self._met:
            _add(self._met.popleft(), self._window)
            if sum(self._window.mix.values()) >= self._table.window_parts:
                found |= self._judged(baseline)
                self._window = _Window()
        return found

    def _judged(self, usual: Baseline) -> dict[IncidentKind, str | None]:
        now, count = self._window, self._table.window_parts
        chances: dict[IncidentKind, tuple[float, Callable[[], str]]] = {
            IncidentKind.CONFIDENCE_DRIFT: (
                chance_of_falling(usual.scores, now.scores),
                lambda: fallen("scores", usual.scores, now.scores, count),
            ),
            IncidentKind.SHARPNESS_DRIFT: (
                chance_of_falling(usual.sharpness, now.sharpness),
                lambda: fallen("blur scores", usual.sharpness, now.sharpness, count),
            ),
        }
        if self._table.mix:
            chances[IncidentKind.MIX_DRIFT] = (
                chance_of_mix(usual.mix, now.mix),
                lambda: other_mix(usual.mix, now.mix, count),
            )
        return {
            kind: cause() if chance < self._table.chance else None
            for kind, (chance, cause) in chances.items()
            if chance < self._table.chance or chance > CALM
        }


def _add(met: _Met, into: Baseline | _Window) -> None:
    into.scores.setdefault(met.label, []).append(met.score)
    if met.crop is not None:
        into.sharpness.setdefault(met.label, []).append(round(sharpness(met.crop), 5))
