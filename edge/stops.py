"""What stops gates by itself: the e-stop, or a board that was lost. Only a reset lets them move again."""

from __future__ import annotations

from dataclasses import dataclass

from edge.incidents import IncidentKind


@dataclass(frozen=True)
class Stop:
    """Why every gate is at rest, and what to do before a reset, a sentence each."""

    kind: IncidentKind
    cause: str
    remedy: str


STOPS = {
    IncidentKind.ESTOP: "the e-stop is pressed or was not reset",
    IncidentKind.LINK_LOST: "the board was lost and was not reset",
}
"""The kinds of incident that stop gates, which no rule of the machine file makes less of; and the condition of each."""

ESTOP_PRESSED = Stop(
    IncidentKind.ESTOP,
    "the e-stop's circuit is open, so every gate is at rest",
    "make sure that nobody is in danger, release it, then reset and start",
)
