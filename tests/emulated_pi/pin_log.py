"""Watch pins of the emulated Pi from outside, as an oscilloscope would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tests.emulated_pi.qmp import Monitor

LOOK_EVERY_S = 0.02


@contextmanager
def watched(monitor: Monitor, pins: Iterable[int]) -> Iterator[list[tuple[int, bool]]]:
    """Yield the list of (pin, level) that grows with every change seen; the first entries are the levels now."""
    seen = {pin: monitor.level(pin) for pin in pins}
    changes = list(seen.items())
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_EVERY_S):
            for pin, level in monitor.levels(seen).items():
                if level != seen[pin]:
                    seen[pin] = level
                    changes.append((pin, level))

    thread = threading.Thread(target=look, name="pins")
    thread.start()
    try:
        yield changes
    finally:
        over.set()
        thread.join()


def wait_for_level(monitor: Monitor, pin: int, level: bool, within_s: float) -> bool:
    """Wait until a pin has a level; return whether it came to that in time."""
    return _wait_until(lambda: monitor.level(pin) == level, within_s)


def wait_until_released(monitor: Monitor, pin: int, within_s: float) -> bool:
    """Wait until the Pi no longer drives a pin (its level then says nothing); return whether that came in time."""
    return _wait_until(lambda: not monitor.is_output(pin), within_s)


def _wait_until(come: Callable[[], bool], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not come():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_EVERY_S)
    return True
