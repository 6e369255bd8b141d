"""How a pretend belt really moves: it stops, goes on and changes its speed, each with a ramp, the same for one seed."""

from __future__ import annotations

import bisect
import math
import threading
from dataclasses import dataclass

import numpy as np

from edge.clocks import Clock

RAMP_S = 0.3  # from standing to the usual speed
STEADY_S = (2.0, 8.0)  # between two changes
STOP_SHARE, STOP_S = 0.5, (0.5, 3.0)
SPEEDS = (0.5, 1.1)  # of the usual speed


@dataclass(frozen=True)
class _Stretch:
    """Constant acceleration from a moment on, until the next stretch."""

    start: float
    place_mm: float
    speed_mm_s: float
    acceleration: float = 0.0

    def at(self, moment: float) -> tuple[float, float]:
        """Return place and speed."""
        after_s = moment - self.start
        speed = self.speed_mm_s + self.acceleration * after_s
        return self.place_mm + (self.speed_mm_s + speed) / 2 * after_s, speed

    def when(self, place_mm: float) -> float:
        """Return the first moment at which it is at a place ahead."""
        way_mm = place_mm - self.place_mm
        if way_mm <= 0:
            return self.start
        root = math.sqrt(max(0.0, self.speed_mm_s**2 + 2 * self.acceleration * way_mm))
        return self.start + (2 * way_mm / (self.speed_mm_s + root) if self.speed_mm_s + root > 0 else math.inf)


class BeltMotion:
    """A belt that does as it likes. All of its past and future follows from the seed."""

    def __init__(self, usual_mm_s: float, *, start: float, place_mm: float, seed: int, steady: bool = False) -> None:
        """It is at place_mm at `start` and goes at the usual speed; for ever, if it is steady."""
        self._usual_mm_s = usual_mm_s
        self._lock = threading.Lock()  # the camera and the encoder ask from threads of their own
        self._rng = np.random.default_rng([seed, 5])
        self._stretches = [_Stretch(start, place_mm, usual_mm_s)]
        self._starts, self._places = [start], [place_mm]  # of the stretches, to search in
        self._end = math.inf if steady else start + float(self._rng.uniform(*STEADY_S))  # of the last stretch

    @property
    def speed_mm_s(self) -> float:
        """The usual speed."""
        return self._usual_mm_s

    @property
    def steps_lost(self) -> int:
        """None: this is the belt itself."""
        return 0

    def close(self) -> None:
        """Nothing to release."""

    def travelled_mm(self, at: float) -> float:
        """Return where the belt is at a moment."""
        with self._lock:
            while self._end < at:
                self._extend()
            index = bisect.bisect_right(self._starts, at) - 1
        return self._stretches[max(index, 0)].at(at)[0]

    def time_when(self, travelled_mm: float) -> float:
        """Return when the belt is there."""
        with self._lock:
            while self._end < math.inf and self._stretches[-1].at(self._end)[0] < travelled_mm:
                self._extend()
            index = bisect.bisect_left(self._places, travelled_mm) - 1
        return self._stretches[max(index, 0)].when(travelled_mm)

    def _extend(self) -> None:
        rng = self._rng
        target = 0.0 if rng.random() < STOP_SHARE else float(rng.uniform(*SPEEDS)) * self._usual_mm_s
        self._ramp(target)
        if target == 0.0:
            self._stay(float(rng.uniform(*STOP_S)))
            self._ramp(float(rng.uniform(*SPEEDS)) * self._usual_mm_s)
        self._stay(float(rng.uniform(*STEADY_S)))

    def _ramp(self, target_mm_s: float) -> None:
        place_mm, speed = self._stretches[-1].at(self._end)
        acceleration = math.copysign(self._usual_mm_s / RAMP_S, target_mm_s - speed)
        self._append(_Stretch(self._end, place_mm, speed, acceleration))
        self._end += (target_mm_s - speed) / acceleration

    def _stay(self, for_s: float) -> None:
        place_mm, speed = self._stretches[-1].at(self._end)
        self._append(_Stretch(self._end, place_mm, max(0.0, round(speed, 9))))
        self._end += for_s

    def _append(self, stretch: _Stretch) -> None:
        self._stretches.append(stretch)
        self._starts.append(stretch.start)
        self._places.append(stretch.place_mm)


class EmulatedSteps:
    """The encoder of a pretend belt, counting in so many bits that it rolls over."""

    def __init__(
        self, motion: BeltMotion, clock: Clock, mm_per_step: float, *, origin_mm: float, bits: int = 8
    ) -> None:
        """origin_mm: where the belt was when the counter was 0."""
        self.modulus: int | None = 1 << bits
        self.lost = 0
        self._motion, self._clock, self._mm_per_step = motion, clock, mm_per_step
        self._origin_mm = origin_mm
        self._count = 0
        self._taken_at: float | None = None

    def take(self) -> list[tuple[float, int]]:
        """Return the steps since the last call."""
        now = self._clock.now()
        if now == self._taken_at:
            return []
        self._taken_at = now
        steps = []
        reached = math.floor((self._motion.travelled_mm(now) - self._origin_mm) / self._mm_per_step)
        while self._count < reached:
            self._count += 1
            at = self._motion.time_when(self._origin_mm + self._count * self._mm_per_step)
            steps.append((min(at, now), self._count % (self.modulus or self._count + 1)))
        return steps

    def close(self) -> None:
        """Nothing to release."""
