"""The parts of a journal, in the order of their decisions, each once it is final.

A part's row goes on changing after its decision: its gate moves, an eye confirms it, a stop sends it to reject. So a
part is told once nothing can change any more: it rides to reject, or its gate has closed behind it and the eye there
has spoken, and that for a while; or its run is over. One that is not final holds back those behind it. No clock is
compared with the journal's: only how long this program has seen a row as it is counts, so neither a wrong clock nor a
new start of the computer makes a part final too early.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.journal_read import Run
from edge.mqtt_streams import BATCH, Entry, Place, Stream

SETTLE_S = 1.0
OVERTAKEN_S = 5.0  # a gate moved so long after this part's window: its own move was lost
REACH = 256  # parts are decided out of the order of their numbers, but never by so many
_PARTS = (
    "SELECT part, decided_s, label, score, bin, reason, gate, opens_s, closes_s, opened_s, closed_s, length_mm, "
    f"width_mm, votes, confirmation FROM parts WHERE run = ? AND part > ? ORDER BY part LIMIT {BATCH + REACH}"
)


@dataclass
class Over:
    """Which runs nothing is added to any more: those that another follows, and one that has said so, a while ago.

    last: the newest run. A run that was killed is over when the next one begins.
    """

    settle_s: float = SETTLE_S
    last: int = 0
    _ended_since: dict[int, float] = field(default_factory=dict)

    def is_over(self, run: Run, now: float) -> bool:
        """Whether the run is over. What it still writes while it ends takes no longer than settle_s."""
        if run.run < self.last:
            return True
        if run.ended_because is None:
            return False
        return now - self._ended_since.setdefault(run.run, now) >= self.settle_s


class Parts(Stream):
    """The parts. confirmed: gate -> seconds its eye waits for a part. settle_s: how long a row must stay as it is."""

    name = "part"

    def __init__(
        self, db: sqlite3.Connection, *, confirmed: Mapping[str, float], settle_s: float = SETTLE_S, over: Over
    ) -> None:
        super().__init__(db)
        self._confirmed, self._settle_s, self._over = confirmed, settle_s, over
        self._since: dict[tuple[int, int], tuple[object, float]] = {}

    def behind(self, place: Place, run: Run, now: float) -> list[Entry]:
        over = self._over.is_over(run, now)
        rows = self._db.execute(_PARTS, (run.run, place.number - REACH)).fetchall()
        sure_to = rows[-1]["part"] - REACH if len(rows) == BATCH + REACH else float("inf")
        waiting = [row for row in rows if (row["decided_s"], row["part"]) > (place.order_s, place.number)]
        waiting.sort(key=lambda row: (row["decided_s"], row["part"]))
        moved_s = max((row["closed_s"] for row in rows if row["closed_s"] is not None), default=float("-inf"))
        seen = {(run.run, row["part"]): self._seen(run, row, moved_s, now) for row in waiting}
        self._since = {key: self._since[key] for key in seen}
        found: list[Entry] = []
        for row in waiting:
            if row["part"] > sure_to or not (over or seen[run.run, row["part"]]):
                break
            place = Place(run.run, row["part"], row["decided_s"], place.sequence + 1)
            found.append(Entry(place, _part_facts(row, run)))
        return found

    def waiting(self, place: Place, run: Run) -> int:
        """Return how many parts of this run are decided and not told."""
        rows = self._db.execute(_PARTS, (run.run, place.number - REACH)).fetchall()
        return sum((row["decided_s"], row["part"]) > (place.order_s, place.number) for row in rows)

    def find(self, run: int, number: int, sequence: int) -> Place | None:
        row = self._db.execute("SELECT decided_s FROM parts WHERE run = ? AND part = ?", (run, number)).fetchone()
        return Place(run, number, row["decided_s"], sequence) if row else None

    def _seen(self, run: Run, row: sqlite3.Row, moved_s: float, now: float) -> bool:
        """Whether the row is complete, and has been as it is for long enough."""
        state = tuple(row)
        was, since = self._since.get((run.run, row["part"]), (None, now))
        if was != state:
            since = now
        self._since[run.run, row["part"]] = (state, since)
        return self._is_complete(row, moved_s) and now - since >= self._settle_s

    def _is_complete(self, row: sqlite3.Row, moved_s: float) -> bool:
        gate = row["gate"]
        if gate is None:
            return True
        if row["closes_s"] is not None and moved_s > row["closes_s"] + OVERTAKEN_S + self._confirmed.get(gate, 0.0):
            return True
        return row["closed_s"] is not None and (gate not in self._confirmed or row["confirmation"] is not None)


def _part_facts(row: sqlite3.Row, run: Run) -> dict[str, Any]:
    moved = row["opened_s"] is not None and row["opens_s"] is not None
    return {
        "part": row["part"],
        "decided_at": run.utc(row["decided_s"]),
        "label": row["label"],
        "score": round(row["score"], 6),
        "bin": row["bin"],
        "reason": row["reason"],
        "gate": row["gate"],
        "opened_at": run.utc(row["opened_s"]),
        "gate_error_ms": round(1000 * (row["opened_s"] - row["opens_s"]), 3) if moved else None,
        "length_mm": round(row["length_mm"], 2),
        "width_mm": round(row["width_mm"], 2),
        "votes": row["votes"],
        "confirmation": row["confirmation"],
    }
