"""Openings that a board had no room for: told again when there is some, given up when their moment has come."""

from __future__ import annotations

from collections.abc import Iterable

from edge.openings import Opening
from firmware_bridge.board_gate import BoardGate
from firmware_bridge.codes import Status
from firmware_bridge.messages import Closed, Missed
from firmware_bridge.session import Done


class McuRoom:
    """How many openings a board has room for, as far as it has told, and who waits for that."""

    def __init__(self, gates: Iterable[BoardGate]) -> None:
        """gates: of the board, which all share its room."""
        self._gates = tuple(gates)
        self._free = 0

    def hear(self, heard: object) -> None:
        """Take in what the board has said of its room."""
        match heard:
            case Done(status=Status.QUEUE_FULL):
                self._free = 0
            case Done(free=free):
                self._free = free
            case Closed() | Missed():
                self._free += 1

    def refused(self, gate: BoardGate, part: int) -> None:
        """Take in that there was none for this opening."""
        gate.told.pop(part, None)
        gate.waiting.add(part)

    def overdue(self, now: float) -> list[int]:
        """Return the parts whose openings should have begun while they waited."""
        return [one.part for _gate, one in self._waiting() if one.window.opens_at <= now]

    def let_in(self) -> list[BoardGate]:
        """Let as many openings be told again as there is room for, the next ones first. Returns their gates."""
        let = self._waiting()[: self._free]
        for gate, opening in let:
            gate.waiting.discard(opening.part)
        self._free -= len(let)
        return [gate for gate in self._gates if any(gate is one for one, _opening in let)]

    def _waiting(self) -> list[tuple[BoardGate, Opening]]:
        waiting = [
            (gate, opening) for gate in self._gates for opening in gate.openings.pending if opening.part in gate.waiting
        ]
        return sorted(waiting, key=lambda one: one[1].window.opens_at)
