"""What one gate is going to do: its openings to come, each admitted against the limits, and the parts each is for.

Nothing here moves: `PinGate` does on this computer's pins, a microcontroller on its own. Whoever moves tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.gate_limits import GateLimits, MoveRefused, Window, WindowPlan
from edge.parts import Reason

NOT_DUE = float("inf")


@dataclass(frozen=True)
class Asked:
    """What was asked for one part."""

    part: int
    window: Window
    hold: bool


@dataclass
class Opening:
    """One opening, and the parts it is for, the first of which names it."""

    window: Window
    asked: list[Asked] = field(default_factory=list)

    @property
    def part(self) -> int:
        """The first part it is for."""
        return self.asked[0].part

    def cut(self) -> list[Asked]:
        """Take out, and return, what was asked for a time in which the gate is at rest again."""
        lost = [one for one in self.asked[1:] if one.window.opens_at >= self.window.closes_at]
        self.asked = [one for one in self.asked if one not in lost]
        return lost


class Openings:
    """The openings of one gate that are planned or under way, in order. Its limits hold against every caller."""

    def __init__(self, limits: GateLimits) -> None:
        self._plan = WindowPlan(limits)
        self.pending: list[Opening] = []
        self.under_way = False

    @property
    def next_due(self) -> float:
        """The moment of the next change, NOT_DUE when none is planned."""
        if not self.pending:
            return NOT_DUE
        window = self.pending[0].window
        return window.closes_at if self.under_way else max(window.opens_at, self._plan.rested_at)

    def admit(self, asked: Asked, now: float) -> None:
        """Plan an opening, or prolong the last one. Raises MoveRefused."""
        admitted = self._plan.admit(asked.window, now, hold=asked.hold)
        if self.pending and self.pending[-1].window.opens_at == admitted.opens_at:
            self.pending[-1].window = admitted
            self.pending[-1].asked.append(asked)
        else:
            self.pending.append(Opening(admitted, [asked]))

    def replan(self, windows: Mapping[int, Window], now: float) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned, and why."""
        begun = self.pending[:1] if self.under_way else []
        coming = self.pending[len(begun) :]
        asked = [_moved(one, windows) for opening in coming for one in opening.asked]
        for opening in coming:
            self._plan.forget(opening.window)
        for opening in begun:
            opening.asked = [_moved(one, windows) for one in opening.asked]
            opening.window = self._plan.extend(opening.window, max(one.window.closes_at for one in opening.asked))
        self.pending = begun
        cut = {one.part: Reason.GATE_RESTING for opening in begun for one in opening.cut()}
        return cut | self._admit_all(asked, now)

    def may_begin(self, now: float) -> bool:
        """Whether the next opening can still be made at `now`."""
        return self._plan.may_begin(self.pending[0].window, now)

    def began(self) -> None:
        """Take in that the next opening is under way."""
        self.under_way = True

    def ended(self, at: float) -> Opening:
        """Take in when the opening under way really ended, and return it."""
        opening, self.under_way = self.pending.pop(0), False
        self._plan.ended(opening.window, at)
        return opening

    def give_up(self, index: int = 0) -> Opening:
        """Take out, and return, an opening that is not made."""
        opening = self.pending.pop(index)
        self._plan.forget(opening.window)
        return opening

    def rest(self, now: float) -> None:
        """Forget what was planned; call `ended` first where an opening is under way."""
        self.pending.clear()
        self.under_way = False
        self._plan.rest(now)

    def _admit_all(self, asked: list[Asked], now: float) -> dict[int, Reason]:
        refused: dict[int, Reason] = {}
        for one in sorted(asked, key=lambda one: one.window.opens_at):
            try:
                self.admit(one, now)
            except MoveRefused as refusal:
                refused[one.part] = refusal.reason
        return refused


def _moved(asked: Asked, windows: Mapping[int, Window]) -> Asked:
    return Asked(asked.part, windows.get(asked.part, asked.window), asked.hold)
