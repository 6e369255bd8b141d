"""Gates whose moves a pretend belt sees."""

from __future__ import annotations

from array import array

from edge.clocks import Clock
from edge.emulated_belt import EmulatedBelt
from edge.emulated_contacts import EmulatedFalls
from edge.gates import GateMove, Gates, WrappedGates
from edge.line_report import error_percentiles
from edge.pin_gate import Kind


class WatchedGates(WrappedGates):
    """Gates whose moves the emulated belt sees too."""

    def __init__(self, gates: Gates, belt: EmulatedBelt, clock: Clock, falls: EmulatedFalls | None = None) -> None:
        super().__init__(gates)
        self._belt, self._clock, self._falls = belt, clock, falls
        self._errors_ms = array("d")  # not the moves themselves: a shift has a hundred thousand
        self.last: dict[str, Kind] = {}

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        moves = super().poll(alive=alive)
        for move in moves:
            self._belt.note(move)
            self.last[move.gate] = move.kind
            if move.due_at is not None:
                self._errors_ms.append(abs(move.at - move.due_at) * 1000)
        if self._falls is not None:
            self._falls.serve(self._clock.now())
        return moves

    def error_ms(self) -> dict[str, float | None]:
        """Return how far from their due moments the gates moved."""
        return error_percentiles(self._errors_ms)
