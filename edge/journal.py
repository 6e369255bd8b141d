"""The record: one row per part in SQLite, durable when the part is decided, completed when its gate has moved."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.errors import EdgeSortError
from edge.gate_limits import Window
from edge.gates import GateMove
from edge.parts import REJECT_BIN, Decision, Reason
from edge.tracker import Track

SCHEMA_VERSION = 1
WAIT_S = 1.0  # for another program's lock; longer, and the gate process takes the sorter for hung
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER PRIMARY KEY,
    started_at_utc TEXT NOT NULL,
    bundle_sha256 TEXT NOT NULL,
    machine_sha256 TEXT NOT NULL,
    clock TEXT NOT NULL,
    ended_because TEXT
);
CREATE TABLE IF NOT EXISTS parts (
    run INTEGER NOT NULL REFERENCES runs(run),
    part INTEGER NOT NULL,
    first_seen_s REAL NOT NULL,
    decided_s REAL NOT NULL,
    mark_mm REAL NOT NULL,
    y_mm REAL NOT NULL,
    length_mm REAL NOT NULL,
    width_mm REAL NOT NULL,
    votes INTEGER NOT NULL,
    label TEXT NOT NULL,
    score REAL NOT NULL,
    scores TEXT NOT NULL,
    bin TEXT NOT NULL,
    reason TEXT NOT NULL,
    gate TEXT,
    opens_s REAL,
    closes_s REAL,
    opened_s REAL,
    closed_s REAL,
    PRIMARY KEY (run, part)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (
    run INTEGER NOT NULL REFERENCES runs(run),
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (run, name)
) WITHOUT ROWID;
"""


class JournalError(EdgeSortError):
    """The journal cannot be opened or written."""


@dataclass(frozen=True)
class Planned:
    """The opening that shall carry a part into its bin."""

    gate: str
    window: Window


class Journal:
    """One run's rows in a journal file. Times ending in _s are seconds on the machine clock."""

    def __init__(self, path: Path | None, *, bundle_sha256: str, machine_sha256: str, clock: str) -> None:
        """Open or create `path`; None keeps the rows in memory. Raises JournalError."""
        self._path = path
        if path is not None:
            check_journal(path)
        try:
            self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, timeout=WAIT_S)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # a power cut loses at most the row being written
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._db.executescript(_SCHEMA)
            row = (datetime.now(UTC).isoformat(), bundle_sha256, machine_sha256, clock)
            cursor = self._db.execute(
                "INSERT INTO runs (started_at_utc, bundle_sha256, machine_sha256, clock) VALUES (?, ?, ?, ?)", row
            )
        except sqlite3.Error as error:
            raise JournalError(_sentence(path, error)) from error
        self.run = int(cursor.lastrowid or 0)

    def decided(self, track: Track, decision: Decision, decided_at: float, planned: Planned | None) -> None:
        """Add a part's row. It is on the disk when this returns. Raises JournalError."""
        window = planned.window if planned else None
        self._write(
            "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
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
        )

    def moved(self, move: GateMove) -> None:
        """Complete every row that this move of a gate served. Raises JournalError."""
        column, due = ("opened_s", "opens_s") if move.kind == "opened" else ("closed_s", "closes_s")
        self._write(
            f"UPDATE parts SET {column} = ? "
            f"WHERE run = ? AND part >= ? AND gate = ? AND {column} IS NULL AND {due} <= ?",
            move.at,
            self.run,
            move.part,
            move.gate,
            move.at if move.due_at is None else max(move.at, move.due_at),
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

    def note(self, name: str, note: str) -> None:
        """Keep a fact about the whole run, such as what classified. Raises JournalError."""
        self._write("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", self.run, name, note)

    def ended(self, because: str) -> None:
        """Note why the run ended. Raises JournalError."""
        self._write("UPDATE runs SET ended_because = ? WHERE run = ?", because, self.run)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._db.close()

    def rows(self) -> list[sqlite3.Row]:
        """Return this run's parts, in the order in which they were first seen."""
        cursor = self._db.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute("SELECT * FROM parts WHERE run = ? ORDER BY part", (self.run,)).fetchall()

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise JournalError(_sentence(self._path, error)) from error


def check_journal(path: Path) -> None:
    """Raise JournalError when `path` cannot become or is not a journal of this version. Changes nothing."""
    if not path.absolute().parent.is_dir():
        raise JournalError(f"{path}: expected an existing folder for the journal, found none; make it or give another")
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_S)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise JournalError(_sentence(path, error)) from error
    if version != SCHEMA_VERSION and (version != 0 or tables):
        found = f"version {version}" if version else f"another program's database (tables {', '.join(sorted(tables))})"
        raise JournalError(
            f"{path}: expected a journal of version {SCHEMA_VERSION}, found {found}; give another file name"
        )


def _sentence(path: Path | None, error: sqlite3.Error) -> str:
    remedy = "free some disk space, check the folder's permissions, or give another file"
    if "locked" in str(error):
        remedy = "end the other program that writes to it, or give another file"
    return f"{path or 'the journal in memory'}: expected a journal that can be written, found: {error}; {remedy}"
