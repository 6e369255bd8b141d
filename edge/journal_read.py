"""Read a journal: its runs, its parts with the last correction of each, as records in the order in which they came."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edge.journal_file import JournalError

_PARTS = """
SELECT parts.*, c.label AS true_label, c.corrected_at_utc, c.corrected_by, c.note AS correction_note
FROM parts LEFT JOIN corrections AS c ON c.correction =
    (SELECT max(correction) FROM corrections WHERE corrections.run = parts.run AND corrections.part = parts.part)
"""
_EXTRAS = ("true_label", "corrected_at_utc", "corrected_by", "correction_note")


@dataclass(frozen=True)
class Run:
    """One start of the sorter. started_s: the machine clock at started_at. bins: label -> bin."""

    run: int
    started_at: datetime
    started_s: float
    bundle_sha256: str
    machine_sha256: str
    clock: str
    ended_because: str | None
    labels: tuple[str, ...]
    bins: dict[str, str]

    def utc(self, at_s: float | None) -> str | None:
        """Return a moment of the machine clock as UTC, to the microsecond."""
        if at_s is None:
            return None
        return (self.started_at + timedelta(seconds=at_s - self.started_s)).isoformat()

    def at_s(self, moment: datetime) -> float:
        """Return a moment on the machine clock."""
        return self.started_s + (moment - self.started_at).total_seconds()


@dataclass(frozen=True)
class Period:
    """Which parts: of these runs (None: all), decided from `since` up to but not at `until`, both aware of a zone."""

    runs: tuple[int, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


def read_runs(db: sqlite3.Connection, first: int = 1) -> list[Run]:
    """Return every run from this one on, the first one first."""
    return [
        Run(
            row["run"],
            datetime.fromisoformat(row["started_at_utc"]),
            row["started_s"] or 0.0,
            row["bundle_sha256"],
            row["machine_sha256"],
            row["clock"],
            row["ended_because"],
            tuple(json.loads(row["labels"])),
            json.loads(row["bins"]),
        )
        for row in db.execute("SELECT * FROM runs WHERE run >= ? ORDER BY run", (first,))
    ]


def runs_of(db: sqlite3.Connection, period: Period, path: Path) -> list[Run]:
    """Return the runs a period may have parts of. Raises JournalError for a run the journal does not hold."""
    runs = read_runs(db)
    known = {run.run for run in runs}
    for wanted in period.runs or ():
        if wanted not in known:
            held = f"runs 1 to {max(known)}" if known else "no run"
            raise JournalError(f"{path}: expected run {wanted}, found {held}; give one of these")
    return [run for run in runs if period.runs is None or run.run in period.runs]


def bounds_s(run: Run, period: Period) -> tuple[float, float]:
    """Return from which to which moment of its machine clock a run's parts lie in the period, the latter excluded."""
    since = run.at_s(period.since) if period.since else float("-inf")
    until = run.at_s(period.until) if period.until else float("inf")
    return since, until


def read_parts(db: sqlite3.Connection, runs: Sequence[Run], period: Period) -> Iterator[dict[str, Any]]:
    """Yield the parts of these runs in the period, one at a time: every column, by name, times also as UTC.

    scores and frame_scores are lists, picture a file's name; true_label and what stands with it are a person's last
    correction, None without one.
    """
    statement = f"{_PARTS} WHERE parts.run = ? AND decided_s >= ? AND decided_s < ? ORDER BY parts.part"
    for run in runs:
        for row in db.execute(statement, (run.run, *bounds_s(run, period))):
            yield part_record(row, run)


def parts_statement(condition: str) -> str:
    """Return a query for rows that `part_record` takes; the last correction of each part is c."""
    return f"{_PARTS} WHERE {condition}"


def last_parts(db: sqlite3.Connection, count: int, after: tuple[int, int] = (0, 0)) -> list[dict[str, Any]]:
    """Return the `count` newest parts behind (run, part) `after`, the oldest of them first."""
    runs = {run.run: run for run in read_runs(db)}
    statement = f"{_PARTS} WHERE (parts.run, parts.part) > (?, ?) ORDER BY parts.run DESC, parts.part DESC LIMIT ?"
    rows = db.execute(statement, (*after, count)).fetchall()
    return [part_record(row, runs[row["run"]]) for row in reversed(rows)]


def parts_to_audit(db: sqlite3.Connection, count: int) -> list[dict[str, Any]]:
    """Return the oldest `count` parts that were drawn to be audited and that nobody has looked at, with a picture."""
    runs = {run.run: run for run in read_runs(db)}
    statement = f"{_PARTS} WHERE sampled = 1 AND picture IS NOT NULL AND c.label IS NULL ORDER BY 1, 2 LIMIT ?"
    return [part_record(row, runs[row["run"]]) for row in db.execute(statement, (count,))]


def part_record(row: sqlite3.Row, run: Run) -> dict[str, Any]:
    """Return a row of `parts` as a flat record, digests and UTC beside it."""
    record = {name: row[name] for name in row.keys() if name not in _EXTRAS}  # noqa: SIM118 - a Row is no mapping
    record["scores"] = json.loads(row["scores"])
    record["frame_scores"] = json.loads(row["frame_scores"])
    record["sampled"] = bool(row["sampled"])
    for name in ("first_seen", "decided", "opens", "closes", "opened", "closed", "confirmed"):
        record[f"{name}_utc"] = run.utc(row[f"{name}_s"])
    record |= {"bundle_sha256": run.bundle_sha256, "machine_sha256": run.machine_sha256, "labels": list(run.labels)}
    return record | {name: row[name] for name in _EXTRAS}
