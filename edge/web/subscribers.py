"""The browsers that have the page open: each is told the newest of what has changed, never all of it.

A slow one is told less often; nothing is kept for it but which topics have changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TOPICS = ("now", "incidents", "parts", "picture")
MOST_SUBSCRIBERS = 48


class TooMany(Exception):
    """As many browsers as can be served have the page open."""


class Subscriber:
    """One browser."""

    def __init__(self) -> None:
        self._changed = set(TOPICS)
        self._wake = asyncio.Event()
        self._wake.set()
        self.over = False

    def tell(self, topics: tuple[str, ...], *, over: bool = False) -> None:
        """Note what has changed."""
        self._changed.update(topics)
        self.over |= over
        self._wake.set()

    async def next(self, within_s: float) -> tuple[str, ...]:
        """Wait for a change; return the topics that have changed, nothing when there is none for so long."""
        try:
            await asyncio.wait_for(self._wake.wait(), within_s)
        except TimeoutError:
            return ()
        self._wake.clear()
        changed = tuple(topic for topic in TOPICS if topic in self._changed)
        self._changed.clear()
        return changed


class Subscribers:
    """All browsers that are told of changes."""

    def __init__(self, count_changed: Callable[[int], None]) -> None:
        """count_changed: hears how many there are."""
        self._all: set[Subscriber] = set()
        self._count_changed = count_changed
        self._made: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._all)

    @contextmanager
    def one(self) -> Iterator[Subscriber]:
        """Yield another one. Raises TooMany."""
        if len(self._all) >= MOST_SUBSCRIBERS:
            raise TooMany
        subscriber = Subscriber()
        self._all.add(subscriber)
        self._count_changed(len(self._all))
        try:
            yield subscriber
        finally:
            self._all.discard(subscriber)
            self._count_changed(len(self._all))

    def changed(self, *topics: str) -> None:
        """Tell all of them that these have changed."""
        for topic in topics:
            self._made.pop(topic, None)
        for subscriber in self._all:
            subscriber.tell(topics)

    def once(self, topic: str, make: Callable[[], bytes]) -> bytes:
        """Return what `make` returns, which is asked once for all browsers until the topic changes again."""
        if topic not in self._made:
            self._made[topic] = make()
        return self._made[topic]

    def close(self) -> None:
        """Tell all of them that it is over."""
        for subscriber in self._all:
            subscriber.tell((), over=True)
