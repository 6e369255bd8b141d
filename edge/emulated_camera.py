"""A pretend camera above a pretend belt."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edge.clocks import Clock
from edge.emulated_belt import EmulatedBelt
from edge.parts import Frame

READOUT_S = 0.012  # from mid-exposure until the frame can be had; a Pi camera takes about a third of a frame


class EmulatedCamera:
    """Takes pictures of an EmulatedBelt at a steady rate; those nobody fetched in time are dropped."""

    def __init__(self, belt: EmulatedBelt, *, frame_rate_hz: float, clock: Clock) -> None:
        self._belt, self._interval_s, self._clock = belt, 1 / frame_rate_hz, clock
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame until every part has passed the last gate."""
        start = self._clock.now()
        number = 0
        while not (self._closed or self._belt.finished(self._clock.now())):
            newest = math.floor((self._clock.now() - READOUT_S - start) / self._interval_s)
            number = max(number, newest)
            taken_at = start + number * self._interval_s
            image = self._belt.picture_at(taken_at)
            self._clock.sleep_until(taken_at + READOUT_S)
            yield Frame(image, taken_at, number)
            number += 1

    def close(self) -> None:
        """End the frames."""
        self._closed = True
