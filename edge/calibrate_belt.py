"""How fast the belt really goes, from parts that pass the camera one at a time."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from edge.belt import Belt
from edge.errors import DataError
from edge.finder import Finder
from edge.machine import BeltTable, Machine
from edge.parts import Frame, Sighting

LEAST_FRAMES = 4  # of one part
LEAST_VIEW = 0.25  # of the picture's length that a part must be followed over
_STEP_BACK_MM = 2.0


@dataclass(frozen=True)
class Pass:
    """One part's way through the picture. ratio: its way over the belt's travel; None where that was no travel."""

    speed_mm_s: float
    ratio: float | None


@dataclass(frozen=True)
class BeltMeasurement:
    """What the parts say of a belt."""

    table: BeltTable
    passes: tuple[Pass, ...]

    @property
    def speed_mm_s(self) -> float:
        """The median of the parts' speeds."""
        return statistics.median(one.speed_mm_s for one in self.passes)

    @property
    def mm_per_step(self) -> float | None:
        """The encoder's step that makes belt and parts agree; None without an encoder that moved."""
        ratios = [one.ratio for one in self.passes if one.ratio is not None]
        if self.table.mm_per_step is None or not ratios:
            return None
        return self.table.mm_per_step * statistics.median(ratios)

    def suggestion(self) -> str:
        """Return the lines for the machine file."""
        lines = ["[belt]", f"speed_mm_s = {self.speed_mm_s:.1f}"]
        if self.mm_per_step is not None:
            lines.append(f"mm_per_step = {self.mm_per_step:.4f}")
        return "\n".join(lines)

    def sentence(self) -> str:
        """Say what was measured."""
        speeds = [one.speed_mm_s for one in self.passes]
        off = self.speed_mm_s / self.table.speed_mm_s - 1
        return (
            f"{len(speeds)} parts: {self.speed_mm_s:.1f} mm/s (from {min(speeds):.1f} to {max(speeds):.1f}); "
            f"the machine file says {self.table.speed_mm_s:g}, which is {off:+.1%} off"
        )


class PassTimer:
    """Follows one part at a time; frames with several parts, or a part cut off, end what was begun."""

    def __init__(self, belt: Belt, view_mm: float) -> None:
        self._belt, self._least_mm = belt, LEAST_VIEW * view_mm
        self._seen: list[tuple[float, float]] = []

    def see(self, taken_at: float, sightings: list[Sighting]) -> Pass | None:
        """Take in a frame. Returns the part's pass when this frame does not show it any more."""
        whole = [one for one in sightings if one.whole]
        if len(whole) == 1 and (not self._seen or whole[0].x_mm > self._seen[-1][1] - _STEP_BACK_MM):
            self._seen.append((taken_at, whole[0].x_mm))
            return None
        done = self._pass()
        self._seen = [(taken_at, whole[0].x_mm)] if len(whole) == 1 else []
        return done

    def _pass(self) -> Pass | None:
        if len(self._seen) < LEAST_FRAMES or self._seen[-1][1] - self._seen[0][1] < self._least_mm:
            return None
        moments, places = np.array(self._seen).T
        speed = float(np.polyfit(moments - moments[0], places, 1)[0])
        travel = np.array([self._belt.travelled_mm(at) for at in moments])
        if np.ptp(travel) < self._least_mm / 10:
            return Pass(speed, None)
        return Pass(speed, float(np.polyfit(travel - travel[0], places, 1)[0]))


def measure_belt(
    frames: Iterable[Frame], machine: Machine, belt: Belt, count: int, tell: Callable[[str], None]
) -> BeltMeasurement:
    """Time `count` parts. Raises DataError when the frames end before a single one has passed alone."""
    finder, timer = Finder(machine.finder_settings), PassTimer(belt, machine.camera.view_mm)
    passes: list[Pass] = []
    for frame in frames:
        done = timer.see(frame.taken_at, finder.find(frame) or [])
        if done is not None:
            passes.append(done)
            tell(f"part {len(passes)}: {done.speed_mm_s:.1f} mm/s")
        if len(passes) >= count:
            break
    if not passes:
        raise DataError(
            "expected parts that pass the camera one at a time, found none; let some pass, further apart than the "
            "picture is long"
        )
    return BeltMeasurement(machine.belt, tuple(passes))
