"""Tells a broker what the journal says: everything once and in order, however often the connection breaks.

On each new connection the broker is asked for the last message it keeps of each stream, and the stream goes on behind
it. So what the broker took in is not told again, and what it never got, or got and lost in a crash, is.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.errors import MqttError
from edge.mqtt_counts import Counts
from edge.mqtt_link import ANSWER_S, MOST_UNDERWAY, OFFLINE, ONLINE, Link
from edge.mqtt_memory import remember, remembered
from edge.mqtt_outbox import Outbox
from edge.mqtt_receipt import Receipt, place_of, read_receipt, receipt_of
from edge.mqtt_streams import Entry, Place
from edge.mqtt_topics import AVAILABILITY, COUNTS, STREAMS, as_json, message

LOOK_EVERY_S = 0.2
REMEMBER_EVERY_S = 5.0
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 10.0


class Publisher:
    """Turns of looking into the journal, sending, hearing what has arrived. Holds nothing that a kill could lose."""

    def __init__(
        self,
        db: sqlite3.Connection,
        outbox: Outbox,
        connect: Callable[[], Link],
        base: str,
        memory: Path,
        *,
        now: Callable[[], float],
        tell: Callable[[str], None],
        live: bool = True,
        counts_every_s: float = 5.0,
        first_run: int | None = None,
        announcements: Mapping[str, bytes] | None = None,
    ) -> None:
        """base: what the topics begin with. live: say that the line is online. first_run: where to begin with a broker
        that has nothing of this journal; by default where the last one was, or with the last run. announcements:
        topic -> what is said on each connection.
        """
        self._db, self._outbox, self._connect, self._base, self._memory = db, outbox, connect, base, memory
        self._now, self._tell, self._live = now, tell, live
        self._counts_every_s = counts_every_s
        self._announcements = dict(announcements or {})
        self._link: Link | None = None
        self._taken = self._known(first_run)
        self._sent = dict(self._taken)
        self._ready: dict[str, deque[Entry]] = {}
        self._look_at: dict[str, float] = {}
        self._underway: deque[tuple[Callable[[], bool], str, Entry | None]] = deque()
        self._counts: Counts | None = None
        self._said_counts, self._counts_at = b"", float("-inf")
        self._remember_at, self._retry_at, self._retry_s = float("-inf"), float("-inf"), FIRST_RETRY_S
        self._problem: str | None = None
        self._remembered: dict[str, Receipt] = {}
        self._remember()  # from now on it is known where each stream begins
        self.told = Counter[str]()  # messages that the broker has taken from this publisher, by stream

    @property
    def failed(self) -> bool:
        """Whether there is no connection, and an attempt to make one has failed."""
        return self._link is None and self._problem is not None

    @property
    def idle(self) -> bool:
        """Whether all that can be told is told, and the broker has it."""
        return self._link is not None and not self._underway and not any(self._ready.values())

    @property
    def waiting(self) -> int:
        """How many parts are decided and not yet told."""
        return self._outbox.waiting(self._taken["part"])

    def more(self) -> bool:
        """Look into the journal now; whether there is anything to tell."""
        for name in self._ready:
            self._look_at[name] = float("-inf")
            if not self._ready[name]:
                self._ready[name].extend(self._outbox.due(name, self._sent[name], self._now()))
        return any(self._ready.values())

    def step(self, wait_s: float) -> bool:
        """Do what can be done, waiting at most about so long. False when there is no connection: wait yourself."""
        try:
            if self._link is None:
                if self._now() < self._retry_at:
                    return False
                self._begin()
            assert self._link is not None
            self._feed(self._link)
            self._link.serve(wait_s)
            self._hear()
        except MqttError as error:
            self._lost(error)
            return False
        return True

    def finish(self, within_s: float) -> None:
        """Say how it ended, and that the line is offline; remember how far this came."""
        link = self._link
        try:
            if link is not None:
                self._say_counts(link)
                if self._live:
                    self._send(link, AVAILABILITY, OFFLINE)
                self._heard_all(link, within_s)
                link.close()
        except MqttError as error:
            self._lost(error)
        self._remember()

    def _begin(self) -> None:
        """Connect, and find out how far the broker has been told."""
        link = self._link = self._connect()
        kept = link.retained(f"{self._base}/{name}" for name in STREAMS)
        for name in STREAMS:
            receipt = read_receipt(name, kept.get(f"{self._base}/{name}", b""))
            self._taken[name] = self._sent[name] = place_of(self._outbox, name, receipt) or self._taken[name]
            self._ready[name], self._look_at[name] = deque(), float("-inf")
        self._counts = self._counts or Counts(self._db, self._taken)
        self._said_counts = b""
        if self._live:
            self._send(link, AVAILABILITY, ONLINE)
        for topic, payload in self._announcements.items():
            self._underway.append((link.publish(topic, payload, once=False), "", None))
        self._say_counts(link)
        self._heard_all(link, ANSWER_S)  # before a stream is trusted to a broker that may refuse what is said
        self._tell("mqtt: connected" if self._problem is None else "mqtt: connected again, what waited is told now")
        self._problem, self._retry_s = None, FIRST_RETRY_S
        self._remember()

    def _known(self, first_run: int | None) -> dict[str, Place]:
        """Return where each stream goes on with a broker that has nothing of it."""
        memory = remembered(self._memory) if first_run is None else {}
        first = self._outbox.first(first_run)
        return {name: place_of(self._outbox, name, memory.get(name)) or first for name in STREAMS}

    def _feed(self, link: Link) -> None:
        for name in STREAMS:
            while len(self._underway) < MOST_UNDERWAY and (entry := self._next(name)) is not None:
                payload = message(self._outbox.journal, entry.place, entry.facts)
                self._underway.append((link.publish(f"{self._base}/{name}", payload, once=True), name, entry))
                self._sent[name] = entry.place
        now = self._now()
        if now >= self._counts_at and len(self._underway) < MOST_UNDERWAY:
            self._say_counts(link)
            self._counts_at = now + self._counts_every_s
        if now >= self._remember_at:
            self._remember()

    def _next(self, name: str) -> Entry | None:
        ready, now = self._ready[name], self._now()
        if not ready and now >= self._look_at[name]:
            ready.extend(self._outbox.due(name, self._sent[name], now))
            if not ready:
                self._look_at[name] = now + LOOK_EVERY_S
        return ready.popleft() if ready else None

    def _hear(self) -> None:
        while self._underway and self._underway[0][0]():
            _, name, entry = self._underway.popleft()
            if entry is not None and self._counts is not None:
                self._taken[name] = entry.place
                self.told[name] += 1
                self._counts.told(name, entry.place, entry.facts)

    def _heard_all(self, link: Link, within_s: float) -> None:
        deadline = self._now() + within_s
        while self._underway and self._now() < deadline:
            link.serve(0.1)
            self._hear()

    def _say_counts(self, link: Link) -> None:
        assert self._counts is not None, "there are counts since the first connection"
        payload = as_json({"journal": self._outbox.journal, **self._counts.facts()})
        if payload != self._said_counts:
            self._send(link, COUNTS, payload)
            self._said_counts = payload

    def _send(self, link: Link, name: str, payload: bytes) -> None:
        self._underway.append((link.publish(f"{self._base}/{name}", payload, once=False), name, None))

    def _lost(self, error: MqttError) -> None:
        """There is no connection. What was under way may or may not have arrived: the broker will be asked."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
            self._remember()
        self._underway.clear()
        if str(error) != self._problem:
            self._tell(f"{error}; the journal keeps what is not told yet")
        self._problem = str(error)
        self._retry_at = self._now() + self._retry_s
        self._retry_s = min(LAST_RETRY_S, 2 * self._retry_s)

    def _remember(self) -> None:
        self._remember_at = self._now() + REMEMBER_EVERY_S
        receipts = {name: receipt_of(self._outbox, place) for name, place in self._taken.items()}
        if receipts == self._remembered:
            return
        try:
            remember(self._memory, receipts)
            self._remembered = receipts
        except OSError as error:
            self._tell(f"mqtt: {self._memory}: expected to note how far the broker was told, found: {error.strerror}")
            self._remember_at = float("inf")
