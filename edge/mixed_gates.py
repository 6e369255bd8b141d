"""Gates that are moved in different ways, as one: each by whoever can, all at rest together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge.gate_limits import Window
from edge.gates import GateMove, Gates, all_of
from edge.parts import Reason
from edge.stops import Stop


class MixedGates:
    """The gates of several `Gates`. When one of these stops, the others are brought to rest."""

    def __init__(self, parts: Sequence[tuple[Gates, Sequence[str]]]) -> None:
        """parts: gates, and the names of those that they move."""
        self._parts = [gates for gates, _names in parts]
        self._by_name = {name: gates for gates, names in parts for name in names}
        self._all_rest = False

    @property
    def moves_lost(self) -> int:
        """How many moves nobody fetched in time, so far."""
        return sum(gates.moves_lost for gates in self._parts)

    @property
    def stopped(self) -> Stop | None:
        """What has stopped any of them."""
        return next((gates.stopped for gates in self._parts if gates.stopped), None)

    def rearm(self) -> bool:
        """Let gates move again. Returns False while any of them cannot."""
        return all([gates.rearm() for gates in self._parts])

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        self._by_name[gate].move_at(gate, window, part, hold=hold)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned."""
        return self._by_name[gate].replan(gate, windows)

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call, in order; when one of them has stopped, the others rest too."""
        moves = [move for gates in self._parts for move in gates.poll(alive=alive)]
        if self.stopped and not self._all_rest:
            all_of(self._parts, lambda gates: None if gates.stopped else gates.rest())
        self._all_rest = self.stopped is not None
        return sorted(moves, key=lambda move: move.at)

    def rest(self) -> None:
        """Bring every gate to rest now, whatever happens to one of them."""
        all_of(self._parts, lambda gates: gates.rest())

    def close(self) -> None:
        """Bring every gate to rest and release what moves them, whatever happens to one of them."""
        all_of(self._parts, lambda gates: gates.close())
