"""What the board's pins did to the parts on the recorded belt, by nothing but their edges and the belt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from edge.emulated_belt import fates
from edge.gates import GateMove
from edge.line_report import LineReport, line_report
from edge.machine import GateTable, Machine
from tests.emulated_pi.guest_clock import seconds
from tests.emulated_pi.machine import EmulatedPi
from tests.emulated_pi.pico import PinChange
from tests.emulated_pi.recorded_belt import RecordedBelt


def clock_inside(pi: EmulatedPi) -> tuple[float, float]:
    """Return by how much, at least and at most, the monotonic clock inside is behind the chip's counter."""
    before = seconds(pi.monitor)
    inside = pi.now()
    return before - inside, seconds(pi.monitor) - inside


def moves_of(machine: Machine, changes: Iterable[PinChange], behind_s: float) -> list[GateMove]:
    """Return the edges of a machine's gates as moves on the clock inside; a pin that nothing drives is at rest."""
    gates = {gate.pin: gate for gate in machine.gates}
    return [
        GateMove(gates[one.pin].name, "opened" if away(gates[one.pin], one) else "closed", one.at - behind_s, None, 0)
        for one in changes
        if one.pin in gates
    ]


def away(gate: GateTable, change: PinChange) -> bool:
    """Whether a change of its pin sent a gate away."""
    return change.level is gate.active_high


def told_wrong_s(moves: Sequence[GateMove], rows: Iterable[Mapping[str, Any]]) -> float:
    """Return how far apart edges and what a record says of them are, but for what all are apart: two clocks' zero.

    Parts that a gate stayed away for have its edges in common.
    """
    told = {(row["gate"], kind, row[f"{kind}_s"]) for row in rows for kind in ("opened", "closed")}
    edges = [move for index, move in enumerate(moves) if move.kind == "opened" or _ends_one(moves[:index], move)]
    apart = []
    for edge in edges:
        own = [edge.at - at for gate, kind, at in told if (gate, kind) == (edge.gate, edge.kind) and at is not None]
        apart.append(min(own, key=abs))
    assert len(edges) == sum(at is not None for _gate, _kind, at in told)
    return max(apart) - min(apart)


def _ends_one(before: Sequence[GateMove], move: GateMove) -> bool:
    """Whether a gate was away before this move."""
    last = next((one for one in reversed(before) if one.gate == move.gate), None)
    return last is not None and last.kind == "opened"


def what_became_of_them(
    recorded: RecordedBelt, moves: Sequence[GateMove], rows: Sequence[Mapping[str, Any]], marks_mm: Sequence[float]
) -> LineReport:
    """Let the recorded belt run by gates that moved so, and compare with a run's record of it.

    marks_mm: of the same parts as the rows, by the recording's clock.
    """
    later_mm = median(row["mark_mm"] - mark for row, mark in zip(rows, marks_mm, strict=True))
    later_s = later_mm / recorded.machine.belt.speed_mm_s
    for move in moves:
        recorded.belt.note(GateMove(move.gate, move.kind, move.at - later_s, None, 0))
    then = [{**row, "mark_mm": row["mark_mm"] - later_mm} for row in rows]
    return line_report(fates(recorded.belt, float("inf")), then, recorded.machine.bins)  # type: ignore[arg-type]
