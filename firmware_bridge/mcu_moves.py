"""What a board's gates have done and are to do, as the line sees it: events of the board become moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from edge.clocks import Clock
from edge.gates import MOST_MOVES, GateMove, GateSpec
from edge.openings import Opening, Openings
from firmware_bridge.board_gate import BoardGate
from firmware_bridge.codes import Cause
from firmware_bridge.messages import Closed, Opened


class McuMoves:
    """The gates of one board by name, and the moves that nobody has asked for yet."""

    def __init__(self, specs: Sequence[GateSpec], clock: Clock, host_s: Callable[[int], float]) -> None:
        """host_s: gives the host's moment of a tick."""
        self._clock, self._host_s = clock, host_s
        self.gates: Mapping[str, BoardGate] = {
            spec.name: BoardGate(number, spec, Openings(spec.limits)) for number, spec in enumerate(specs)
        }
        self._moves: deque[GateMove] = deque(maxlen=MOST_MOVES)
        self.lost = 0

    def take(self) -> list[GateMove]:
        """Return the moves since the last call."""
        moves = list(self._moves)
        self._moves.clear()
        return moves

    def opened(self, event: Opened) -> None:
        """Take in that a gate has left rest."""
        gate, at = self._numbered(event.gate), self._host_s(event.tick)
        due_at = self._host_s(event.due)
        if gate.openings.pending and gate.openings.pending[0].part == event.part:
            due_at = gate.openings.pending[0].window.opens_at
            gate.openings.began()
        self._note(GateMove(gate.spec.name, "opened", at, due_at, event.part))

    def closed(self, event: Closed) -> None:
        """Take in that a gate has come to rest."""
        gate, at = self._numbered(event.gate), self._host_s(event.tick)
        due_at = self._host_s(event.due)
        if gate.openings.under_way and gate.openings.pending[0].part == event.part:
            due_at = gate.openings.ended(at).window.closes_at
        gate.told.pop(event.part, None)
        planned = event.cause is Cause.PLANNED
        self._note(GateMove(gate.spec.name, "closed", at, due_at if planned else None, event.part))

    def missed(self, part: int) -> None:
        """Take in that the opening of a part is not made, unless it is under way."""
        for gate in self.gates.values():
            for index, opening in enumerate(gate.openings.pending):
                if opening.part == part and not (gate.openings.under_way and index == 0):
                    self._give_up(gate, gate.openings.give_up(index))
                    return

    def void(self) -> None:
        """Take in that nothing is planned any more; what the board has not said to be closed, it closes by itself."""
        now = self._clock.now()
        for gate in self.gates.values():
            if gate.openings.under_way:
                part = gate.openings.ended(now).part
                self._note(GateMove(gate.spec.name, "closed", now, None, part))
            gate.openings.rest(now)
            gate.told.clear()
            gate.waiting.clear()

    def _give_up(self, gate: BoardGate, opening: Opening) -> None:
        gate.told.pop(opening.part, None)
        gate.waiting.discard(opening.part)
        for one in opening.asked:
            self._note(GateMove(gate.spec.name, "missed", self._clock.now(), one.window.opens_at, one.part))

    def _numbered(self, number: int) -> BoardGate:
        return next(gate for gate in self.gates.values() if gate.number == number)

    def _note(self, move: GateMove) -> None:
        self.lost += len(self._moves) == MOST_MOVES
        self._moves.append(move)
