"""One gate of a board: what is planned for it, what the board has been told of that, and how the two are made one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.gate_limits import Window
from edge.gates import GateSpec
from edge.openings import Openings
from firmware_bridge.clock_sync import WRAP
from firmware_bridge.messages import Cancel, Plan, Replan, SetGate
from firmware_bridge.wire import Command

SAME_US = 50  # a moment that changes by less is not sent again
MARGIN = 1e-3  # by which the board's limits are wider than the line's: two clocks never agree on a millisecond

Ticks = tuple[int, int]
"""When an opening begins and ends, in 32 bits of the board's microseconds."""


@dataclass
class BoardGate:
    """A gate by its number on the board.

    told: part -> ticks, as the board has been told of openings not yet over. waiting: parts of openings that the board
    has had no room for; it is not told of them again while they are here.
    """

    number: int
    spec: GateSpec
    openings: Openings
    told: dict[int, Ticks] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)

    def setting(self) -> SetGate:
        """Return what the board must know of the gate."""
        limits = self.spec.limits
        return SetGate(
            gate=self.number,
            pin=self.spec.pins.pin,
            resting_level=0 if self.spec.pins.active_high else 1,
            max_on=round(limits.max_on_ms * 1000 * (1 + MARGIN)),
            min_off=round(limits.min_off_ms * 1000 * (1 - MARGIN)),
            late=round(limits.late_ms * 1000),
        )

    def changes(self, ticks: Callable[[Window], Ticks]) -> list[Command]:
        """Return what the board must be told now, and take it for told.

        What is gone comes first, then openings that move: earlier ones from the front, later ones from the back, so
        that none is in another's way.
        """
        self.waiting &= {opening.part for opening in self.openings.pending}
        wanted = {one.part: ticks(one.window) for one in self.openings.pending if one.part not in self.waiting}
        gone = [part for part in self.told if part not in wanted]
        moved = [part for part in wanted if part in self.told and _differ(self.told[part], wanted[part])]
        later = [part for part in moved if (wanted[part][0] - self.told[part][0]) % WRAP < WRAP // 2]
        in_order = [part for part in moved if part not in later] + later[::-1]
        new = [part for part in wanted if part not in self.told]
        self.told = {
            part: self.told[part] if part in self.told and part not in moved else wanted[part] for part in wanted
        }
        return [
            *(Cancel(part) for part in gone),
            *(Replan(part, *wanted[part]) for part in in_order),
            *(Plan(self.number, *wanted[part], part) for part in new),
        ]


def _differ(told: Ticks, wanted: Ticks) -> bool:
    return any(SAME_US < (new - old) % WRAP < WRAP - SAME_US for old, new in zip(told, wanted, strict=True))
