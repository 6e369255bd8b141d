"""A line as somebody sees it from outside: what LineBook makes of all that the line tells.

A LineView is a record like any other: whoever shows it (a page, metrics, messages) is a function of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from edge.line_told import (
    Condition,
    GivenUp,
    IncidentTold,
    Labelled,
    LineFacts,
    PartTold,
    Pixels,
    Told,
    Totals,
)
from edge.parts import REJECT_BIN
from edge.states import State

MOST_PARTS, MOST_DOUBTFUL, MOST_INCIDENTS = 60, 30, 50
OVER_S = 60.0  # a rate of parts is of the last minute
FRAMES_OVER_S = 5.0
SILENT_AFTER_S = 2.0


@dataclass(frozen=True)
class PartView:
    """A part, and what a person has said of it since. key: never that of another part of this run."""

    told: PartTold
    true_label: str | None = None
    said_by: str | None = None

    @property
    def key(self) -> int:
        """Its number in the run."""
        return self.told.part


@dataclass(frozen=True)
class IncidentView:
    """Something that happened, and whether it still stands; over_at: since when it does not."""

    told: IncidentTold
    standing: bool
    over_at: float | None = None


@dataclass(frozen=True)
class LineView:
    """A line at a moment `at` of the machine clock. condition and totals are None until it has told them.

    parts, doubtful and incidents: the newest first. doubtful: those that wait for a person's word. silent_s: since
    when the line has told nothing.
    """

    at: float
    facts: LineFacts
    condition: Condition | None = None
    totals: Totals | None = None
    parts_per_min: float = 0.0
    frame_rate_hz: float = 0.0
    parts: tuple[PartView, ...] = ()
    doubtful: tuple[PartView, ...] = ()
    incidents: tuple[IncidentView, ...] = ()
    silent_s: float = 0.0

    @property
    def state(self) -> State | None:
        """The state of the line, None while it is not known."""
        return self.condition.state if self.condition else None

    @property
    def silent(self) -> bool:
        """Whether the line has told nothing for longer than it ever should."""
        return self.silent_s > SILENT_AFTER_S


class LineBook:
    """Keeps what was told, within bounds. Times are arguments."""

    def __init__(self, facts: LineFacts) -> None:
        self.facts = facts
        self.condition: Condition | None = None
        self.totals: Totals | None = None
        self._heard_at = facts.started_at
        self._samples = deque[tuple[float, int, int]]([(facts.started_at, 0, 0)])
        self._parts = deque[PartView](maxlen=MOST_PARTS)
        self._doubtful = deque[PartView](maxlen=MOST_DOUBTFUL)
        self._incidents = deque[IncidentView](maxlen=MOST_INCIDENTS)

    def hear(self, told: Told) -> None:
        """Take in what the line tells. Pictures and answers are not kept here."""
        if isinstance(told, Condition):
            self.condition, self._heard_at = told, told.at
            self._mark_what_is_over(told)
        elif isinstance(told, Totals):
            self.totals = told
            self._sample(told)
        elif isinstance(told, PartTold):
            self._parts.append(PartView(told))
            if told.doubtful:
                self._doubtful.append(PartView(told))
        elif isinstance(told, GivenUp):
            self._amend(told.part, reject_for=told.reason)
        elif isinstance(told, Labelled):
            self._amend(told.part, true_label=told.label, said_by=told.by)
        elif isinstance(told, IncidentTold):
            self._incidents.append(IncidentView(told, standing=False))

    @property
    def incidents(self) -> tuple[IncidentView, ...]:
        """What has happened, the newest first."""
        return tuple(reversed(self._incidents))

    def crop(self, part: int) -> Pixels | None:
        """Return the picture of a part that is still in the book."""
        for kept in (self._parts, self._doubtful):
            for one in kept:
                if one.key == part:
                    return one.told.crop
        return None

    def view(self, now: float) -> LineView:
        """Return everything as of now."""
        return LineView(
            at=now,
            facts=self.facts,
            condition=self.condition,
            totals=self.totals,
            parts_per_min=self._rate(now, OVER_S, 1) * 60,
            frame_rate_hz=self._rate(now, FRAMES_OVER_S, 2),
            parts=tuple(reversed(self._parts)),
            doubtful=tuple(one for one in reversed(self._doubtful) if one.true_label is None),
            incidents=self.incidents,
            silent_s=max(0.0, now - self._heard_at),
        )

    def _amend(
        self, part: int, *, reject_for: str | None = None, true_label: str | None = None, said_by: str | None = None
    ) -> None:
        for kept in (self._parts, self._doubtful):
            for index, one in enumerate(kept):
                if one.key == part:
                    told = one.told if reject_for is None else replace(one.told, bin=REJECT_BIN, reason=reject_for)
                    kept[index] = PartView(told, true_label or one.true_label, said_by or one.said_by)

    def _mark_what_is_over(self, condition: Condition) -> None:
        """An incident stands while a condition of its kind and cause does."""
        standing = {(one.kind, one.since) for one in condition.standing}
        for index, one in enumerate(self._incidents):
            stands = (one.told.kind, one.told.at) in standing
            if stands != one.standing:
                self._incidents[index] = IncidentView(one.told, stands, None if stands else condition.at)

    def _sample(self, totals: Totals) -> None:
        if totals.at - self._samples[-1][0] >= 1.0:
            self._samples.append((totals.at, totals.parts, totals.frames))
        while len(self._samples) > 2 and self._samples[1][0] <= totals.at - OVER_S:
            self._samples.popleft()

    def _rate(self, now: float, over_s: float, column: int) -> float:
        """Return how much a count grows in a second, over the last `over_s`."""
        newest = self._samples[-1]
        oldest = next((one for one in self._samples if one[0] >= newest[0] - over_s), newest)
        took_s = newest[0] - oldest[0]
        if took_s <= 0 or now - newest[0] > over_s:
            return 0.0
        return float(newest[column] - oldest[column]) / took_s
