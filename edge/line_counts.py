"""Counts of a line since it began, for those who watch it."""

from __future__ import annotations

from collections import Counter

from edge.gates import GateMove
from edge.line_told import Totals
from edge.parts import Decision, Reason
from edge.spread import SpreadCounter


class LineCounts:
    """Takes in what happens. None of its counts ever falls."""

    def __init__(self) -> None:
        self.frames = self.untold = 0
        self._by_bin, self._by_reason, self._incidents = Counter[str](), Counter[str](), Counter[str]()
        self._given_up_of, self._given_up_for = Counter[str](), Counter[str]()
        self._latency, self._gate_error = SpreadCounter(), SpreadCounter()

    def decided(self, decision: Decision, latency_ms: float) -> None:
        """Count a part, and how long after its frame it was decided."""
        self._by_bin[decision.bin] += 1
        self._by_reason[str(decision.reason)] += 1
        self._latency.add(latency_ms)

    def gave_up(self, decision: Decision, reason: Reason) -> None:
        """Count a part that goes to reject although it was decided for a bin."""
        self._given_up_of[decision.bin] += 1
        self._given_up_for[str(reason)] += 1

    def happened(self, kind: str) -> None:
        """Count an incident."""
        self._incidents[kind] += 1

    def moved(self, move: GateMove) -> None:
        """Measure a move of a gate, where it was due at a moment."""
        if move.due_at is not None:
            self._gate_error.add(abs(move.at - move.due_at) * 1000)

    def totals(self, at: float, belt_mm_s: float) -> Totals:
        """Return all of them as of a moment."""
        return Totals(
            at=at,
            frames=self.frames,
            parts=self._by_bin.total(),
            by_bin=dict(self._by_bin),
            by_reason=dict(self._by_reason),
            given_up_of=dict(self._given_up_of),
            given_up_for=dict(self._given_up_for),
            incidents=dict(self._incidents),
            latency=self._latency.spread(),
            gate_error=self._gate_error.spread(),
            belt_mm_s=belt_mm_s,
            untold=self.untold,
        )
