"""The journal as an outbox: what a broker has not been told yet, whatever became of the line and the program since."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping

from edge.journal_read import read_runs
from edge.mqtt_parts import SETTLE_S, Over, Parts
from edge.mqtt_streams import Entry, Incidents, Place, States, Stream


class Outbox:
    """All streams of one journal. journal: what tells it from every other journal, the same for ever."""

    def __init__(
        self, db: sqlite3.Connection, *, confirmed: Mapping[str, float] | None = None, settle_s: float = SETTLE_S
    ) -> None:
        """Read from a journal that has a run. confirmed: gate -> seconds that the eye behind it waits for a part."""
        self._db, self._over = db, Over(settle_s)
        self._parts = Parts(db, confirmed=confirmed or {}, settle_s=settle_s, over=self._over)
        self.streams: dict[str, Stream] = {one.name: one for one in (States(db), Incidents(db), self._parts)}
        first = db.execute("SELECT started_at_utc, bundle_sha256 FROM runs ORDER BY run LIMIT 1").fetchone()
        self.journal = hashlib.sha256("/".join(first).encode()).hexdigest()[:12]

    def first(self, run: int | None) -> Place:
        """Return the place before this run, the last one for None."""
        return Place(run or self._db.execute("SELECT max(run) FROM runs").fetchone()[0])

    def hurry(self) -> None:
        """Take a run that says that it has ended at its word."""
        self._over.settle_s = 0.0

    def has(self, run: int) -> bool:
        """Whether the journal holds this run."""
        return any(one.run == run for one in read_runs(self._db, run))

    def due(self, name: str, place: Place, now: float) -> list[Entry]:
        """Return what a stream can tell now, behind a place; now: seconds on any clock that only rises."""
        runs = read_runs(self._db, place.run)
        self._over.last = runs[-1].run if runs else 0
        for run in runs:
            here = place if run.run == place.run else Place(run.run)
            found = self.streams[name].behind(here, run, now)
            if found or not self._over.is_over(run, now):
                return found
        return []

    def waiting(self, place: Place) -> int:
        """Return how many parts are decided and not told, in the run of this place and those behind it."""
        runs = read_runs(self._db, place.run)
        return sum(self._parts.waiting(place if run.run == place.run else Place(run.run), run) for run in runs)
