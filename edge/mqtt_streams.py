"""What a journal tells, row by row: incidents and changes of state. Parts, which change, are in `edge.mqtt_parts`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.journal_read import Run
from edge.states import State

BATCH = 512  # rows read at once
_INCIDENTS = (
    f"SELECT incident, at_s, kind, sentence FROM incidents WHERE run = ? AND incident > ? ORDER BY 1 LIMIT {BATCH}"
)
_CHANGES = (
    "SELECT change, at_s, before, command, after, cause FROM state_changes WHERE run = ? AND change > ? "
    f"ORDER BY 1 LIMIT {BATCH}"
)


@dataclass(frozen=True)
class Place:
    """How far a stream has been told: the row told last, and that it was the run's `sequence`-th.

    number: the row's own. order_s: what comes before it in the stream's order. Both of nothing before a run's first.
    """

    run: int
    number: int = -1
    order_s: float = float("-inf")
    sequence: int = 0


@dataclass(frozen=True)
class Entry:
    """Something to tell. place: where the stream is once it is told."""

    place: Place
    facts: Mapping[str, Any]


class Stream:
    """One kind of row. Subclasses read those of one run behind a place."""

    name = ""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def behind(self, place: Place, run: Run, now: float) -> list[Entry]:
        """Return what of this run can be told now, the first of it first. now: seconds on any clock that only rises."""
        raise NotImplementedError

    def find(self, run: int, number: int, sequence: int) -> Place | None:
        """Return the place at a row, None when the journal holds no such row."""
        raise NotImplementedError


class Incidents(Stream):
    """What happened to the line."""

    name = "incident"

    def behind(self, place: Place, run: Run, now: float) -> list[Entry]:
        found = []
        for row in self._db.execute(_INCIDENTS, (run.run, place.number)).fetchall():
            place = Place(run.run, row["incident"], sequence=place.sequence + 1)
            facts = {"incident": row["incident"], "at": run.utc(row["at_s"])}
            found.append(Entry(place, facts | {"kind": row["kind"], "sentence": row["sentence"]}))
        return found

    def find(self, run: int, number: int, sequence: int) -> Place | None:
        row = self._db.execute("SELECT 1 FROM incidents WHERE run = ? AND incident = ?", (run, number)).fetchone()
        return Place(run, number, sequence=sequence) if row else None


class States(Stream):
    """The line's states. A run begins in Idle, which no row says."""

    name = "state"

    def behind(self, place: Place, run: Run, now: float) -> list[Entry]:
        found = []
        if place.sequence == 0:
            place = Place(run.run, 0, sequence=1)
            facts = {"at": run.utc(run.started_s), "state": str(State.IDLE), "before": None, "command": None}
            found.append(Entry(place, {"change": 0, **facts, "cause": "the program was started"}))
        for row in self._db.execute(_CHANGES, (run.run, place.number)).fetchall():
            place = Place(run.run, row["change"], sequence=place.sequence + 1)
            facts = {"at": run.utc(row["at_s"]), "state": row["after"], "before": row["before"]}
            facts |= {"command": row["command"], "cause": row["cause"]}
            found.append(Entry(place, {"change": row["change"], **facts}))
        return found

    def find(self, run: int, number: int, sequence: int) -> Place | None:
        if number == 0 and sequence == 1:
            statement, values = "SELECT 1 FROM runs WHERE run = ?", (run,)
        else:
            statement, values = "SELECT 1 FROM state_changes WHERE run = ? AND change = ?", (run, number)  # type: ignore[assignment]
        return Place(run, number, sequence=sequence) if self._db.execute(statement, values).fetchone() else None
