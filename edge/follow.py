"""Have something looked after between frames too: the schedule on a belt that is not steady, and the line's state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from edge.clocks import Agenda

BELT_EVERY_S = 0.005
LINE_EVERY_S = 0.05
END_WITHIN_S = 5.0  # for what the thread is at: a card that takes its time, a process that does not answer


class Followed(Protocol):
    """What is to be called again and again."""

    failure: Exception | None

    def follow(self) -> None:
        """Do what is to be done now."""
        ...


@contextmanager
def followed_by_thread(followed: Followed, every_s: float = BELT_EVERY_S, name: str = "belt") -> Iterator[None]:
    """Within the block a thread calls it. What stops that is left in `failure`, for the sorter to raise.

    A call that has not returned END_WITHIN_S after the block is left alone; it ends with the program.
    """
    over = threading.Event()

    def follow() -> None:
        while not over.wait(every_s):
            try:
                followed.follow()
            except Exception as error:
                followed.failure = error
                return

    thread = threading.Thread(target=follow, name=f"edge-sort {name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(END_WITHIN_S)


@contextmanager
def followed_by_clock(followed: Followed, clock: Agenda, every_s: float = BELT_EVERY_S) -> Iterator[None]:
    """Within the block a clock that is moved by hand calls it on its way."""
    within = True

    def follow() -> None:
        if within:
            followed.follow()
            clock.call_at(clock.now() + every_s, follow)

    clock.call_at(clock.now(), follow)
    try:
        yield
    finally:
        within = False
