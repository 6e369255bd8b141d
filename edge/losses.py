"""What was not recorded or timed of gates and belt: told as an incident each time there is more of it."""

from __future__ import annotations

from edge.clocks import Clock
from edge.incidents import Incident, IncidentKind, Incidents


class Losses:
    """Compares counts that only grow with those of the last time."""

    def __init__(self, incidents: Incidents, clock: Clock) -> None:
        self._incidents, self._clock = incidents, clock
        self._moves = self._steps = 0

    def moves(self, known: int) -> None:
        """Tell of moves of gates that nobody took in time. known: so many since the start."""
        lost, self._moves = known - self._moves, known
        if lost:
            self._report(
                IncidentKind.MOVES_LOST,
                f"{lost} moves of gates were made and not recorded, because the sorter did not ask for them in time",
                "see what keeps the sorter: a slower frame rate or a quicker model helps",
            )

    def steps(self, known: int) -> None:
        """Tell of steps of the encoder that were counted without their moment. known: so many since the start."""
        lost, self._steps = known - self._steps, known
        if lost:
            self._report(
                IncidentKind.STEPS_LOST,
                f"the encoder made {lost} steps more than could be timed; they are counted all the same",
                "use an encoder with fewer steps, or see what keeps the computer",
            )

    def _report(self, kind: IncidentKind, cause: str, remedy: str) -> None:
        self._incidents.report(Incident(kind, cause, remedy, self._clock.now()))
