"""The emulated Pi's own time, read from outside: by its chip's counter of microseconds since its power came."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.emulated_pi.qmp import Monitor

COUNTER = 0x3F003004  # the lower 32 bits: good for 71.6 minutes
LOOK_EVERY_S = 0.001


def seconds(monitor: Monitor) -> float:
    """Return the Pi's time now."""
    return monitor.word(COUNTER) / 1e6


class GuestClock:
    """A Clock. `now` is what `look` last saw, so that everything done meanwhile is done at one moment."""

    def __init__(self, path: Path) -> None:
        """Connect to QEMU's monitor for this clock alone."""
        self._monitor = Monitor(path)
        self._now = 0.0
        self.look()

    def look(self) -> float:
        """Return the time now."""
        self._now = seconds(self._monitor)
        return self._now

    def now(self) -> float:
        """Return the time of the last look."""
        return self._now

    def sleep_until(self, when: float) -> None:
        """Return at `when`, or at once when that has passed."""
        while self.look() < when:
            time.sleep(LOOK_EVERY_S)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block the Pi and its time stand still."""
        self._monitor.ask("stop")
        try:
            yield
        finally:
            self._monitor.ask("cont")

    def close(self) -> None:
        """Let it go; it goes on."""
        self._monitor.close()
