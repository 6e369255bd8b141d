"""A copy of a journal that is consistent in itself, taken while a line writes to it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from edge.durable import require_new_file
from edge.errors import DataError
from edge.journal_file import WAIT_S, JournalError, require_journal, sentence
from edge.problems import first_problem


def snapshot_journal(journal: Path, out: Path, *, replace: bool = False) -> int:
    """Write a copy of `journal`, one file, there whole or not at all. Returns how many parts are in it.

    SQLite copies what is committed at one moment; the line goes on meanwhile. replace: an older copy may be written
    over. Raises JournalError, and DataError when `out` exists or cannot be written.
    """
    require_journal(journal)
    if journal.resolve() == out.resolve():
        raise DataError(f"{out}: expected another file than the journal itself; give another name")
    if not replace or out.is_dir():
        require_new_file(out)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name}-", suffix=".partial", dir=out.absolute().parent)
        os.close(handle)
    except OSError as error:
        raise DataError(f"{out}: expected a place to write to, found: {first_problem(error)}; give another") from error
    draft = Path(name)
    try:
        parts = _copy(journal, draft)
        draft.chmod(0o644)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return parts


def _copy(journal: Path, draft: Path) -> int:
    try:
        with closing(sqlite3.connect(journal, timeout=WAIT_S)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)  # all pages in one step: nothing is written in between
            copy.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
            return int(copy.execute("SELECT count(*) FROM parts").fetchone()[0])
    except sqlite3.Error as error:
        raise JournalError(sentence(journal, error)) from error
