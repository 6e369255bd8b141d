"""The journal of a line: what the machine file says of it, and what makes its rows readable later."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from edge.journal import Journal, RunFacts
from edge.journal_file import JournalError
from edge.machine import Machine
from edge.picture_store import PictureStore


def line_journal(
    path: Path | None,
    machine: Machine,
    labels: Sequence[str],
    *,
    bundle_sha256: str,
    clock: Literal["manual", "monotonic"],
    tell: Callable[[str], None] = lambda _line: None,
    started_s: float | None = None,
    factory: type[sqlite3.Connection] = sqlite3.Connection,
) -> Journal:
    """Start a run in the journal at `path`, None for one in memory, which keeps no pictures.

    started_s: the machine clock now, where it is not the system's. factory: what SQLite makes the connection of.
    Raises JournalError.
    """
    if path is not None and path.is_dir():  # as the empty name is
        raise JournalError(
            f"journal: expected the name of a file, found a folder ({str(path)!r}); "
            "name a file in it, such as journal.sqlite"
        )
    table = machine.journal
    facts = RunFacts(labels, machine.bins, started_s, audit_share=table.audit_share)
    pictures = None
    if path is not None and table.pictures_mb > 0:
        pictures = PictureStore(pictures_folder(path), round(table.pictures_mb * 1e6), tell)
    return Journal(
        path,
        bundle_sha256=bundle_sha256,
        machine_sha256=machine.digest(),
        clock=clock,
        facts=facts,
        pictures=pictures,
        factory=factory,
    )


def pictures_folder(journal: Path) -> Path:
    """Return where the pictures that a journal names are."""
    return journal.with_name(f"{journal.stem}-pictures")
