"""What must hold of a chunk of a proof, and how its parts are counted.

Where a line ended before its time, the parts it left on the belt are counted apart: `cut_short` had a row that sends
them into a bin, and no gate moved for them any more, or none had and the end came before a next frame, with which the
row would have been told so; `undecided` were in hand and have no row. Both must have ridden on to reject.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge.accounts import CUT_MM, accounts
from edge.belt import arrival, position_mm
from edge.chunks import Chunk
from edge.counted import counted
from edge.emulated_belt import Fate, FedPart
from edge.faults import Faults
from edge.line_report import line_report, records_of
from edge.lived import FirstEnd, Lived
from edge.machine import Machine
from edge.parts import REJECT_BIN
from edge.pin_witness import PinWitness, violations

MOST_SENTENCES = 20  # of what is wrong; all of it is counted

SUMS = (
    "fed",
    "sorted_right",
    "wrong_by_model",
    "wrong_by_runtime",
    "own_row",
    "in_another_row",
    "unseen",
    "cut_short",
    "undecided",
    "unaccounted",
    "limit_violations",
    "struck",
    "struck_on_steady_belt",
)  # in the order in which they are printed


@dataclass(frozen=True)
class ChunkResult:
    """What came of a chunk. sums: by SUMS. wrong: a sentence for each thing that must not be."""

    chunk: Chunk
    sums: Mapping[str, int]
    rejected: Counter[str]
    faults: Counter[str]
    wrong: tuple[str, ...]


def broken_off(chunk: Chunk, why: str) -> ChunkResult:
    """Return that a chunk did not come to its end."""
    return ChunkResult(chunk, {}, Counter(), Counter(), (f"{_name(chunk)} ended with {why}",))


def judged(chunk: Chunk, machine: Machine, lived: Lived, faults: Faults, witness: PinWitness) -> ChunkResult:
    """Count the parts, and say what is wrong."""
    counts = Counter(faults.counts)
    counts["belt_stopped"] += lived.stops
    cut, ended, rows = _without_cut_short(machine, lived, faults.frames_at)
    report = line_report(ended, rows, machine.bins)
    in_hand = _in_hand(machine, lived, faults.frames_at)
    given = accounts(lived.ended, lived.rows, faults.frames_at, lived.moving, machine.camera.view_mm, in_hand)
    beyond = _beyond_limits(machine, lived, witness)
    wrong_by_runtime = report.wrong_by_runtime + report.strays
    stopped = lived.stops or counts["estop_pressed"] or counts["line_stopped"]
    struck = 0 if stopped else sum(fate.struck and not _at_first_end(machine, lived, part) for part, fate in ended)
    sums = dict(
        fed=len(lived.ended),
        sorted_right=report.sorted_right,
        wrong_by_model=report.sorted_wrong - min(report.sorted_wrong, wrong_by_runtime),
        wrong_by_runtime=wrong_by_runtime,
        own_row=given.own_row,
        in_another_row=given.in_another_row,
        unseen=given.unseen,
        cut_short=cut,
        undecided=given.undecided,
        unaccounted=len(given.unaccounted),
        limit_violations=len(beyond),
        struck=report.struck,
        struck_on_steady_belt=struck,
    )
    wrong = [*given.unaccounted, *beyond, *(lived.first_end.broken if lived.first_end else ())]
    if struck:
        wrong.insert(0, f"{counted(struck, 'part')} at a gate while it moved, on a steady belt")
    if wrong_by_runtime:
        wrong.insert(0, f"{counted(wrong_by_runtime, 'part')} ended elsewhere than decided")
    if lived.because != "no more frames":
        wrong.insert(0, f"the run ended because: {lived.because}")
    sentences = tuple(f"{_name(chunk)}: {one}" for one in wrong[:MOST_SENTENCES])
    return ChunkResult(chunk, sums, Counter(report.rejected), counts, sentences)


def _name(chunk: Chunk) -> str:
    return f"chunk {chunk.index} (its seed {chunk.seed})"


def _without_cut_short(
    machine: Machine, lived: Lived, frames_at: list[float]
) -> tuple[int, list[tuple[FedPart, Fate]], list[sqlite3.Row]]:
    """Count the parts whose gate the first end kept from moving; return the others, and the rows of the others."""
    first = lived.first_end
    if first is None:
        return 0, list(lived.ended), list(lived.rows)
    noted_at = _noted_at(first, frames_at)
    records = records_of([part for part, _ in lived.ended], lived.rows)
    cut = {
        part.number: id(records[part.number])
        for part, fate in lived.ended
        if part.number in records and _is_cut_short(machine, lived, noted_at, first, part, fate, records[part.number])
    }
    ended = [(part, fate) for part, fate in lived.ended if part.number not in cut]
    return len(cut), ended, [row for row in lived.rows if id(row) not in set(cut.values())]


def _is_cut_short(
    machine: Machine, lived: Lived, noted_at: float, first: FirstEnd, part: FedPart, fate: Fate, row: sqlite3.Row
) -> bool:
    """Whether it was decided for a gate, and was not there yet when the first life last wrote what gates had done."""
    if fate.bin != REJECT_BIN or row["bin"] == REJECT_BIN or part.number > first.fed:
        return False
    if row["closed_s"] is not None and row["closed_s"] < first.at:
        return False
    travel_mm = next(gate.travel_mm for gate in machine.gates if gate.name == row["gate"])
    return arrival(part.mark_mm, travel_mm + machine.decision.guard_mm, lived.moving) > noted_at


def _in_hand(machine: Machine, lived: Lived, frames_at: list[float]) -> set[int]:
    """Return the parts that the first life may have seen and need not have decided.

    A part is decided in the last frame that shows its front.
    """
    first = lived.first_end
    if first is None or first.frames < 2:
        return set()
    seen_at, reach_mm = _noted_at(first, frames_at), machine.camera.view_mm / 2 + CUT_MM
    return {
        part.number
        for part, _ in lived.ended[: first.fed]
        if position_mm(part.mark_mm, seen_at, lived.moving) + part.length_mm / 2 < reach_mm
    }


def _noted_at(first: FirstEnd, frames_at: list[float]) -> float:
    """Return when the frame was taken with which the first life surely wrote into the record for the last time.

    Of the last frame the line was given it may have done nothing yet, so that is one of the frames before.
    """
    return frames_at[first.frames - 2] if first.frames >= 2 else float("-inf")


def _at_first_end(machine: Machine, lived: Lived, part: FedPart) -> bool:
    """Whether the part was at a gate when the end of the first life brought the gates to rest."""
    if lived.first_end is None:
        return False
    at, half_mm = lived.first_end.at, part.length_mm / 2
    return any(
        arrival(part.mark_mm - half_mm, gate.travel_mm, lived.moving) < at + gate.lead_ms / 1000
        and at + gate.lag_ms / 1000 < arrival(part.mark_mm + half_mm, gate.travel_mm, lived.moving)
        for gate in machine.gates
    )


def _beyond_limits(machine: Machine, lived: Lived, witness: PinWitness) -> list[str]:
    """Return what every pin did beyond its gate's limits; each life's gates know nothing of the other's."""
    found = []
    first_at = lived.first_end.at if lived.first_end else float("-inf")
    for gate in machine.gates:
        changes = witness.of_gate(gate)
        before = [one for one in changes if one[0] <= first_at]
        found += violations(gate, before, first_at)
        found += violations(gate, changes[len(before) :], lived.ended_at)
    return found
