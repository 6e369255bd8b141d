"""The journal's tables, and how a file of an earlier version becomes one of this version."""

from __future__ import annotations

import sqlite3

SCHEMA_VERSION = 3
OLDEST_VERSION = 1  # from which a journal can be brought up to date

_TABLES = """
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
# started_s: the machine clock at started_at_utc. labels: in the order of all scores. bins: label -> bin.
# frame_scores: every vote. sampled: drawn to be audited, whatever it is. corrections are never changed, only added to.
_FROM_1_TO_2 = """
ALTER TABLE runs ADD COLUMN started_s REAL;
ALTER TABLE runs ADD COLUMN labels TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN bins TEXT NOT NULL DEFAULT '{}';
ALTER TABLE parts ADD COLUMN frame_scores TEXT NOT NULL DEFAULT '[]';
ALTER TABLE parts ADD COLUMN sampled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE parts ADD COLUMN picture TEXT;
ALTER TABLE parts ADD COLUMN confirmed_s REAL;
ALTER TABLE parts ADD COLUMN confirmation TEXT;
CREATE TABLE corrections (
    correction INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    part INTEGER NOT NULL,
    label TEXT NOT NULL,
    corrected_at_utc TEXT NOT NULL,
    corrected_by TEXT NOT NULL,
    note TEXT NOT NULL,
    FOREIGN KEY (run, part) REFERENCES parts(run, part)
);
CREATE INDEX corrections_of_parts ON corrections(run, part);
CREATE TABLE incidents (
    incident INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs(run),
    at_s REAL NOT NULL,
    kind TEXT NOT NULL,
    sentence TEXT NOT NULL
);
UPDATE runs SET started_s = (SELECT min(first_seen_s) FROM parts WHERE parts.run = runs.run);
"""
# ended_s: the machine clock when the run ended; a run that was killed has none. A run begins in Idle.
_FROM_2_TO_3 = """
ALTER TABLE runs ADD COLUMN ended_s REAL;
CREATE TABLE state_changes (
    change INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs(run),
    at_s REAL NOT NULL,
    before TEXT NOT NULL,
    command TEXT NOT NULL,
    after TEXT NOT NULL,
    cause TEXT NOT NULL
);
"""
_STEPS = {1: _TABLES + _FROM_1_TO_2, 2: _FROM_2_TO_3}  # by the version they start from; 0 is an empty file


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Make a journal of any version, or an empty file, one of this version: in one transaction, which a kill undoes."""
    if _version(db) == SCHEMA_VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) < SCHEMA_VERSION:  # still, with nobody else in between
            for version in range(max(1, _version(db)), SCHEMA_VERSION):
                for statement in _STEPS[version].split(";"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
