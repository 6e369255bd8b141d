"""The record: one row per part in SQLite, durable when the part is decided, completed when its gate has moved."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.gate_limits import Window
from edge.gates import GateMove
from edge.journal_file import WAIT_S, JournalError, check_journal, open_database, sentence
from edge.parts import REJECT_BIN, Decision, Reason
from edge.picture_store import PictureStore
from edge.states import Transition
from edge.track import Track

__all__ = ["WAIT_S", "Journal", "JournalError", "Planned", "RunFacts", "check_journal"]

_DOUBTS_ABOUT_WHAT_IT_IS = frozenset({Reason.BELOW_THRESHOLD, Reason.UNKNOWN, Reason.NO_BIN, Reason.UNCLASSIFIED})
_COLUMNS = (
    "run, part, first_seen_s, decided_s, mark_mm, y_mm, length_mm, width_mm, votes, label, score, scores, bin, reason, "
    "gate, opens_s, closes_s, frame_scores, sampled, picture"
)
_INSERT = f"INSERT INTO parts ({_COLUMNS}) VALUES ({', '.join('?' * len(_COLUMNS.split(',')))})"


@dataclass(frozen=True)
class Planned:
    """The opening that shall carry a part into its bin."""

    gate: str
    window: Window


@dataclass(frozen=True)
class RunFacts:
    """What makes a run's rows readable later. labels: in the order of all scores. bins: label -> bin.

    started_s: the machine clock now; None asks the system's for it. audit_share: of all parts, drawn to be audited.
    """

    labels: Sequence[str] = ()
    bins: Mapping[str, str] = field(default_factory=dict)
    started_s: float | None = None
    audit_share: float = 0.0


class Journal:
    """One run's rows in a journal file. Times ending in _s are seconds on the machine clock."""

    def __init__(
        self,
        path: Path | None,
        *,
        bundle_sha256: str,
        machine_sha256: str,
        clock: str,
        facts: RunFacts | None = None,
        pictures: PictureStore | None = None,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """Open or create `path`; None keeps the rows in memory. pictures: where those of doubtful parts go, if kept.

        factory: what SQLite makes the connection of. Raises JournalError.
        """
        facts = facts or RunFacts()
        self.clock = clock
        self._path, self._pictures, self._audit_share = path, pictures, facts.audit_share
        self._db = open_database(path, factory)
        self._durable: bool | None = None  # whether a write waits for the disk
        started_s = facts.started_s
        if started_s is None:
            started_s = time.monotonic() if clock == "monotonic" else 0.0
        row = (
            datetime.now(UTC).isoformat(),
            bundle_sha256,
            machine_sha256,
            clock,
            started_s,
            json.dumps(list(facts.labels)),
            json.dumps(dict(facts.bins)),
        )
        cursor = self._write(
            "INSERT INTO runs (started_at_utc, bundle_sha256, machine_sha256, clock, started_s, labels, bins) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            *row,
        )
        self.run = int(cursor.lastrowid or 0)

    def decided(self, track: Track, decision: Decision, decided_at: float, planned: Planned | None) -> None:
        """Add a part's row. It is on the disk when this returns. Raises JournalError."""
        window = planned.window if planned else None
        sampled = is_sampled(self.run, track.number, self._audit_share)
        self._write(
            _INSERT,
            self.run,
            track.number,
            track.first_seen_at,
            decided_at,
            track.mark_mm,
            track.y_mm,
            track.length_mm,
            track.width_mm,
            len(track.scores),
            decision.label,
            decision.score,
            json.dumps([round(score, 6) for score in decision.scores]),
            decision.bin,
            str(decision.reason),
            planned.gate if planned else None,
            window.opens_at if window else None,
            window.closes_at if window else None,
            _frame_scores(track),
            int(sampled),
            self._picture(track) if sampled or is_doubtful(track, decision) else None,
        )

    def moved(self, move: GateMove) -> None:
        """Complete every row that this move of a gate served; they are on the disk once it has closed.

        An opening waits for no disk: it is in the file when this returns, which a kill leaves, and on the disk with the
        next write. A power cut in between takes it, of a part that is at its gate at that moment. Raises JournalError.
        """
        closed = move.kind == "closed"
        column = "closed_s" if closed else "opened_s"
        # a closing ends every opening under way, also one that a limit cuts; a rest, every window that has begun
        due = "closes_s" if closed and move.due_at is not None else "opens_s"
        cut = "OR opened_s IS NOT NULL" if closed else ""
        self._write(
            f"UPDATE parts SET {column} = ? "
            f"WHERE run = ? AND part >= ? AND gate = ? AND {column} IS NULL AND ({due} <= ? {cut})",
            move.at,
            self.run,
            move.part,
            move.gate,
            move.at if move.due_at is None else max(move.at, move.due_at),
            durable=move.kind != "opened",
        )

    def confirmed(self, part: int, at: float, confirmation: str) -> None:
        """Note what was seen of a part behind its gate, such as "seen" or "missing". Raises JournalError."""
        self._write(
            "UPDATE parts SET confirmed_s = ?, confirmation = ? WHERE run = ? AND part = ?",
            at,
            confirmation,
            self.run,
            part,
        )

    def replanned(self, part: int, window: Window) -> None:
        """Put another window into a part's row: the belt has changed its speed. Raises JournalError."""
        row = (window.opens_at, window.closes_at, self.run, part)
        self._write("UPDATE parts SET opens_s = ?, closes_s = ? WHERE run = ? AND part = ?", *row)

    def rejected(self, part: int, reason: Reason) -> None:
        """Send a part to reject that had been meant for a gate. Raises JournalError."""
        self._write(
            "UPDATE parts SET bin = ?, reason = ?, gate = NULL, opens_s = NULL, closes_s = NULL "
            "WHERE run = ? AND part = ?",
            REJECT_BIN,
            str(reason),
            self.run,
            part,
        )

    def incident(self, at: float, kind: str, text: str) -> None:
        """Note what went wrong, and what was done about it. Raises JournalError."""
        self._write("INSERT INTO incidents (run, at_s, kind, sentence) VALUES (?, ?, ?, ?)", self.run, at, kind, text)

    def state_changed(self, change: Transition) -> None:
        """Note that the line has gone from one state to another, and why. Raises JournalError."""
        self._write(
            "INSERT INTO state_changes (run, at_s, before, command, after, cause) VALUES (?, ?, ?, ?, ?, ?)",
            self.run,
            change.at,
            str(change.before),
            str(change.command),
            str(change.after),
            change.cause,
        )

    def note(self, name: str, note: str) -> None:
        """Keep a fact about the whole run, such as what classified. Raises JournalError."""
        self._write("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", self.run, name, note)

    def ended(self, because: str, at: float | None = None) -> None:
        """Note why the run ended, and when, where that is known. Raises JournalError."""
        self._write("UPDATE runs SET ended_because = ?, ended_s = ? WHERE run = ?", because, at, self.run)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._db.close()

    def rows(self) -> list[sqlite3.Row]:
        """Return this run's parts, in the order in which they were first seen."""
        return self._db.execute("SELECT * FROM parts WHERE run = ? ORDER BY part", (self.run,)).fetchall()

    @property
    def path(self) -> Path:
        """The file, for a person to read; one in memory has a name that says so."""
        return self._path or Path("the journal in memory")

    @property
    def database(self) -> sqlite3.Connection:
        """The file, to read from now, or to write to: that waits for the disk."""
        self._wait_for_the_disk(True)
        return self._db

    def _picture(self, track: Track) -> str | None:
        if self._pictures is None or track.crop is None:
            return None
        return self._pictures.keep(self.run, track.number, track.crop)

    def _write(self, statement: str, *values: object, durable: bool = True) -> sqlite3.Cursor:
        try:
            self._wait_for_the_disk(durable)
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise JournalError(sentence(self._path, error)) from error

    def _wait_for_the_disk(self, durable: bool) -> None:
        """Have the next write return when it and all before it are on the disk, or when it is written."""
        if self._durable != durable:
            self._durable = None  # not known any more, should a signal come in between
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable


def is_sampled(run: int, part: int, share: float) -> bool:
    """Whether a part is drawn to be audited: by its number alone, so that nothing seen of it plays a role."""
    drawn = int.from_bytes(hashlib.blake2b(f"{run}/{part}".encode(), digest_size=8).digest())
    return drawn < share * 2**64


def is_doubtful(track: Track, decision: Decision) -> bool:
    """Whether a person should look at the part: it was doubted what it is, or its frames disagree."""
    return decision.reason in _DOUBTS_ABOUT_WHAT_IT_IS or len({int(np.argmax(one)) for one in track.scores}) > 1


def _frame_scores(track: Track) -> str:
    """Return every vote as JSON: the frame's number and moment, and a score per label."""
    stamps = [*track.voted_in, *[(None, None)] * (len(track.scores) - len(track.voted_in))]
    return json.dumps(
        [
            {"frame": frame, "taken_at_s": taken_at, "scores": [round(float(score), 6) for score in scores]}
            for (frame, taken_at), scores in zip(stamps, track.scores, strict=True)
        ]
    )
