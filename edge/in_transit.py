"""The parts on their way to a gate: what a gate's move means for each, and how each ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge.belt import Belt
from edge.clocks import Clock
from edge.gate_limits import Window
from edge.gates import GateMove
from edge.parts import Reason
from edge.transit import Caught, InTransit, Replanned, deviation, ends
from edge.windows import WindowTally

MOST_IN_TRANSIT = 1024


class PartsInTransit:
    """Whoever plans adds a part; it leaves when its opening is judged, or when it is lost. Not for several threads."""

    def __init__(self, belt: Belt, clock: Clock, tolerance_mm: float) -> None:
        self._belt, self._clock = belt, clock
        self._parts: dict[int, InTransit] = {}
        self._changes: list[Replanned] = []
        self._caught: deque[Caught] = deque(maxlen=MOST_IN_TRANSIT)
        self.tally = WindowTally(tolerance_mm)

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, one: InTransit) -> None:
        """Take in a part whose opening has been planned."""
        self._parts[one.part] = one

    def get(self, part: int | None) -> InTransit | None:
        """Return the part of this number, if it is on its way."""
        return None if part is None else self._parts.get(part)

    def of(self, part: int) -> InTransit:
        """Return the part of this number. KeyError when it is not on its way."""
        return self._parts[part]

    def take_changes(self) -> list[Replanned]:
        """Return what became of parts since the last call."""
        changes, self._changes = self._changes, []
        return changes

    def take_caught(self) -> list[Caught]:
        """Return the parts that a gate was away for while they passed it, since the last call."""
        caught = list(self._caught)
        self._caught.clear()
        return caught

    def waiting(self) -> list[InTransit]:
        """Return the parts whose opening has not ended, in the belt's order."""
        waiting = (one for one in self._parts.values() if one.closed_at is None)
        return sorted(waiting, key=lambda one: one.mark_mm)

    def lose(self, one: InTransit, reason: Reason) -> None:
        """Give a part up: it rides to reject."""
        self.tally.lost()
        del self._parts[one.part]
        self._changes.append(Replanned(one.part, None, reason))

    def purge(self) -> None:
        """Give up every part, also one whose gate was away already, unless that has surely caught it.

        Nothing is sure of a gate that has not told its opening, as of one that came to rest unasked before it was due.
        """
        now, speed_mm_s = self._clock.now(), self._belt.speed_mm_s
        away = {one.place.gate for one in self.waiting() if one.opened_at is not None}
        for one in list(self._parts.values()):
            rested_at = now if one.closed_at is None else one.closed_at
            reached_mm = self._belt.travelled_mm(rested_at) + speed_mm_s * one.place.lag_s
            opened = one.opened_at is not None or one.place.gate in away
            if not one.has_begun(now):
                self.lose(one, Reason.LINE_STOPPED)
            elif not opened or reached_mm < one.passes_mm + self.tally.tolerance_mm:
                self.lose(one, Reason.GATE_CUT)

    def note(self, move: GateMove) -> None:
        """Take in a move of a gate: which parts it was for, and what it means for them."""
        due_at = move.at if move.due_at is None else max(move.at, move.due_at)
        served = [one for one in self.waiting() if one.place.gate == move.gate and one.part >= move.part]
        if move.kind == "missed":
            for one in served:
                if one.part == move.part:
                    self.lose(one, Reason.LATE)
        elif move.kind == "opened":
            for one in self._opened(served, lambda window: window.opens_at <= due_at):
                one.opened_at, one.first = move.at, one.part == move.part
                self._tell_record(one)
        else:
            ended = [one for one in served if one.opened_at is not None]
            opened_at = min((one.opened_at for one in ended if one.opened_at is not None), default=move.at)
            for one in self._opened(served, lambda window: ends(window, due_at)):
                one.opened_at = opened_at  # the gate was held open for it
                ended.append(one)
            for one in ended:
                one.closed_at, one.last = move.at, one is max(ended, key=lambda one: one.mark_mm)
                self._tell_record(one)

    def judge(self, *, all_of_them: bool = False) -> None:
        """Judge the openings that are over, once the gate's lag has passed too."""
        now = self._clock.now()
        for one in list(self._parts.values()):
            if one.closed_at is None or one.opened_at is None:
                continue
            if all_of_them or one.closed_at + one.place.lag_s + one.place.move_s <= now:
                self._settle(one)

    @staticmethod
    def _opened(served: list[InTransit], holds: Callable[[Window], bool]) -> list[InTransit]:
        return [one for one in served if one.opened_at is None and one.window is not None and holds(one.window)]

    def _tell_record(self, one: InTransit) -> None:
        """Have the record show a window that has moved, once it matters: every note costs a write to the disk."""
        if one.moved:
            self._changes.append(Replanned(one.part, one.window))
            one.moved = False

    def _settle(self, one: InTransit) -> None:
        """Count a window that is over; a part that was at its gate while it rested is lost."""
        found = deviation(one, self._belt, self.tally.tolerance_mm)
        if isinstance(found, Reason):
            self.lose(one, found)
        else:
            assert one.opened_at is not None, "deviation sees to it"
            self.tally.passed(found)
            passed_at = self._belt.time_when(one.passes_mm)
            self._caught.append(Caught(one.part, one.place.gate, one.opened_at, passed_at))
            del self._parts[one.part]
