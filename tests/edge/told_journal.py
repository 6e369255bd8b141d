"""A journal as a line would write it, for the tests of what is told of it, and the subscriber that hears of it."""

from __future__ import annotations

import sqlite3

import numpy as np

from edge.gate_limits import Window
from edge.gates import GateMove
from edge.journal import Journal, Planned
from edge.parts import REJECT_BIN, Decision, Reason
from edge.states import Command, State, Transition
from edge.track import Track

VOTE = np.array([0.9, 0.1], dtype=np.float32)


class ToldLine:
    """Writes parts, incidents and changes of state. Every third part goes to reject."""

    def __init__(self, path, *, durable=True):
        self.journal = Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")
        if not durable:  # thousands of rows in a test need no power cut
            self.journal.database.execute("PRAGMA synchronous=OFF")
        self.at, self.parts = 0.0, 0

    @property
    def run(self):
        return self.journal.run

    def decide(self, number=None, *, gate="nut"):
        """Decide a part; return its number."""
        self.at += 1.0
        self.parts += 1
        number = number or self.parts
        track = Track(number, 120.0, 5.0, 20.0, 15.0, first_seen_at=self.at, last_seen_at=self.at, scores=[VOTE])
        decision = Decision("nut", Reason.SORTED, "nut", 0.9, (0.9, 0.1))
        if gate is None:
            self.journal.decided(track, decision.rejected(Reason.BELOW_THRESHOLD), self.at, None)
        else:
            self.journal.decided(track, decision, self.at, Planned(gate, Window(self.at + 0.2, self.at + 0.4)))
        return number

    def move(self, number, *, gate="nut"):
        """Let the gate open and close for a part decided just now."""
        for kind, at in (("opened", self.at + 0.2), ("closed", self.at + 0.4)):
            self.journal.moved(GateMove(gate, kind, at, at, number))

    def part(self):
        """Let a whole part go by."""
        gate = None if self.parts % 3 == 2 else "nut"
        number = self.decide(gate=gate)
        if gate is not None:
            self.move(number)

    def incident(self):
        self.journal.incident(self.at, "jam", "jam: the photo-eye stays broken; clear the belt")

    def change(self):
        before, command, after = State.EXECUTE, Command.HOLD, State.HELD
        self.journal.state_changed(Transition(self.at, before, command, after, "jam"))

    def end(self, because="no more frames"):
        self.journal.ended(because, self.at)

    def close(self):
        self.journal.close()


def expected(path):
    """Return (run, sequence, number) of every message that each stream must hear, in order."""
    db = sqlite3.connect(path)
    runs = [run for (run,) in db.execute("SELECT run FROM runs ORDER BY run")]
    queries = {
        "part": "SELECT part FROM parts WHERE run = ? ORDER BY decided_s, part",
        "incident": "SELECT incident FROM incidents WHERE run = ? ORDER BY incident",
        "state": "SELECT 0 UNION ALL SELECT change FROM state_changes WHERE run = ?",
    }
    found = {}
    for name, query in queries.items():
        found[name] = [
            (run, sequence, number)
            for run in runs
            for sequence, (number,) in enumerate(db.execute(query, (run,) if "?" in query else ()), start=1)
        ]
    db.close()
    return found


def key_of(name, facts):
    """Return what `expected` says of a message."""
    return facts["run"], facts["sequence"], facts["change" if name == "state" else name]


def is_reject(facts):
    return facts["bin"] == REJECT_BIN
