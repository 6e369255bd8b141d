"""How a run went, beside its parts: belt, gates, incidents, and the states of the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.states import State
from edge.windows import WindowTally


@dataclass(frozen=True)
class LineSummary:
    """How a run went in terms of belt and gates, beside its parts. incidents: how many of each kind.

    states: the state the line was in at the end, and the seconds in each, where it had states.
    """

    windows: WindowTally
    belt: Mapping[str, Any]
    incidents: Mapping[str, int]
    states: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `run --json` uses."""
        return {
            "windows": self.windows.as_dict(),
            "belt": dict(self.belt),
            "incidents": dict(self.incidents),
            **self.states,
        }

    def sentences(self) -> str:
        """Say it for a person."""
        incidents = ", ".join(f"{kind} {count}" for kind, count in self.incidents.items()) or "none"
        spent = self.states.get("states_s", {})
        states = ", ".join(f"{name} {took_s:.1f} s" for name, took_s in spent.items())
        lines = [self.windows.sentence(), f"incidents: {incidents}"]
        if any(took_s >= 0.1 for name, took_s in spent.items() if name != State.EXECUTE):
            lines.append(f"states: {states}")
        return "\n".join(lines)
