"""What a line tells, made up for tests."""

from __future__ import annotations

from edge.line_told import Condition, IncidentTold, LineFacts, PartTold, Pixels, Standing, Totals
from edge.states import Command, State

LABELS = ("coin", "nut")


def facts(**changes):
    """Return the facts of a small line that began at 100 s."""
    known = {
        "run": 1,
        "labels": LABELS,
        "bins": LABELS,
        "bundle_sha256": "b" * 64,
        "machine_sha256": "m" * 64,
        "camera": "emulated",
        "speed_mm_s": 150.0,
        "started_at": 100.0,
        "start_wall_s": 1_700_000_000.0,
    }
    return LineFacts(**{**known, **changes})


def part(number, at=101.0, **changes):
    """Return a part that was sorted into coin."""
    known = {
        "part": number,
        "at": at,
        "label": "coin",
        "score": 0.99,
        "scores": (0.99, 0.01),
        "bin": "coin",
        "reason": "sorted",
        "latency_ms": 12.5,
        "doubtful": False,
        "crop": Pixels(2, 2, bytes(12)),
    }
    return PartTold(**{**known, **changes})


def jam(at=105.0):
    """Return a jam as an incident, and as something that stands."""
    told = IncidentTold(at, "jam", "the photo-eye is blocked", "clear the belt")
    return told, Standing(told.kind, told.cause, told.remedy, at)


def condition(at=101.0, state=State.EXECUTE, standing=(), since=100.0):
    """Return how a line is."""
    can = {State.EXECUTE: (Command.HOLD, Command.STOP), State.HELD: (Command.START, Command.STOP)}
    return Condition(at, state, since, can.get(state, (Command.START,)), tuple(standing))


def totals(at, parts, frames):
    """Return totals with all parts in coin."""
    return Totals(at, frames, parts, {"coin": parts}, {"sorted": parts})
