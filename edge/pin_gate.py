"""One gate on one pin: its plan of openings, and the moves that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from edge.clocks import Clock
from edge.gate_drivers import open_driver
from edge.gate_limits import MoveRefused, Window, WindowPlan
from edge.parts import Reason

if TYPE_CHECKING:
    from edge.gates import GateSpec

NOT_DUE = float("inf")
Kind = Literal["opened", "closed", "missed"]


class OnMove(Protocol):
    """Hears of a move made, or missed, just now."""

    def __call__(self, gate: str, kind: Kind, at: float, due_at: float | None, part: int) -> None:
        """Take in a move."""
        ...


@dataclass(frozen=True)
class _Asked:
    """What was asked for one part."""

    part: int
    window: Window
    hold: bool


@dataclass
class _Opening:
    """One opening, and the parts it is for."""

    window: Window
    asked: list[_Asked] = field(default_factory=list)

    def cut(self) -> list[_Asked]:
        """Take out, and return, what was asked for a time in which the gate is at rest again."""
        lost = [one for one in self.asked[1:] if one.window.opens_at >= self.window.closes_at]
        self.asked = [one for one in self.asked if one not in lost]
        return lost


class PinGate:
    """One gate, moved by whoever calls `serve` at `next_due`. Its limits hold against every caller."""

    def __init__(self, spec: GateSpec, clock: Clock, pin_factory: Any, on_move: OnMove) -> None:
        """Take the pin, at rest. Raises GateError."""
        self.name = spec.name
        self._move_s, self._clock, self._on_move = spec.move_s, clock, on_move
        self._plan = WindowPlan(spec.limits)
        self._pending: list[_Opening] = []
        self._open = False
        self.settles_at = float("-inf")
        self._driver = open_driver(spec.name, spec.pins, pin_factory)

    def move_at(self, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening. Raises MoveRefused."""
        self._admit(_Asked(part, window, hold))

    def replan(self, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned, and why."""
        self.serve(self._clock.now())
        begun = self._pending[:1] if self._open else []
        coming = self._pending[len(begun) :]
        asked = [_moved(one, windows) for opening in coming for one in opening.asked]
        for opening in coming:
            self._plan.forget(opening.window)
        for opening in begun:
            opening.asked = [_moved(one, windows) for one in opening.asked]
            opening.window = self._plan.extend(opening.window, max(one.window.closes_at for one in opening.asked))
        self._pending = begun
        cut = {one.part: Reason.GATE_RESTING for opening in begun for one in opening.cut()}
        return cut | self._admit_all(asked)

    @property
    def next_due(self) -> float:
        """The moment of the next change of the pin, NOT_DUE when none is planned."""
        if not self._pending:
            return NOT_DUE
        window = self._pending[0].window
        return window.closes_at if self._open else max(window.opens_at, self._plan.rested_at)

    def serve(self, now: float) -> None:
        """Make every change that is due at `now`; an opening whose time is lost is told of and not made."""
        while self.next_due <= now:
            opening = self._pending[0]
            if self._open:
                self._close(opening, opening.window.closes_at)
            elif self._plan.may_begin(opening.window, now):
                at = self._set(True)
                self._on_move(self.name, "opened", at, opening.window.opens_at, opening.asked[0].part)
            else:
                self._pending.pop(0)
                self._plan.forget(opening.window)
                for one in opening.asked:
                    self._on_move(self.name, "missed", now, one.window.opens_at, one.part)

    def rest(self) -> None:
        """Bring the gate to rest and forget what was planned."""
        if self._open:
            self._close(self._pending[0], None)
        self._pending.clear()
        self._plan.rest(self._clock.now())

    def close(self) -> None:
        """Bring the gate to rest and release its pin."""
        self._pending.clear()
        self._open = False
        self._driver.close()

    def _admit(self, asked: _Asked) -> None:
        admitted = self._plan.admit(asked.window, self._clock.now(), hold=asked.hold)
        if self._pending and self._pending[-1].window.opens_at == admitted.opens_at:  # it prolongs the last opening
            self._pending[-1].window = admitted
            self._pending[-1].asked.append(asked)
        else:
            self._pending.append(_Opening(admitted, [asked]))

    def _admit_all(self, asked: list[_Asked]) -> dict[int, Reason]:
        refused: dict[int, Reason] = {}
        for one in sorted(asked, key=lambda one: one.window.opens_at):
            try:
                self._admit(one)
            except MoveRefused as refusal:
                refused[one.part] = refusal.reason
        return refused

    def _close(self, opening: _Opening, due_at: float | None) -> None:
        self._pending.pop(0)
        at = self._set(False)
        self._plan.ended(opening.window, at)
        self._on_move(self.name, "closed", at, due_at, opening.asked[0].part)

    def _set(self, away: bool) -> float:
        """Move, and return when that was seen done."""
        self._driver.set(away)
        at = self._clock.now()
        self._open, self.settles_at = away, at + self._move_s
        return at


def _moved(asked: _Asked, windows: Mapping[int, Window]) -> _Asked:
    return _Asked(asked.part, windows.get(asked.part, asked.window), asked.hold)
