"""Bring a copy of a journal up to date with a newer snapshot of it, keeping what people said to the copy meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge.errors import DataError
from edge.journal_file import JournalError, open_database, sentence

_KEYED = {"runs": ("run",), "notes": ("run", "name"), "parts": ("run", "part")}
_SERIAL = {"incidents": "incident", "state_changes": "change"}  # numbered by the line alone
_SAID = "run, part, label, corrected_at_utc, corrected_by, note"


def merge_journal(snapshot: Path, journal: Path) -> int:
    """Bring `journal`, made if there is none, up to `snapshot`, in one transaction. Returns how many parts were new.

    Corrections of both stay, in the order in which they were made, so that the last word is the one that counts. Raises
    JournalError, and DataError when `journal` is of another line.
    """
    with closing(open_database(snapshot)) as far:
        far.execute("PRAGMA journal_mode=DELETE")  # after it was brought up to date; it is one file again
    with closing(open_database(journal)) as db:
        try:
            db.execute("ATTACH DATABASE ? AS far", (str(snapshot),))
            db.execute("BEGIN IMMEDIATE")
            try:
                _require_same_line(db, journal)
                before = _parts(db)
                _take(db)
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise
            return _parts(db) - before
        except sqlite3.Error as error:
            raise JournalError(sentence(journal, error)) from error


def _require_same_line(db: sqlite3.Connection, journal: Path) -> None:
    other = db.execute(
        "SELECT mine.run FROM main.runs AS mine LEFT JOIN far.runs AS far USING (run) "
        "WHERE far.started_at_utc IS NOT mine.started_at_utc LIMIT 1"
    ).fetchone()
    if other is not None:
        raise DataError(
            f"{journal}: expected the record of the same line, found that run {other['run']} is another one, or is not "
            "in the line's record any more; pull into another folder"
        )


def _take(db: sqlite3.Connection) -> None:
    """Take what has changed. Runs that had ended are as they were, apart from what people said."""
    first = db.execute("SELECT coalesce(min(run), 1e9) FROM main.runs WHERE ended_because IS NULL").fetchone()[0]
    known = db.execute("SELECT coalesce(max(run), 0) FROM main.runs").fetchone()[0]
    since = min(first, known + 1)
    for table, keys in _KEYED.items():
        names = [row["name"] for row in db.execute(f"PRAGMA main.table_info({table})")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
        db.execute(
            f"INSERT INTO main.{table} ({', '.join(names)}) SELECT {', '.join(names)} FROM far.{table} "
            f"WHERE run >= ? ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}",
            (since,),
        )
    for table, serial in _SERIAL.items():
        db.execute(
            f"INSERT INTO main.{table} SELECT * FROM far.{table} "
            f"WHERE {serial} > (SELECT coalesce(max({serial}), 0) FROM main.{table})"
        )
    _take_corrections(db)


def _take_corrections(db: sqlite3.Connection) -> None:
    new = f"SELECT {_SAID} FROM far.corrections EXCEPT SELECT {_SAID} FROM main.corrections"
    if db.execute(new).fetchone() is None:
        return
    said = db.execute(
        f"SELECT DISTINCT {_SAID} FROM (SELECT {_SAID} FROM main.corrections UNION ALL SELECT {_SAID} FROM "
        "far.corrections) ORDER BY corrected_at_utc"
    ).fetchall()
    db.execute("DELETE FROM main.corrections")
    db.executemany(f"INSERT INTO main.corrections ({_SAID}) VALUES (?, ?, ?, ?, ?, ?)", [tuple(one) for one in said])


def _parts(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM main.parts").fetchone()[0])
