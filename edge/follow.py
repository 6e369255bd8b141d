"""Keep the schedule true to a belt that is not steady, between frames too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edge.gates import Agenda
from edge.schedule import Schedule

EVERY_S = 0.005


@contextmanager
def followed_by_thread(schedule: Schedule) -> Iterator[None]:
    """Within the block a thread follows the belt. What stops it is raised by the sorter's next look at the gates."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(EVERY_S):
            try:
                schedule.follow()
            except Exception as error:
                schedule.failure = error
                return

    thread = threading.Thread(target=follow, name="edge-sort belt", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def followed_by_clock(schedule: Schedule, clock: Agenda) -> Iterator[None]:
    """Within the block a clock that is moved by hand follows the belt on its way."""
    within = True

    def follow() -> None:
        if within:
            schedule.follow()
            clock.call_at(clock.now() + EVERY_S, follow)

    clock.call_at(clock.now(), follow)
    try:
        yield
    finally:
        within = False
