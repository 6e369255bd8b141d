"""How many parts of a run went where, as far as they have been told."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

from edge.mqtt_streams import Place
from edge.parts import REJECT_BIN

_PARTS = (
    "SELECT bin, reason, count(*) AS parts FROM parts WHERE run = ? "
    "AND (decided_s < ? OR (decided_s = ? AND part <= ?)) GROUP BY bin, reason"
)
_INCIDENTS = "SELECT kind, count(*) AS incidents FROM incidents WHERE run = ? AND incident <= ? GROUP BY kind"


class Counts:
    """The counts of the newest run that anything was told of. What is told again is not counted again."""

    def __init__(self, db: sqlite3.Connection, places: Mapping[str, Place]) -> None:
        """Begin with what had been told up to these places, of streams by name."""
        self._places = dict(places)
        self.run = max(place.run for place in places.values())
        self._bins, self._rejected, self._incidents = Counter[str](), Counter[str](), Counter[str]()
        part, incident = places["part"], places["incident"]
        if part.run == self.run:
            for row in db.execute(_PARTS, (self.run, part.order_s, part.order_s, part.number)).fetchall():
                self._count(row["bin"], row["reason"], row["parts"])
        if incident.run == self.run:
            for row in db.execute(_INCIDENTS, (self.run, incident.number)).fetchall():
                self._incidents[row["kind"]] = row["incidents"]

    def told(self, name: str, place: Place, facts: Mapping[str, Any]) -> None:
        """Count what was told in a stream."""
        before = self._places[name]
        if (place.run, place.sequence) <= (before.run, before.sequence):
            return
        self._places[name] = place
        if place.run > self.run:
            self.run = place.run
            for counts in (self._bins, self._rejected, self._incidents):
                counts.clear()
        if place.run == self.run and name == "part":
            self._count(facts["bin"], facts["reason"], 1)
        elif place.run == self.run and name == "incident":
            self._incidents[facts["kind"]] += 1

    def facts(self) -> dict[str, Any]:
        """Return them as they are told. rejected: by reason."""
        return {
            "run": self.run,
            "parts": self._bins.total(),
            "sorted": self._bins.total() - self._bins[REJECT_BIN],
            "bins": dict(sorted(self._bins.items())),
            "rejected": dict(sorted(self._rejected.items())),
            "incidents": dict(sorted(self._incidents.items())),
        }

    def _count(self, bin_name: str, reason: str, parts: int) -> None:
        self._bins[bin_name] += parts
        if bin_name == REJECT_BIN:
            self._rejected[reason] += parts
