"""What happened to the line that a person must know: what, why, what to do, and when."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

MOST_WAITING = 256  # that nobody has taken; each is counted all the same


class IncidentKind(StrEnum):
    """What can happen to a line."""

    BELT_STOPPED = "belt_stopped"
    BELT_SPEED = "belt_speed"
    MOVES_LOST = "moves_lost"
    STEPS_LOST = "steps_lost"


@dataclass(frozen=True)
class Incident:
    """One sentence each for cause and remedy. at: seconds on the machine clock."""

    kind: IncidentKind
    cause: str
    remedy: str
    at: float

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return f"{self.kind.replace('_', ' ')}: {self.cause}; {self.remedy}"


class Incidents:
    """Takes in incidents from any thread, counts them, and hands them to whoever says, records and acts on them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Incident] = deque(maxlen=MOST_WAITING)
        self._counts: Counter[str] = Counter()

    def report(self, incident: Incident) -> None:
        """Take in an incident. When nobody takes them the oldest falls out; the count keeps it."""
        with self._lock:
            self._counts[str(incident.kind)] += 1
            self._waiting.append(incident)

    def take(self) -> list[Incident]:
        """Return the incidents since the last call, the oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def counts(self) -> dict[str, int]:
        """Return how many there were of each kind, since the start."""
        with self._lock:
            return dict(sorted(self._counts.items()))
