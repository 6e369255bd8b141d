"""What a person says a part was, beside what was decided of it, never over it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.journal_file import JournalError, sentence
from edge.journal_read import read_runs

UNKNOWN_LABEL = "unknown"  # a part of no class the bundle knows


@dataclass(frozen=True)
class Correction:
    """A part and what it truly was. audited: the part had been drawn, so the word counts for purity and recovery."""

    run: int
    part: int
    decided_label: str
    decided_bin: str
    label: str
    audited: bool


def correct(
    db: sqlite3.Connection, path: Path, part: int, label: str, *, run: int | None, by: str, note: str
) -> Correction:
    """Record a person's word on a part of a run (None: the last run); a later word counts before an earlier one.

    Raises JournalError for a part or a label that does not exist, or a journal that cannot be written.
    """
    runs = {one.run: one for one in read_runs(db)}
    number = run if run is not None else max(runs, default=0)
    row = db.execute("SELECT label, bin, sampled FROM parts WHERE run = ? AND part = ?", (number, part)).fetchone()
    if row is None:
        raise JournalError(
            f"{path}: expected part {part} in run {number}, found no such part; list parts with: edge-sort journal tail"
        )
    labels = runs[number].labels
    if labels and label not in (*labels, UNKNOWN_LABEL):
        raise JournalError(
            f"{path}: expected one of the labels {', '.join(labels)}, or {UNKNOWN_LABEL!r}, found {label!r}; correct it"
        )
    values = (number, part, label, datetime.now(UTC).isoformat(), by, note)
    try:
        db.execute(
            "INSERT INTO corrections (run, part, label, corrected_at_utc, corrected_by, note) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            values,
        )
    except sqlite3.Error as error:
        raise JournalError(sentence(path, error)) from error
    return Correction(number, part, row["label"], row["bin"], label, bool(row["sampled"]))
