"""A belt whose travel an encoder counts: it may stop, go on and change its speed."""

from __future__ import annotations

import threading
from typing import Protocol

from edge.clocks import Clock

SMOOTH_STEPS = 8  # that the speed is the mean of
STANDS_BELOW = 0.05  # of the usual speed
_KEEP = 8192  # steps remembered: 16 s at 500 a second
NEVER = float("inf")


class StepSource(Protocol):
    """Where an encoder's steps come from."""

    modulus: int | None
    lost: int

    def take(self) -> list[tuple[float, int]]:
        """Return the steps since the last call: when, on the machine clock, and the counter after it.

        With a modulus the counter starts again at 0 when it reaches that. lost: how many could not be kept, so far;
        the counter has counted them all the same.
        """
        ...

    def close(self) -> None:
        """Release what it listens to. May be called twice."""
        ...


class EncoderBelt:
    """Travel by counted steps; between two of them, and up to one after the last, by the speed. Any thread may ask."""

    def __init__(
        self, source: StepSource, clock: Clock, *, mm_per_step: float, usual_mm_s: float, origin_mm: float = 0.0
    ) -> None:
        """mm_per_step: negative when the counter falls while the belt goes forward. usual_mm_s: as configured."""
        if not (abs(mm_per_step) > 0 and usual_mm_s > 0):
            raise ValueError(f"expected millimetres per step and a speed, got {mm_per_step} and {usual_mm_s}")
        self._source, self._clock, self._mm_per_step = source, clock, mm_per_step
        self._slowest_mm_s = STANDS_BELOW * usual_mm_s
        self._lock = threading.Lock()
        self._count: int | None = None
        self._times, self._places = [clock.now()], [origin_mm]
        self._mean_mm_s = 0.0  # over the last steps

    @property
    def speed_mm_s(self) -> float:
        """How fast the belt goes now; 0 when it stands, and while it creeps or runs backwards."""
        with self._lock:
            self._update()
            return self._speed(self._clock.now())

    @property
    def steps_lost(self) -> int:
        """How many steps came so fast that their moments could not be kept."""
        return self._source.lost

    def travelled_mm(self, at: float) -> float:
        """Return the belt's travel at a moment; after the last step never more than one step further."""
        with self._lock:
            self._update()
            return self._travelled(at)

    def time_when(self, travelled_mm: float) -> float:
        """Return when the belt's travel was, or at this speed will be, `travelled_mm`."""
        with self._lock:
            self._update()
            if travelled_mm <= self._places[-1]:
                return self._passed(travelled_mm)
            now = self._clock.now()
            speed = self._speed(now)
            return now + (travelled_mm - self._travelled(now)) / speed if speed > 0 else NEVER

    def close(self) -> None:
        """Release the encoder. May be called twice."""
        self._source.close()

    def _update(self) -> None:
        new = self._source.take()
        if not new:
            return
        for at, count in new:
            steps = 1 if self._count is None else self._difference(count - self._count)
            self._count = count
            self._times.append(max(at, self._times[-1]))
            self._places.append(self._places[-1] + steps * self._mm_per_step)
        if len(self._times) > 2 * _KEEP:
            del self._times[:-_KEEP], self._places[:-_KEEP]
        self._mean_mm_s = self._mean_speed()

    def _difference(self, steps: int) -> int:
        """Return how far the counter has gone, the shorter way round where it rolls over."""
        modulus = self._source.modulus
        return steps if modulus is None else (steps + modulus // 2) % modulus - modulus // 2

    def _speed(self, now: float) -> float:
        mean = self._mean_mm_s
        silence_s = now - self._times[-1]
        if silence_s > 0:  # had it gone faster than a step in that time, there would be another step
            mean = min(mean, abs(self._mm_per_step) / silence_s)
        return mean if mean >= self._slowest_mm_s else 0.0

    def _mean_speed(self) -> float:
        """Return the speed over the last steps, none of them from before a stop."""
        longest_s = abs(self._mm_per_step) / self._slowest_mm_s
        last = first = len(self._times) - 1
        while first > 0 and last - first < SMOOTH_STEPS and self._times[first] - self._times[first - 1] <= longest_s:
            first -= 1
        took_s = self._times[last] - self._times[first]
        return (self._places[last] - self._places[first]) / took_s if took_s > 0 else 0.0

    def _travelled(self, at: float) -> float:
        last_at, place = self._times[-1], self._places[-1]
        if at >= last_at:
            return place + min(max(self._mean_mm_s, 0.0) * (at - last_at), abs(self._mm_per_step))
        index = len(self._times) - 1
        while index > 0 and self._times[index - 1] > at:
            index -= 1
        return _between(at, self._times, self._places, index)

    def _passed(self, travelled_mm: float) -> float:
        index = len(self._places) - 1
        while index > 0 and self._places[index - 1] >= travelled_mm:
            index -= 1
        return _between(travelled_mm, self._places, self._times, index)


def _between(value: float, known: list[float], wanted: list[float], index: int) -> float:
    """Return what of `wanted` belongs to `value`, which lies between the entries before and at `index` of `known`."""
    if index == 0:
        return wanted[0]
    span = known[index] - known[index - 1]
    share = (value - known[index - 1]) / span if span > 0 else 1.0
    return wanted[index - 1] + share * (wanted[index] - wanted[index - 1])
