"""What happened to the line that a person must know: what, why, what to do, and when."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

MOST_WAITING = 256  # that nobody has taken; each is counted all the same


class IncidentKind(StrEnum):
    """What can happen to a line. What each does is a rule of the machine file; docs/incidents.md describes them."""

    ESTOP = "estop"
    CAMERA_STALLED = "camera_stalled"
    FRAME_RATE_LOW = "frame_rate_low"
    BELT_STOPPED = "belt_stopped"
    BELT_SPEED = "belt_speed"
    JAM = "jam"
    NO_FLOW = "no_flow"
    BIN_FULL = "bin_full"
    CONFIRM_MISMATCH = "confirm_mismatch"
    CONSECUTIVE_FAILURES = "consecutive_failures"
    CONFIDENCE_DRIFT = "confidence_drift"
    SHARPNESS_DRIFT = "sharpness_drift"
    MIX_DRIFT = "mix_drift"
    BRIGHTNESS_DRIFT = "brightness_drift"
    PATCH_DRIFT = "patch_drift"
    CLOCK_JUMP = "clock_jump"
    HOT = "hot"
    UNDER_VOLTAGE = "under_voltage"
    DISK_NEARLY_FULL = "disk_nearly_full"
    LINK_LOST = "link_lost"
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
        self._to_judge: deque[Incident] = deque(maxlen=MOST_WAITING)
        self._counts: Counter[str] = Counter()

    def report(self, incident: Incident) -> None:
        """Take in an incident. When nobody takes them the oldest falls out; the count keeps it."""
        with self._lock:
            self._counts[str(incident.kind)] += 1
            self._waiting.append(incident)
            self._to_judge.append(incident)

    def take(self) -> list[Incident]:
        """Return the incidents since the last call, the oldest first."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def take_to_judge(self) -> list[Incident]:
        """Return the incidents since the last call of this, for whoever does what the rules say of them."""
        with self._lock:
            waiting = list(self._to_judge)
            self._to_judge.clear()
        return waiting

    def counts(self) -> dict[str, int]:
        """Return how many there were of each kind, since the start."""
        with self._lock:
            return dict(sorted(self._counts.items()))


class Conditions:
    """What is wrong with the line now. Each is an incident when it begins, not again while it lasts."""

    def __init__(self, incidents: Incidents) -> None:
        self._incidents = incidents
        self.standing: dict[str, Incident] = {}

    def update(self, name: str, incident: Incident | None) -> None:
        """Take in whether the condition of this name holds: None when it does not."""
        if incident is None:
            self.standing.pop(name, None)
        elif name not in self.standing:
            self.standing[name] = incident
            self._incidents.report(incident)
