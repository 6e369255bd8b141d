"""The journal's file: opened, to write or to read, and refused in a sentence where it is none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge.errors import EdgeSortError
from edge.journal_schema import OLDEST_VERSION, SCHEMA_VERSION, bring_up_to_date

WAIT_S = 1.0  # for another program's lock; longer, and the gate process takes the sorter for hung


class JournalError(EdgeSortError):
    """The journal cannot be opened or written."""


def open_database(path: Path | None, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open or create a journal, bringing one of an earlier version up to date; None is one in memory.

    factory: what SQLite makes the connection of. Either all of a file is brought up to date or nothing of it. Raises
    JournalError; another program's file is left as it is.
    """
    if path is not None:
        check_journal(path)
    try:
        db = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, timeout=WAIT_S, factory=factory
        )
    except sqlite3.Error as error:
        raise JournalError(sentence(path, error)) from error
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")  # a power cut loses at most the row being written
        db.execute("PRAGMA foreign_keys=ON")
        bring_up_to_date(db)
    except sqlite3.Error as error:
        db.close()
        raise JournalError(sentence(path, error)) from error
    db.row_factory = sqlite3.Row
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal that exists, also while a sorter writes to it. Raises JournalError."""
    require_journal(path)
    return open_database(path)


def require_journal(path: Path) -> None:
    """Raise JournalError when `path` does not hold a journal that this version reads. Changes nothing."""
    if not path.is_file():
        raise JournalError(f"{path}: expected a journal, found none; give the file of journal.path")
    check_journal(path)
    if not _version_and_tables(path)[1]:
        raise JournalError(f"{path}: expected a journal, found an empty file; give the file of journal.path")


@contextmanager
def opened_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal that exists, and close it again. Raises JournalError, also when damage is met further in."""
    with closing(open_to_read(path)) as db:
        try:
            yield db
        except (sqlite3.Error, ValueError) as error:  # a value that is no JSON, no date, or cut off
            raise JournalError(sentence(path, error)) from error


def check_journal(path: Path) -> None:
    """Raise JournalError when `path` cannot become or is not a journal that this version reads. Changes nothing."""
    if not path.absolute().parent.is_dir():
        raise JournalError(f"{path}: expected an existing folder for the journal, found none; make it or give another")
    if not path.exists():
        return
    version, tables = _version_and_tables(path)
    known = OLDEST_VERSION <= version <= SCHEMA_VERSION and {"runs", "parts"} <= tables
    if known or (version == 0 and not tables):
        return
    if version > SCHEMA_VERSION and {"runs", "parts"} <= tables:
        raise JournalError(
            f"{path}: expected a journal of version {OLDEST_VERSION} to {SCHEMA_VERSION}, found version {version} of a "
            "later edge-sort; install that one, or give another file name"
        )
    held = f"tables {', '.join(sorted(tables))}" if tables else f"version {version} and no tables"
    raise JournalError(f"{path}: expected a journal, found another program's database ({held}); give another file name")


def _version_and_tables(path: Path) -> tuple[int, set[str]]:
    """Look into a database. Where nobody writes to it, not even the files are made that go with a write-ahead log."""
    quiet = not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if quiet else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=WAIT_S)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            return version, {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise JournalError(sentence(path, error)) from error


def sentence(path: Path | None, error: Exception) -> str:
    """Say what the journal was refused, and what to do."""
    if isinstance(error, ValueError) or any(word in str(error) for word in ("malformed", "not a database")):
        return f"{path}: expected a whole journal, found: {error}; give another file, and keep a damaged one to recover"
    remedy = "free some disk space, check the folder's permissions, or give another file"
    if "locked" in str(error):
        remedy = "end the other program that writes to it, or give another file"
    return f"{path or 'the journal in memory'}: expected a journal that can be written, found: {error}; {remedy}"
