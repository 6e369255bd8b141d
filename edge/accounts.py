"""Every part fed has exactly one account: its own row, a neighbour's row it lies in, or no frame that showed it whole.

The accounts are given from what the world knows: where each part lay, how the belt really moved, and which frames the
line was given. They ask nothing of the sorter but its journal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Sequence
from dataclasses import dataclass

from edge.belt import Belt
from edge.emulated_belt import Fate, FedPart
from edge.line_report import records_of
from edge.parts import REJECT_BIN

CUT_MM = 9.0  # a part this near the picture's end may be taken for one the end cuts: a shadow is up to 8 mm long
ENOUGH_FRAMES = 1  # that show a part whole: from here on the line must have a row for it


@dataclass(frozen=True)
class Accounts:
    """How many parts have each account. unaccounted: a sentence for each part, and for each row, that has none.

    own_row: it has a row of its own. in_another_row: it lies within the row of a neighbour, which was rejected with
    it. unseen: the line was given no frame that showed it whole, and it rode on to reject. undecided: the line ended
    with this part in hand, and it rode on to reject.
    """

    own_row: int
    in_another_row: int
    unseen: int
    unaccounted: tuple[str, ...]
    undecided: int = 0


def accounts(
    ended: Sequence[tuple[FedPart, Fate]],
    rows: Sequence[sqlite3.Row],
    frames_at: Sequence[float],
    moving: Belt,
    view_mm: float,
    in_hand: Container[int] = frozenset(),
) -> Accounts:
    """Give every part its account. frames_at: when the frames were taken that the line was given. moving: the belt.

    in_hand: the numbers of the parts that a line may have had in hand when it ended.
    """
    records = records_of([part for part, _ in ended], rows)
    places = [moving.travelled_mm(at) for at in frames_at]
    in_another = unseen = undecided = 0
    missing = []
    known = {id(row) for row in records.values()}  # not by part: another run has the same numbers
    for part, fate in ended:
        if fate.bin is None:
            missing.append(f"part {part.number} ({part.label}) is still on the belt at the end")
        if part.number in records:
            continue
        if fate.bin == REJECT_BIN and _in_rejected_row(part, rows):
            in_another += 1
            known |= {id(row) for row in rows if _covers(row, part)}
        elif fate.bin == REJECT_BIN and _frames_whole(part, places, view_mm) < ENOUGH_FRAMES:
            unseen += 1
        elif fate.bin == REJECT_BIN and part.number in in_hand:
            undecided += 1
        else:
            frames = _frames_whole(part, places, view_mm)
            missing.append(
                f"part {part.number} ({part.label}, mark {part.mark_mm:.1f} mm) has no row, was whole in {frames} "
                f"frames and ended in {fate.bin!r}"
            )
    missing += [
        f"row {row['part']} (mark {row['mark_mm']:.1f} mm, {row['reason']}) is of no part fed, or of one that has a row"
        for row in rows
        if id(row) not in known
    ]
    return Accounts(len(records), in_another, unseen, tuple(missing), undecided)


def _in_rejected_row(part: FedPart, rows: Sequence[sqlite3.Row]) -> bool:
    return any(
        abs(part.mark_mm - row["mark_mm"]) < (part.length_mm + row["length_mm"]) / 2 and row["bin"] == REJECT_BIN
        for row in rows
    )


def _covers(row: sqlite3.Row, part: FedPart) -> bool:
    """Whether a rejected row, in which several parts were taken for one, holds this part's centre."""
    return bool(row["bin"] == REJECT_BIN and abs(part.mark_mm - row["mark_mm"]) < row["length_mm"] / 2)


def _frames_whole(part: FedPart, places: Sequence[float], view_mm: float) -> int:
    reach_mm = view_mm / 2 - part.length_mm / 2 - CUT_MM
    return sum(abs(place - part.mark_mm) < reach_mm for place in places)
