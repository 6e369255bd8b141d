"""What a panel's switches and eyes show, as conditions of the line and as words for its record."""

from __future__ import annotations

from collections.abc import Iterable

from edge.confirm import Confirmation
from edge.incidents import Conditions, Incident, IncidentKind
from edge.panel import Panel
from edge.transit import Caught


def full_bins(panel: Panel, conditions: Conditions, now: float) -> frozenset[str]:
    """Look at the switches; return the bins that are full, each of which is a condition."""
    full = []
    for name, switch in panel.bins.items():
        switch.look(now)
        cause, remedy = f"bin {name!r} is full, so its parts go to reject", "empty it"
        incident = Incident(IncidentKind.BIN_FULL, cause, remedy, now) if switch.active else None
        conditions.update(f"bin {name!r} is full", incident)
        full += [name] if switch.active else []
    return frozenset(full)


def confirmations(
    panel: Panel, conditions: Conditions, caught: Iterable[Caught], now: float, *, executing: bool
) -> list[Confirmation]:
    """Compare what fell past the eyes behind the gates with what the gates were away for."""
    words: list[Confirmation] = []
    for one in caught:
        if one.gate in panel.confirm:
            panel.confirm[one.gate].expect(one)
    for gate, eye in panel.confirm.items():
        words += eye.look(now)
        incident = None
        if eye.mismatch:
            remedy = "look into the bin and at the eye; measure the gate's lag again: edge-sort calibrate gate"
            incident = Incident(IncidentKind.CONFIRM_MISMATCH, f"gate {gate!r}: {eye.mismatch}", remedy, now)
        conditions.update(f"what falls behind gate {gate!r}", incident)
        if not executing:
            eye.mismatch = None  # no part will show that it agrees again
    return words
