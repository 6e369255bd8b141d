"""A broker in memory that breaks when told to, and the publisher between it and a line's journal."""

from __future__ import annotations

import json
from collections import deque

from edge.errors import MqttError
from edge.journal_file import open_to_read
from edge.mqtt_outbox import Outbox
from edge.mqtt_publisher import Publisher
from tests.edge.told_journal import ToldLine, key_of

BASE = "edge-sort/line-1"


class Broker:
    """A broker in memory: takes messages in order, keeps the last of each topic, may forget what it did not save."""

    def __init__(self):
        self.kept, self.saved, self.heard, self.links = {}, {}, [], []

    def take(self, topic, payload):
        self.kept[topic] = payload
        self.heard.append((topic, payload))

    def connect(self):
        for link in self.links:
            link.broken = True
        self.links.append(BrokerLink(self))
        return self.links[-1]

    def drop(self, taken):
        """Break the connection when `taken` more messages have arrived, whose answers are lost."""
        if self.links:
            self.links[-1].take(taken, answer=False)
            self.links[-1].broken = True

    def crash(self):
        """Be killed, and come back with what was saved."""
        self.kept = dict(self.saved)
        self.drop(0)


class BrokerLink:
    def __init__(self, broker):
        self.broker, self.underway, self.broken = broker, deque(), False

    def check(self):
        if self.broken:
            raise MqttError("the connection is lost")

    def retained(self, topics):
        self.check()
        return {topic: self.broker.kept[topic] for topic in topics if topic in self.broker.kept}

    def publish(self, topic, payload, *, once):
        self.check()
        answered = []
        self.underway.append((topic, payload, answered))
        return lambda: bool(answered)

    def take(self, count, *, answer=True):
        while self.underway and count > 0 and not self.broken:
            topic, payload, answered = self.underway.popleft()
            self.broker.take(topic, payload)
            if answer:
                answered.append(True)
            count -= 1

    def serve(self, wait_s):
        self.check()
        self.take(7)

    def close(self):
        self.broken = True


class Bench:
    """A line, its journal, a broker, and the publisher between them, on a clock moved by hand."""

    def __init__(self, folder):
        self.path = folder / "journal.sqlite"
        self.line, self.broker, self.now, self.told = ToldLine(self.path, durable=False), Broker(), 100.0, []
        self.db = open_to_read(self.path)
        self.open()

    def open(self, **options):
        self.db.close()
        self.db = open_to_read(self.path)
        self.outbox = Outbox(self.db, settle_s=1.0)
        self.publisher = Publisher(
            self.db,
            self.outbox,
            self.broker.connect,
            BASE,
            self.path.with_name("memory.json"),
            now=lambda: self.now,
            tell=self.told.append,
            **options,
        )

    def kill_publisher(self):
        """Let it end at once: nothing is said, nothing is written."""
        self.broker.drop(2)
        self.open()

    def next_run(self, *, ended):
        if ended:
            self.line.end()
        self.line.close()
        self.line = ToldLine(self.path, durable=False)

    def steps(self, count=1, seconds=0.3):
        for _ in range(count):
            self.publisher.step(0.0)
            self.now += seconds

    def settle(self):
        """Let everything arrive that shall."""
        for _ in range(400):
            self.steps(seconds=0.6)
            if self.publisher.idle and not self.publisher.more() and not self.publisher.waiting:
                self.steps(20)
                return
        raise AssertionError("it never came to rest")

    def heard(self, name):
        """Return (run, sequence, number) of what a subscriber heard of a stream."""
        topic = f"{BASE}/{name}"
        return [key_of(name, json.loads(payload)) for where, payload in self.broker.heard if where == topic]

    def close(self):
        self.db.close()
        self.line.close()
