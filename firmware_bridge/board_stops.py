"""Why a board has stopped, for a person."""

from __future__ import annotations

from edge.incidents import IncidentKind
from edge.stops import ESTOP_PRESSED, Stop
from firmware_bridge.codes import Latch


def lost_board(cause: str) -> Stop:
    """Return what to say of a board that no longer answers, or that fails."""
    return Stop(IncidentKind.LINK_LOST, cause, "look at the board, its supply and its cable, then reset and start")


def latched(reason: Latch, heartbeat_s: float) -> Stop:
    """Return what to say of a board that has stopped by itself."""
    match reason:
        case Latch.ESTOP:
            return Stop(IncidentKind.ESTOP, "the e-stop on the board is pressed", ESTOP_PRESSED.remedy)
        case Latch.HEARTBEAT:
            cause = (
                f"the board has heard nothing from the sorter for {heartbeat_s:g} s and has brought its gates to rest"
            )
            return Stop(IncidentKind.LINK_LOST, cause, "see what keeps the sorter, or its cable, then reset and start")
        case Latch.OVERRUN:
            return lost_board("the board could not close a gate in time and has brought all to rest")
        case _:
            return lost_board("the board has brought its gates to rest")
