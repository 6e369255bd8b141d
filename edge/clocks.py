"""Time as an argument: seconds on one monotonic scale, real or moved by hand."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Seconds since some fixed moment, never going back."""

    def now(self) -> float:
        """Return the time now, in seconds."""
        ...

    def sleep_until(self, when: float) -> None:
        """Return at `when`, or at once when that has passed."""
        ...


class Agenda(Clock, Protocol):
    """A clock that also runs actions when it reaches their moment, as ManualClock does."""

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` when time reaches `when`."""
        ...


class MonotonicClock:
    """The system's monotonic clock, the same in every process and in the camera's time stamps."""

    def now(self) -> float:
        """Return the time now, in seconds."""
        return time.monotonic()

    def sleep_until(self, when: float) -> None:
        """Return at `when`, or at once when that has passed."""
        wait_s = when - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)


class ManualClock:
    """Time that moves only when told to. Actions fall due in order while it moves, each at its exact moment."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Return the time now, in seconds."""
        return self._now

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` when time reaches `when`; one that has passed runs at the next move."""
        heapq.heappush(self._agenda, (when, next(self._order), action))

    def sleep_until(self, when: float) -> None:
        """Move time to `when`, running every action that falls due on the way."""
        while self._agenda and self._agenda[0][0] <= when:
            due, _, action = heapq.heappop(self._agenda)
            self._now = max(self._now, due)
            action()
        self._now = max(self._now, when)
