"""What parts measured in earlier runs, so that a line need not learn it anew after every start.

A run on the real clock leaves the newest outlines of every label beside its rows when it ends. The next one of the same
bundle and the same machine file takes them up: sizes depend on the camera, and labels on the bundle.
"""

from __future__ import annotations

import json
import sqlite3

from edge.journal import Journal
from edge.sizes import SizeBook

NAME = "sizes"  # of the note in the journal
_LAST = (
    "SELECT note FROM notes JOIN runs AS before USING (run) JOIN runs AS this ON this.run = ? "
    "WHERE name = ? AND before.run < this.run AND before.bundle_sha256 = this.bundle_sha256 "
    "AND before.machine_sha256 = this.machine_sha256 ORDER BY before.run DESC LIMIT 1"
)


def remembered_sizes(journal: Journal) -> SizeBook:
    """Return what the last such run in this journal has left; an empty book where there is none, or it is damaged."""
    if journal.clock != "monotonic":  # on the manual clock a seed gives the same run each time
        return SizeBook()
    try:
        found = journal.database.execute(_LAST, (journal.run, NAME)).fetchone()
        return SizeBook(json.loads(found["note"])) if found else SizeBook()
    except (sqlite3.Error, ValueError, TypeError, AttributeError):
        return SizeBook()  # every part of the line works without


def keep_sizes(journal: Journal, sizes: SizeBook) -> None:
    """Leave the outlines for the next run. Raises JournalError."""
    newest = sizes.newest()
    if journal.clock == "monotonic" and newest:
        journal.note(NAME, json.dumps(newest))
