"""One gate on one pin: the moves that come of its plan of openings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from edge.clocks import Clock
from edge.gate_drivers import open_driver
from edge.gate_limits import Window
from edge.openings import Asked, Openings
from edge.parts import Reason

if TYPE_CHECKING:
    from edge.gates import GateSpec

Kind = Literal["opened", "closed", "missed"]


class OnMove(Protocol):
    """Hears of a move made, or missed, just now."""

    def __call__(self, gate: str, kind: Kind, at: float, due_at: float | None, part: int) -> None:
        """Take in a move."""
        ...


class PinGate:
    """One gate, moved by whoever calls `serve` at `next_due`. Its limits hold against every caller."""

    def __init__(self, spec: GateSpec, clock: Clock, pin_factory: Any, on_move: OnMove) -> None:
        """Take the pin, at rest. Raises GateError."""
        self.name = spec.name
        self._move_s, self._clock, self._on_move = spec.move_s, clock, on_move
        self._openings = Openings(spec.limits)
        self.settles_at = float("-inf")
        self._driver = open_driver(spec.name, spec.pins, pin_factory)

    def move_at(self, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening. Raises MoveRefused."""
        self._openings.admit(Asked(part, window, hold), self._clock.now())

    def replan(self, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned, and why."""
        self.serve(self._clock.now())
        return self._openings.replan(windows, self._clock.now())

    @property
    def is_away(self) -> bool:
        """Whether an opening is under way."""
        return self._openings.under_way

    @property
    def next_due(self) -> float:
        """The moment of the next change of the pin, NOT_DUE when none is planned."""
        return self._openings.next_due

    def serve(self, now: float) -> None:
        """Make every change that is due at `now`; an opening whose time is lost is told of and not made."""
        while self.next_due <= now:
            opening = self._openings.pending[0]
            if self._openings.under_way:
                self._close(opening.window.closes_at)
            elif self._openings.may_begin(now):
                at = self._set(True)
                self._openings.began()
                self._on_move(self.name, "opened", at, opening.window.opens_at, opening.part)
            else:
                for one in self._openings.give_up().asked:
                    self._on_move(self.name, "missed", now, one.window.opens_at, one.part)

    def rest(self) -> None:
        """Bring the gate to rest and forget what was planned."""
        if self._openings.under_way:
            self._close(None)
        self._openings.rest(self._clock.now())

    def close(self) -> None:
        """Bring the gate to rest and release its pin."""
        self._openings.pending.clear()
        self._openings.under_way = False
        self._driver.close()

    def _close(self, due_at: float | None) -> None:
        at = self._set(False)
        self._on_move(self.name, "closed", at, due_at, self._openings.ended(at).part)

    def _set(self, away: bool) -> float:
        """Move, and return when that was seen done."""
        self._driver.set(away)
        at = self._clock.now()
        self.settles_at = at + self._move_s
        return at
